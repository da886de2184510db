package gcp

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/gcp/api"
)

func TestStackStandsUpAndComesDown(t *testing.T) {
	s := build(t, "")
	require.Len(t, s.api.Resources(), len(steps))
	for _, r := range s.api.Resources() {
		assert.Equal(t, api.Running, r.State, r.ID)
	}
	// A refresh right after reads what was written, and the inputs need no change.
	for _, step := range steps {
		id, in, out := s.read(step.token, step.name, s.ids[step.name], s.inputs[step.name])
		assert.Equal(t, s.ids[step.name], id)
		assert.Equal(t, s.outputs[step.name], out, "%s: outputs", step.name)
		assert.Equal(t, s.inputs[step.name], in, "%s: inputs", step.name)
		again, failures := s.check(step.token, step.name, in, resource.NewPropertyMapFromMap(step.inputs(s)))
		assert.Empty(t, failures)
		d := s.diff(step.token, step.name, id, in, again, out, ignored[step.name]...)
		assert.Empty(t, d.DetailedDiff, step.name)
	}
	for _, step := range slices.Backward(steps) {
		require.NoError(t, s.delete(step.token, step.name, s.ids[step.name]), step.name)
		id, _, _ := s.read(step.token, step.name, s.ids[step.name], s.inputs[step.name])
		assert.Empty(t, id, "%s is gone", step.name)
		require.NoError(t, s.delete(step.token, step.name, s.ids[step.name]), "deleting %s again", step.name)
	}
	assert.Empty(t, s.api.Resources())
	assert.Empty(t, s.hardware.planes)
	assert.Empty(t, s.hardware.pools)
	assert.Empty(t, s.hardware.joined)
}

// edges are the references of the stack: user, property, used resource, and a value that names a missing one.
var edges = []struct {
	user, property, used string
	missing              any // a value that names a missing resource
	weak                 bool
}{
	{"subnet", "network", "vpc", "nowhere", false},
	{"router", "network", "vpc", "projects/geo-project/global/networks/nowhere", false},
	{"nat", "router", "router", "nowhere", false},
	{"nat", "subnetworks", "subnet", []any{props{"name": "nowhere", "sourceIpRangesToNats": []any{"ALL_IP_RANGES"}}}, false},
	{"peers", "network", "vpc", "https://www.googleapis.com/compute/v1/projects/geo-project/global/networks/nowhere", false},
	{"role", "member", "account", "serviceAccount:nobody@geo-project.iam.gserviceaccount.com", true},
	{"scheduled", "disk", "disk", "nowhere", true},
	{"scheduled", "name", "schedule", "nowhere", false},
	{"creator", "bucket", "bucket", "nowhere", true},
	{"creator", "member", "account", "serviceAccount:nobody@geo-project.iam.gserviceaccount.com", true},
	{"impersonator", "serviceAccountId", "account", "projects/geo-project/serviceAccounts/nobody@geo-project.iam.gserviceaccount.com", true},
	{"cluster", "network", "vpc", "nowhere", false},
	{"cluster", "subnetwork", "subnet", "nowhere", false},
	{"pool", "cluster", "cluster", "nowhere", true},
	{"pool", "nodeConfig", "account", props{"serviceAccount": "nobody@geo-project.iam.gserviceaccount.com"}, true},
	{"port", "group", "pool", "projects/geo-project/zones/europe-west1-b/instanceGroups/nowhere", true},
	{"backend", "healthChecks", "check", "nowhere", false},
	{"backend", "securityPolicy", "shield", "nowhere", false},
	{"backend", "backends", "pool", []any{props{"group": "zones/europe-west1-b/instanceGroups/nowhere",
		"balancingMode": "RATE", "maxRatePerInstance": 1}}, false},
	{"map", "defaultService", "backend", "nowhere", false},
	{"proxy", "urlMap", "map", "nowhere", false},
	{"rule", "target", "proxy", "global/targetHttpProxies/nowhere", false},
	{"rule", "ipAddress", "address", "192.0.2.1", false},
	{"https-proxy", "urlMap", "map", "nowhere", false},
	{"https-proxy", "sslCertificates", "certificate", []any{"nowhere"}, false},
}

func TestCreateOfWhatNamesTheMissingFails(t *testing.T) {
	s := build(t, "")
	for _, e := range edges {
		t.Run(e.user+" without "+e.used, func(t *testing.T) {
			before := len(s.api.Resources())
			in := resource.NewPropertyMapFromMap(stepNamed(e.user).inputs(s))
			in[resource.PropertyKey(e.property)] = resource.NewPropertyValue(e.missing)
			if k, err := s.api.Kind(stepNamed(e.user).token); err == nil && k.Naming != nil && e.property != "name" {
				in["name"] = resource.NewStringProperty("another")
			}
			_, _, err := s.engine.create(stepNamed(e.user).token, "another", in)
			require.Error(t, err)
			assert.Regexp(t, `googleapi: Error (404: The resource '.*nowhere' was not found, notFound|`+
				`404: The specified bucket does not exist|404: Unknown service account|`+
				`400: Service account nobody@.* does not exist|400: .* The address is not reserved)`, err.Error())
			assert.Len(t, s.api.Resources(), before, "nothing was left behind")
		})
	}
}

func TestDeleteOfWhatIsInUseFails(t *testing.T) {
	s := build(t, "")
	for _, e := range edges {
		if e.weak {
			continue
		}
		t.Run(e.used+" under "+e.user, func(t *testing.T) {
			err := s.delete(stepNamed(e.used).token, e.used, s.ids[e.used])
			require.Error(t, err)
			assert.Contains(t, err.Error(), "is already being used by '")
			assert.Contains(t, err.Error(), "resourceInUseByAnotherResource")
			id, _, _ := s.read(stepNamed(e.used).token, e.used, s.ids[e.used], nil)
			assert.NotEmpty(t, id, "it still stands")
		})
	}
	t.Run("each edge by itself", func(t *testing.T) {
		// In reverse order, a resource can be deleted as soon as its last user is gone, and not before.
		for _, step := range slices.Backward(steps) {
			for _, e := range edges {
				if e.used != step.name || e.weak {
					continue
				}
				id, _, _ := s.read(stepNamed(e.user).token, e.user, s.ids[e.user], nil)
				assert.Empty(t, id, "%s must be gone before %s", e.user, e.used)
			}
			require.NoError(t, s.delete(step.token, step.name, s.ids[step.name]), step.name)
		}
	})
}

func TestInstanceGroupInABackendKeepsItsPoolAndCluster(t *testing.T) {
	s := build(t, "map")
	for _, name := range []string{"pool", "cluster"} {
		err := s.delete(stepNamed(name).token, name, s.ids[name])
		require.ErrorContains(t, err, "The instance_group resource 'projects/geo-project/zones/europe-west1-b/instanceGroups/gke-")
		require.ErrorContains(t, err, "backendServices/backend-")
	}
	require.NoError(t, s.delete(backendServiceType, "backend", s.ids["backend"]))
	require.NoError(t, s.delete(api.ClusterType, "cluster", s.ids["cluster"]), "a cluster takes its pools along")
	for _, name := range []string{"cluster", "pool", "port"} {
		id, _, _ := s.read(stepNamed(name).token, name, s.ids[name], nil)
		assert.Empty(t, id, name)
	}
}

func TestManagerInPlaceOfGroupIsRefused(t *testing.T) {
	s := build(t, "backend")
	manager := s.outputs["pool"]["instanceGroupUrls"].ArrayValue()[0].StringValue()
	assert.Contains(t, manager, "/instanceGroupManagers/")
	in := resource.NewPropertyMapFromMap(stepNamed("backend").inputs(s))
	in["backends"] = resource.NewPropertyValue([]any{props{"group": manager, "balancingMode": "RATE", "maxRatePerInstance": 1}})
	_, _, err := s.engine.create(backendServiceType, "backend", in)
	require.ErrorContains(t, err, "Unexpected resource collection 'instanceGroupManagers'")
}

func TestReferencesInEveryForm(t *testing.T) {
	s := build(t, "router")
	name := s.out("vpc", "name")
	for _, form := range []string{name, "global/networks/" + name, s.ids["vpc"], s.out("vpc", "selfLink"),
		"https://compute.googleapis.com/compute/v1/" + s.ids["vpc"]} {
		id, out, err := s.engine.create(routerType, "r", resource.NewPropertyMapFromMap(props{"network": form, "region": region}))
		require.NoError(t, err, form)
		assert.Equal(t, s.out("vpc", "selfLink"), out["network"].StringValue(), form)
		require.Error(t, s.delete(networkType, "vpc", s.ids["vpc"]), "%s counts as a use", form)
		require.NoError(t, s.delete(routerType, "r", id))
	}
}

func TestAPIsHaveToBeEnabled(t *testing.T) {
	h := newHardware()
	a := openAPI(t, t.TempDir(), h)
	e := connect(t, a, nil)
	network := resource.NewPropertyMapFromMap(props{"name": "vpc"})
	_, _, err := e.create(networkType, "vpc", network)
	require.ErrorContains(t, err, "googleapi: Error 403: Compute Engine API has not been used in project geo-project")
	_, _, err = e.create(accountType, "a", resource.NewPropertyMapFromMap(props{"accountId": "geo-nodes"}))
	require.ErrorContains(t, err, "Identity and Access Management (IAM) API has not been used")

	id, _, err := e.create(serviceType, "compute", resource.NewPropertyMapFromMap(props{"service": api.Compute, "disableOnDestroy": false}))
	require.NoError(t, err)
	_, _, err = e.create(networkType, "vpc", network)
	require.NoError(t, err)
	require.NoError(t, e.delete(serviceType, "compute", id))
	require.NoError(t, e.delete(networkType, "vpc", "projects/geo-project/global/networks/vpc"), "the service stays on")
}

func TestClusterWithCloudDNSNeedsItsAPI(t *testing.T) {
	h := newHardware()
	s := buildOn(t, openAPI(t, t.TempDir(), h), h, "dns-api")
	for _, step := range steps {
		if step.name == "dns-api" {
			continue
		}
		if step.name == "cluster" {
			require.ErrorContains(t, s.make(step), "Cloud DNS API has not been used in project")
			return
		}
		if step.token != serviceType || step.name == "iam-api" || step.name == "storage-api" {
			require.NoError(t, s.make(step), step.name)
		}
	}
}

func TestDeletionProtection(t *testing.T) {
	s := build(t, "cluster")
	step := stepNamed("cluster")
	unprotected := step.inputs
	step.inputs = func(s *stand) props {
		in := unprotected(s)
		delete(in, "deletionProtection")
		return in
	}
	require.NoError(t, s.make(step))
	err := s.delete(api.ClusterType, "cluster", s.ids["cluster"])
	require.ErrorContains(t, err, "deletion_protection is set to true", "it is the default")
	_, err = s.engine.update(api.ClusterType, "cluster", s.ids["cluster"], s.inputs["cluster"],
		s.with("cluster", props{"deletionProtection": false}))
	require.NoError(t, err)
	require.NoError(t, s.delete(api.ClusterType, "cluster", s.ids["cluster"]))
}

func TestExistingNameIsAConflict(t *testing.T) {
	s := build(t, "")
	for _, step := range steps {
		k, err := s.api.Kind(step.token)
		require.NoError(t, err)
		_, _, err = s.createChecked(step.token, step.name, s.inputs[step.name], false)
		// Google assigns the names of Cloud Monitoring's: the same again is another one.
		if k.Adopts || k.Service == api.Monitoring {
			require.NoError(t, err, step.name)
			continue
		}
		require.ErrorContains(t, err, "Error 409", step.name)
		require.Regexp(t, "alreadyExists|conflict", err.Error(), step.name)
	}
}

// A stack of an older version has inputs and outputs that are no longer listed.
func TestStateOfAnOlderVersion(t *testing.T) {
	s := build(t, "")
	for _, step := range steps {
		in, state := s.inputs[step.name].Copy(), s.outputs[step.name].Copy()
		for _, m := range []resource.PropertyMap{in, state} {
			m["mtu"] = resource.NewNumberProperty(1460)
			m["logging"] = resource.NewPropertyValue(props{"variant": "DEFAULT"})
		}
		d := s.diff(step.token, step.name, s.ids[step.name], in, s.inputs[step.name], state, ignored[step.name]...)
		assert.Empty(t, d.DetailedDiff, step.name)
		require.NoError(t, s.api.Transact(func(tx *api.Tx) error {
			r := tx.Find(s.ids[step.name])
			r.Inputs["mtu"], r.Outputs["mtu"] = 1460.0, 1460.0
			return tx.Save(r)
		}))
		_, _, out := s.read(step.token, step.name, s.ids[step.name], in)
		assert.Equal(t, 1460.0, out["mtu"].NumberValue(), "%s: a refresh shows no drift", step.name)
		out, err := s.updateFrom(state, step.token, step.name, s.ids[step.name], in, s.inputs[step.name], ignored[step.name]...)
		require.NoError(t, err, step.name)
		assert.NotContains(t, out, resource.PropertyKey("mtu"), step.name)
	}
	// The fingerprint of an older version's machines: another one would replace them.
	assert.Equal(t, api.Fingerprint([]any{"COS_CONTAINERD", "pd-balanced", "DEFAULT", "GCE_METADATA", true}),
		s.hardware.pool(s.ids["pool"]).Template)
}

// A value that cannot be read aborts the transaction, which says where the value is.
func TestBrokenStateIsAnError(t *testing.T) {
	a := openAPI(t, t.TempDir(), newHardware())
	require.NoError(t, a.Transact(func(tx *api.Tx) error { return tx.Put("resources", "broken", "no record") }))
	_, err := a.Read("broken")
	require.ErrorContains(t, err, `resources "broken"`)
	require.ErrorContains(t, a.Transact(func(tx *api.Tx) error { tx.All(); return nil }), `resources "broken"`)
}
