package times

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWorkloadsAreToldByTheirNames(t *testing.T) {
	for name, want := range map[string]string{
		"tidb-europe-west1-pd": "pd", "tidb-europe-west1-tikv": "tikv", "tidb-europe-west1-tidb": "tidb",
		"tidb-europe-west1-database-init": "database-init", "nfs-europe-west10": "nfs", "syncthing-europe-west1": "syncthing",
		"wordpress-europe-west1": "wordpress", "wordpress-europe-west1-wordpress-install": "wordpress-install",
	} {
		var got []string
		for workload := range workloads {
			if part(name, workload) {
				got = append(got, workload)
			}
		}
		assert.Equal(t, []string{want}, got, name)
	}
	assert.Equal(t, request+workloads["pd"], Kubernetes("StatefulSet", "tidb-europe-west1-pd", Create))
	assert.Equal(t, request, Kubernetes("NetworkPolicy", "tidb-europe-west1-pd", Create))
	assert.Equal(t, request, Kubernetes("StatefulSet", "tidb-europe-west1-pd", Delete))
}

func TestScale(t *testing.T) {
	assert.Equal(t, Google("gcp:compute/network:Network", Create)/2, Scale(0.5).Google("gcp:compute/network:Network", Create))
	assert.Zero(t, Scale(0).Google("gcp:container/cluster:Cluster", Create))
	assert.Equal(t, 10.0, Scale(0.1).Speed())
	assert.Zero(t, Scale(0).Speed(), "machines keep their own speed")
}

func TestEveryOperationTakesTime(t *testing.T) {
	for token, e := range google {
		assert.Positive(t, e.create, token)
		assert.Positive(t, e.update, token)
		if token != "gcp:projects/service:Service" {
			assert.Positive(t, e.delete, token)
		}
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	assert.ErrorIs(t, Wall{}.Sleep(ctx, time.Hour), cause)
	assert.ErrorIs(t, Wall{}.Sleep(ctx, 0), cause)
	assert.NoError(t, Wall{}.Sleep(t.Context(), time.Millisecond))
}
