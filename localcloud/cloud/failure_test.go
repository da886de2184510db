package cloud_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"geo-wordpress/localcloud/cloud"
)

func TestFailures(t *testing.T) {
	zonal := cloud.Cluster{ID: "projects/p/locations/europe-west1-b/clusters/z", Location: "europe-west1-b"}
	regional := cloud.Cluster{ID: "projects/p/locations/europe-west1/clusters/r", Location: "europe-west1"}
	elsewhere := cloud.Cluster{ID: "projects/p/locations/europe-west12-b/clusters/e", Location: "europe-west12-b"}
	type lost struct{ zonal, regional, elsewhere, machine, neighbour bool }
	for name, c := range map[string]struct {
		cloud.Failures
		want lost
	}{
		"nothing":      {cloud.Failures{}, lost{}},
		"the region":   {cloud.Failures{Regions: []string{"europe-west1"}}, lost{zonal: true, regional: true, machine: true, neighbour: true}},
		"the zone":     {cloud.Failures{Zones: []string{"europe-west1-b"}}, lost{zonal: true, machine: true}},
		"another zone": {cloud.Failures{Zones: []string{"europe-west1-c"}}, lost{neighbour: true}},
		"a machine":    {cloud.Failures{Nodes: []string{"m"}}, lost{machine: true}},
		"an API":       {cloud.Failures{ControlPlanes: []string{zonal.ID}}, lost{zonal: true}},
	} {
		got := lost{c.ControlPlane(zonal), c.ControlPlane(regional), c.ControlPlane(elsewhere),
			c.Machine("m", "europe-west1-b"), c.Machine("n", "europe-west1-c")}
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.want != lost{}, c.Any(), name)
		assert.Equal(t, c.Any(), len(c.List()) == 1, name)
	}
	cut := cloud.Failures{Partitions: []cloud.Partition{cloud.PartitionOf("europe-west3", "europe-west1")}}
	assert.True(t, cut.Apart("europe-west1", "europe-west3"))
	assert.True(t, cut.Apart("europe-west3", "europe-west1"))
	assert.False(t, cut.Apart("europe-west1", "europe-west2"))
	assert.False(t, cut.Apart("europe-west1", "europe-west1"))
	assert.Equal(t, []string{"network between europe-west1 and europe-west3"}, cut.List())
}
