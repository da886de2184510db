package regions_test

import (
	"testing"

	"geo-wordpress/regions"
	"geo-wordpress/regions/regionstest"
)

func TestCommittedConfigurationLoads(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"dev":     regionstest.Committed(t),
		"minimal": regionstest.Minimal(t),
	} {
		t.Run(name, func(t *testing.T) {
			config, err := regions.Load(values, regionstest.Project)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", config)
		})
	}
}
