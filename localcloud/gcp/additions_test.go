package gcp

import (
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// A second `up` fails with an empty update if the program does not ignore what GKE adds to a node pool.
func TestUpdateOfNothingIsRefused(t *testing.T) {
	s := build(t, "address")
	id, in, state := s.ids["pool"], s.inputs["pool"], s.outputs["pool"]
	d := s.diff(api.NodePoolType, "pool", id, in, in, state)
	var paths []string
	for path := range d.DetailedDiff {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	assert.Equal(t, ignored["pool"], paths)
	_, err := s.updateFrom(state, api.NodePoolType, "pool", id, in, in)
	require.ErrorContains(t, err, "googleapi: Error 400: At least one of ['node_version', ")

	// A real change is applied before that, because the provider sends each change separately.
	more := s.with("pool", props{"nodeCount": 3})
	_, err = s.updateFrom(state, api.NodePoolType, "pool", id, in, more)
	require.ErrorContains(t, err, "At least one of ['node_version', ")
	assert.Equal(t, 3, s.hardware.pool(id).Count)
	require.NotNil(t, initFailed(err))

	_, err = s.updateFrom(state, api.NodePoolType, "pool", id, more, in, ignored["pool"]...)
	require.NoError(t, err)
	assert.Equal(t, 2, s.hardware.pool(id).Count)
}

// Many organisations delete the Compute default service account, which may edit the whole project.
func TestMachinesNeedAnAccountOfTheirOwn(t *testing.T) {
	s := build(t, "cluster")
	step := stepNamed("cluster")
	base := step.inputs
	for name, config := range map[string]props{
		"none": nil, "the default": {"serviceAccount": "default"}, "the default in full": {"serviceAccount": "123456789012-compute@developer.gserviceaccount.com"},
	} {
		t.Run(name, func(t *testing.T) {
			step.inputs = func(s *stand) props {
				in := base(s)
				delete(in, "nodeConfig")
				if config != nil {
					in["nodeConfig"] = config
				}
				return in
			}
			require.ErrorContains(t, s.make(step), `" does not exist., badRequest`)
			assert.Empty(t, s.hardware.planes)
		})
	}
}

// The default pool's nodeConfig is deleted with it: unless the change is ignored, the next up replaces the cluster.
func TestDefaultPoolsConfigurationIsNotReturned(t *testing.T) {
	s := build(t, "address")
	id, in := s.ids["cluster"], s.inputs["cluster"]
	d := s.diff(api.ClusterType, "cluster", id, in, in, s.outputs["cluster"])
	require.Len(t, d.DetailedDiff, 1)
	assert.Equal(t, pulumirpc.PropertyDiff_ADD_REPLACE, d.DetailedDiff["nodeConfig"].Kind)

	// The engine does not pass on ignored changes when it retries what failed before.
	_, err := s.updateFrom(s.outputs["cluster"], api.ClusterType, "cluster", id, in, in)
	require.ErrorContains(t, err, "internal: expected diff to not require deletion or replacement during Update")
	_, err = s.updateFrom(s.outputs["cluster"], api.ClusterType, "cluster", id, in, in, "nodeConfig")
	require.NoError(t, err)
}

func TestAdditionsToACluster(t *testing.T) {
	s := build(t, "address")
	out := api.Object(schema.PlainMap(s.outputs["cluster"]))
	assert.True(t, out.Flag("addonsConfig.dnsCacheConfig.enabled"), "on in new clusters")
	assert.True(t, s.hardware.planes[s.ids["cluster"]].NodeLocalDNS)
	template := s.hardware.pool(s.ids["pool"]).Template
	off := s.with("cluster", props{"addonsConfig": props{"dnsCacheConfig": props{"enabled": false}},
		"masterAuthorizedNetworksConfig": props{"cidrBlocks": []any{props{"cidrBlock": "192.0.2.0/24"}}}})
	_, err := s.engine.update(api.ClusterType, "cluster", s.ids["cluster"], s.inputs["cluster"], off)
	require.NoError(t, err)
	assert.False(t, s.hardware.planes[s.ids["cluster"]].NodeLocalDNS)
	assert.NotEqual(t, template, s.hardware.pool(s.ids["pool"]).Template, "and every machine is made anew")
	_, _, read := s.read(api.ClusterType, "cluster", s.ids["cluster"], off)
	assert.True(t, api.Object(schema.PlainMap(read)).Flag("masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled"))
}

// GKE recreates machines when any of their settings changes.
func TestPoolsTemplateFollowsWhatMachinesAreMadeWith(t *testing.T) {
	s := build(t, "address")
	id := s.ids["pool"]
	seen := map[string]string{s.hardware.pool(id).Template: "at first"}
	account := s.out("account", "email")
	for name, config := range map[string]props{
		"another image": {"serviceAccount": account, "imageType": "UBUNTU_CONTAINERD"},
		"another disk":  {"serviceAccount": account, "diskType": "pd-ssd", "imageType": "COS_CONTAINERD"},
	} {
		_, err := s.engine.update(api.NodePoolType, "pool", id, s.inputs["pool"], s.with("pool", props{"nodeConfig": config}))
		require.NoError(t, err)
		assert.NotContains(t, seen, s.hardware.pool(id).Template, name)
		seen[s.hardware.pool(id).Template] = name
	}
	before := s.hardware.pool(id).Template
	_, err := s.engine.update(api.NodePoolType, "pool", id, s.inputs["pool"], s.with("pool", props{"nodeCount": 3}))
	require.NoError(t, err)
	assert.Equal(t, before, s.hardware.pool(id).Template, "a count makes no machine anew")
}
