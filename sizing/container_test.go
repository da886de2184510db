package sizing_test

import (
	"testing"

	"geo-wordpress/googlecloud"
	"geo-wordpress/sizing"
)

func TestContainers(t *testing.T) {
	for name, size := range map[string]sizing.Container{"PD": sizing.PD, "TiKV": sizing.TiKV, "TiDB": sizing.TiDB, "NFS": sizing.NFS,
		"WordPress": sizing.WordPress, "Health": sizing.Health, "Syncthing": sizing.Syncthing, "Job": sizing.Job, "Helper": sizing.Helper, "Metrics": sizing.Metrics} {
		request, limit := size.Request(), size.Limit()
		if request.MilliCPU <= 0 || request.Memory <= 0 || !limit.Holds(request) {
			t.Errorf("%s: requests %v, limits %v", name, request, limit)
		}
	}
	if got := sizing.TiKV.Request(); got != (googlecloud.Resources{MilliCPU: 500, Memory: 2 << 30}) {
		t.Errorf("500m and 2Gi are %+v", got)
	}
	if got := sizing.PD.Limit(); got != (googlecloud.Resources{MilliCPU: 1000, Memory: 1 << 30}) {
		t.Errorf("1 and 1Gi are %+v", got)
	}
	for _, malformed := range []sizing.Container{{}, {"1", "1", "1", "1"}, {"0m", "1", "1Mi", "1Mi"}, {"0.5", "1", "1Gi", "1Gi"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was read", malformed)
				}
			}()
			malformed.Request()
		}()
	}
}
