package nodes_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/nodes"
)

// TestNewMachine allocates machines until one of the ranges is full.
func TestNewMachine(t *testing.T) {
	c := cloud.Cluster{NodeRange: netip.MustParsePrefix("10.0.0.0/29"), PodRange: netip.MustParsePrefix("10.1.0.0/22")}
	p := cloud.NodePool{ID: "pool", Zone: "europe-west1-b", InstanceGroup: "gke-a-main-0a1b2c3d-grp"}
	taken := &nodes.Taken{}
	for _, want := range []struct{ ip, pods string }{
		{"10.0.0.2", "10.1.0.0/24"}, {"10.0.0.3", "10.1.1.0/24"}, {"10.0.0.4", "10.1.2.0/24"}, {"10.0.0.5", "10.1.3.0/24"},
	} {
		m, err := taken.NewMachine(c, p)
		require.NoError(t, err)
		assert.Regexp(t, "^gke-a-main-0a1b2c3d-[0-9a-z]{4}$", m.Name)
		assert.Equal(t, want.ip, m.IP.String())
		assert.Equal(t, want.pods, m.PodCIDR.String())
		assert.Equal(t, nodes.On, m.Power)
		taken.Add(m)
	}
	_, err := taken.NewMachine(c, p)
	require.ErrorContains(t, err, "the node range 10.0.0.0/29 has no free address")
	c.NodeRange = netip.MustParsePrefix("10.0.0.0/24")
	_, err = taken.NewMachine(c, p)
	require.ErrorContains(t, err, "the pod range 10.1.0.0/22 has no free /24")
}
