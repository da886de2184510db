package gcp

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

// A pool grows and shrinks by itself between two updates. A refresh shows its size, an update leaves it alone while the
// program ignores it, and what the provider sends follows from the state of the engine, which may be older: as in
// terraform-provider-google-beta 5.42, resource_container_node_pool.go, nodePoolUpdate and flattenNodePool.
func TestAPoolGrows(t *testing.T) {
	s := build(t, "address")
	id, fixed := s.ids["pool"], s.inputs["pool"]
	unsized := append(slices.Clone(ignored["pool"]), "nodeCount")
	count := func(state resource.PropertyMap) int { return int(state["nodeCount"].NumberValue()) }
	resize := func(n int) {
		s.hardware.set(func() {
			p := s.hardware.pools[id]
			p.Count = n
			s.hardware.pools[id] = p
		})
	}
	groups := s.outputs["pool"]["managedInstanceGroupUrls"]

	growing := s.with("pool", props{"autoscaling": props{"minNodeCount": 2, "maxNodeCount": 4}})
	require.Empty(t, s.engine.diff(api.NodePoolType, "pool", id, fixed, growing, s.outputs["pool"], unsized...).Replaces, "in place")
	on, err := s.updateFrom(s.outputs["pool"], api.NodePoolType, "pool", id, fixed, growing, unsized...)
	require.NoError(t, err)
	assert.Equal(t, cloud.NodePool{Least: 2, Most: 4, Count: 2}, bounds(s.hardware.pool(id)))
	assert.Equal(t, groups, on["managedInstanceGroupUrls"], "the instance group stays")
	assert.Equal(t, "BALANCED", on["autoscaling"].ObjectValue()["locationPolicy"].StringValue())

	resize(4)
	_, _, refreshed := s.engine.read(api.NodePoolType, "pool", id, growing)
	assert.Equal(t, 4, count(refreshed), "the group's size")
	for name, state := range map[string]resource.PropertyMap{"before a refresh": on, "after it": refreshed} {
		assert.Empty(t, s.engine.diff(api.NodePoolType, "pool", id, growing, growing, state, unsized...).DetailedDiff, name)
	}

	more := s.with("pool", props{"autoscaling": props{"minNodeCount": 2, "maxNodeCount": 6}})
	changed, err := s.updateFrom(on, api.NodePoolType, "pool", id, growing, more, unsized...)
	require.NoError(t, err)
	assert.Equal(t, cloud.NodePool{Least: 2, Most: 6, Count: 4}, bounds(s.hardware.pool(id)), "an update does not shrink it")
	assert.Equal(t, 4, count(changed))

	resize(5)
	stale, err := s.updateFrom(on, api.NodePoolType, "pool", id, more, fixed, ignored["pool"]...)
	require.NoError(t, err)
	assert.Equal(t, cloud.NodePool{Count: 5}, bounds(s.hardware.pool(id)), "by the old state, the size has not changed")
	assert.Equal(t, 5, count(stale))
	off, err := s.updateFrom(stale, api.NodePoolType, "pool", id, fixed, fixed, ignored["pool"]...)
	require.NoError(t, err)
	assert.Equal(t, cloud.NodePool{Count: 2}, bounds(s.hardware.pool(id)))
	assert.Equal(t, groups, off["managedInstanceGroupUrls"])
}

// bounds is what a pool's size follows.
func bounds(p cloud.NodePool) cloud.NodePool {
	return cloud.NodePool{Least: p.Least, Most: p.Most, Count: p.Count}
}
