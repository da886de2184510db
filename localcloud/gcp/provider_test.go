package gcp

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/gcp/schema"
)

func TestPreviewChangesNothingAndKnowsWhatItCan(t *testing.T) {
	s := build(t, "")
	before := s.api.Resources()
	for _, step := range steps {
		in := resource.NewPropertyMapFromMap(step.inputs(s))
		checked, failures := s.check(step.token, step.name, nil, in)
		require.Empty(t, failures)
		_, out, err := s.createChecked(step.token, step.name, checked, true)
		require.NoError(t, err)
		for k := range s.outputs[step.name] {
			v, there := out[k]
			require.True(t, there, "%s.%s: a preview must not call known outputs absent", step.name, k)
			if given, ok := checked[k]; ok {
				assert.Equal(t, given, v)
			}
		}
		for _, k := range []resource.PropertyKey{"project", "region", "zone", "location"} {
			assert.Equal(t, s.outputs[step.name][k], out[k], "%s.%s follows from the configuration", step.name, k)
		}
		kind, err := s.api.Kind(step.token)
		require.NoError(t, err)
		for _, k := range kind.Outputs {
			assert.True(t, out[resource.PropertyKey(k)].IsComputed(), "%s.%s", step.name, k)
		}

		r, err := s.client.Update(context.Background(), &pulumirpc.UpdateRequest{Urn: urn(step.token, step.name),
			Id: s.ids[step.name], OldInputs: s.marshal(s.inputs[step.name]), Olds: s.marshal(s.outputs[step.name]),
			News: s.marshal(s.inputs[step.name]), Preview: true})
		require.NoError(t, err)
		assert.False(t, s.unmarshal(r.Properties).ContainsUnknowns(), "%s: an update keeps what is known", step.name)
	}
	assert.Equal(t, before, s.api.Resources())
}

func TestPreviewWithEverythingUnknown(t *testing.T) {
	a := openAPI(t, t.TempDir(), newHardware())
	e := connect(t, a, resource.PropertyMap{})
	for _, step := range steps {
		in := resource.PropertyMap{}
		kind, err := a.Kind(step.token)
		require.NoError(t, err)
		for name, f := range kind.Fields {
			if f.Required || name == "project" {
				in[resource.PropertyKey(name)] = resource.MakeComputed(resource.NewStringProperty(""))
			}
		}
		_, _, err = e.createChecked(step.token, step.name, in, true)
		require.NoError(t, err, step.name)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	h, dir := newHardware(), t.TempDir()
	a := openAPI(t, dir, h, everyAPI...)
	e := connect(t, a, nil)
	in := resource.PropertyMap{"description": resource.MakeSecret(resource.NewStringProperty("hush")),
		"name": resource.NewStringProperty("vpc")}
	id, out, err := e.create(networkType, "vpc", in)
	require.NoError(t, err)
	assert.True(t, out["description"].IsSecret())
	_, inputs, read := e.read(networkType, "vpc", id, in)
	assert.True(t, inputs["description"].IsSecret())
	assert.True(t, read["description"].IsSecret())
	bad := resource.PropertyMap{"autoCreateSubnetworks": resource.MakeSecret(resource.NewStringProperty("x"))}
	_, failures := e.check(networkType, "vpc", nil, bad)
	require.Len(t, failures, 1, "a secret is checked like any other value")
	for property, secret := range map[resource.PropertyKey]any{"routingMode": "hush-hush", "name": "Hush"} {
		_, failures = e.check(networkType, "vpc", nil, resource.PropertyMap{
			property: resource.MakeSecret(resource.NewPropertyValue(secret))})
		require.Len(t, failures, 1)
		assert.NotContains(t, failures[0], fmt.Sprint(secret))
	}
	_, failures = e.check(healthCheckType, "hc", nil, resource.PropertyMap{
		"timeoutSec":       resource.MakeSecret(resource.NewNumberProperty(299)),
		"checkIntervalSec": resource.NewNumberProperty(7), "httpHealthCheck": resource.NewPropertyValue(props{"port": 80})})
	require.Len(t, failures, 1)
	assert.NotContains(t, failures[0], "299")
	info, err := os.Stat(filepath.Join(dir, "gcp.db"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestOutputsInGooglesForm(t *testing.T) {
	s := build(t, "")
	for name, want := range map[string]string{
		"vpc":     `^projects/geo-project/global/networks/vpc-[0-9a-f]{7}$`,
		"subnet":  `^projects/geo-project/regions/europe-west1/subnetworks/subnet-[0-9a-f]{7}$`,
		"nat":     `^geo-project/europe-west1/router-[0-9a-f]{7}/nat-[0-9a-f]{7}$`,
		"account": `^projects/geo-project/serviceAccounts/geo-nodes@geo-project\.iam\.gserviceaccount\.com$`,
		"role":    `^geo-project/roles/container\.defaultNodeServiceAccount/serviceAccount:geo-nodes@`,
		"cluster": `^projects/geo-project/locations/europe-west1-b/clusters/cluster-[0-9a-f]{7}$`,
		"pool":    `^projects/geo-project/locations/europe-west1-b/clusters/cluster-[0-9a-f]{7}/nodePools/pool-[0-9a-f]{7}$`,
		"bucket":  `^bucket-[0-9a-f]{7}$`,
		"creator": `^b/bucket-[0-9a-f]{7}/roles/storage\.objectCreator/serviceAccount:geo-nodes@geo-project\.iam\.gserviceaccount\.com$`,
		"impersonator": `^projects/geo-project/serviceAccounts/geo-nodes@geo-project\.iam\.gserviceaccount\.com/` +
			`roles/iam\.serviceAccountTokenCreator/serviceAccount:geo-nodes@geo-project\.iam\.gserviceaccount\.com$`,
		"schedule":  `^projects/geo-project/regions/europe-west1/resourcePolicies/schedule-[0-9a-f]{7}$`,
		"scheduled": `^geo-project/europe-west1-b/disk-[0-9a-f]{7}/schedule-[0-9a-f]{7}$`,
		"port":      `^projects/geo-project/zones/europe-west1-b/instanceGroups/gke-.*-grp/30080/http$`,
		"map":       `^projects/geo-project/global/urlMaps/map-[0-9a-f]{7}$`,
	} {
		assert.Regexp(t, want, s.ids[name])
	}
	assert.Equal(t, "https://www.googleapis.com/compute/v1/"+s.ids["vpc"], s.out("vpc", "selfLink"))
	assert.Equal(t, s.out("vpc", "selfLink"), s.out("subnet", "network"))
	assert.Equal(t, "10.0.0.1", s.out("subnet", "gatewayAddress"))
	assert.Equal(t, s.ids["vpc"], s.out("cluster", "network"))
	assert.Equal(t, "127.0.0.1:6443", s.out("cluster", "endpoint"))
	ca := s.outputs["cluster"]["masterAuth"].ObjectValue()["clusterCaCertificate"].StringValue()
	pem, err := base64.StdEncoding.DecodeString(ca)
	require.NoError(t, err)
	assert.Contains(t, string(pem), "BEGIN CERTIFICATE")
	assert.Regexp(t, `^127\.(6[4-9]|[7-9]\d|1\d\d|2[0-5]\d)\.\d+\.\d+$`, s.out("address", "address"))
	assert.Equal(t, s.out("address", "address"), s.out("rule", "ipAddress"))
	assert.Regexp(t, `^\d{19}$`, s.out("vpc", "numericId"))
	bucket := s.ids["bucket"]
	assert.Equal(t, []string{"EU", "DEFAULT", "gs://" + bucket, "https://www.googleapis.com/storage/v1/b/" + bucket},
		[]string{s.out("bucket", "location"), s.out("bucket", "rpo"), s.out("bucket", "url"), s.out("bucket", "selfLink")})
	rule := s.outputs["bucket"]["lifecycleRules"].ArrayValue()[0].ObjectValue()["condition"].ObjectValue()
	assert.Equal(t, "ANY", rule["withState"].StringValue())
	assert.Equal(t, "b/"+bucket, s.out("creator", "bucket"))
	assert.Equal(t, "serviceAccount:"+s.out("account", "email"), s.out("account", "member"))
	assert.Contains(t, s.group(), "https://www.googleapis.com/compute/v1/projects/geo-project/zones/europe-west1-b/instanceGroups/gke-")
}

func TestForwardingRules(t *testing.T) {
	s := build(t, "")
	rule := func(changes props) error {
		in := stepNamed("rule").inputs(s)
		for k, v := range changes {
			in[k] = v
		}
		_, _, err := s.engine.create(forwardingRuleType, "second", resource.NewPropertyMapFromMap(in))
		return err
	}
	require.ErrorContains(t, rule(nil), "Specified IP address is in-use and would result in a conflict")
	require.ErrorContains(t, rule(props{"portRange": "443", "ipAddress": "127.0.0.1"}), "is not reserved")
	require.NoError(t, rule(props{"portRange": "443", "target": s.ids["https-proxy"]}))
	require.ErrorContains(t, s.delete(httpsProxyType, "https-proxy", s.ids["https-proxy"]), "forwardingRules/second-")
}

func TestAddressesDiffer(t *testing.T) {
	e := connect(t, openAPI(t, t.TempDir(), newHardware(), everyAPI...), nil)
	seen := map[string]bool{}
	for range 60 {
		_, out, err := e.create(addressType, "a", resource.PropertyMap{})
		require.NoError(t, err)
		a := out["address"].StringValue()
		assert.False(t, seen[a], a)
		seen[a] = true
	}
}

func TestProjectRegionAndZoneComeFromTheConfiguration(t *testing.T) {
	a := openAPI(t, t.TempDir(), newHardware(), everyAPI...)
	bare := connect(t, a, resource.PropertyMap{})
	_, _, err := bare.create(networkType, "vpc", resource.PropertyMap{})
	require.ErrorContains(t, err, "project: required field is not set")
	_, _, err = bare.create(networkType, "vpc", resource.NewPropertyMapFromMap(props{"project": "other-project", "name": "vpc"}))
	require.NoError(t, err)

	configured := connect(t, a, resource.NewPropertyMapFromMap(props{"project": project, "zone": "europe-west3-a"}))
	id, out, err := configured.create(diskType, "d", resource.NewPropertyMapFromMap(props{"name": "d", "size": 10}))
	require.NoError(t, err)
	assert.Equal(t, "projects/geo-project/zones/europe-west3-a/disks/d", id)
	assert.Equal(t, "europe-west3-a", out["zone"].StringValue())
	_, _, err = bare.create(diskType, "d", resource.NewPropertyMapFromMap(props{"project": project}))
	require.ErrorContains(t, err, "zone: required field is not set", "each connection has a configuration of its own")
	_, _, err = configured.create(diskType, "d", resource.NewPropertyMapFromMap(props{"zone": "mars-north1-a"}))
	require.ErrorContains(t, err, "The resource 'projects/geo-project/zones/mars-north1-a' was not found")
}

func TestConfiguration(t *testing.T) {
	a := openAPI(t, t.TempDir(), newHardware())
	for key, says := range map[string]string{
		"project": "6 to 30 lower-case letters", "region": "is no Google Cloud region", "zone": "is no Google Cloud zone",
		"computeCustomEndpoint": "does not know the property", "credentials": "does not know the property",
	} {
		r, err := a.Provider().CheckConfig(context.Background(), plugin.CheckConfigRequest{
			News: resource.PropertyMap{resource.PropertyKey(key): resource.NewStringProperty("NOT-VALID")}})
		require.NoError(t, err)
		require.Len(t, r.Failures, 1, key)
		assert.Contains(t, r.Failures[0].Reason, says)
	}
	r, err := a.Provider().CheckConfig(context.Background(), plugin.CheckConfigRequest{News: resource.PropertyMap{
		"project": resource.MakeComputed(resource.NewStringProperty("")), "version": resource.NewStringProperty("7.38.0")}})
	require.NoError(t, err)
	assert.Empty(t, r.Failures)
}

func TestImport(t *testing.T) {
	s := build(t, "router")
	for _, id := range []string{s.ids["vpc"], s.out("vpc", "selfLink")} {
		got, in, out := s.read(networkType, "vpc", id, nil)
		assert.Equal(t, s.ids["vpc"], got)
		assert.Equal(t, s.outputs["vpc"], out)
		assert.Equal(t, s.out("vpc", "name"), in["name"].StringValue())
		assert.False(t, schema.IsDefault(in, "name"), "an imported name is the program's to say")
	}
	got, _, _ := s.read(subnetworkType, "vpc", s.ids["vpc"], nil)
	assert.Empty(t, got, "a network is no subnetwork")
}
