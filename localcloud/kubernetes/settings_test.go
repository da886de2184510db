package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const kubeconfigOne = `apiVersion: v1
kind: Config
current-context: a
clusters:
- {name: one, cluster: {server: "https://192.0.2.1"}}
- {name: two, cluster: {server: "https://192.0.2.2"}}
contexts:
- {name: a, context: {cluster: one, user: u, namespace: apps}}
- {name: b, context: {cluster: two, user: u}}
users:
- {name: u, user: {token: a-very-secret-token}}
`

func object(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

func checkConfig(t *testing.T, news map[string]any) []plugin.CheckFailure {
	t.Helper()
	r, err := New(Options{}).CheckConfig(t.Context(), plugin.CheckConfigRequest{News: object(news)})
	require.NoError(t, err)
	return r.Failures
}

func TestCheckConfigAccepts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(path, []byte(kubeconfigOne), 0o600))
	for name, news := range map[string]map[string]any{
		"content":     {"kubeconfig": kubeconfigOne},
		"path":        {"kubeconfig": path},
		"secret":      {"kubeconfig": resource.MakeSecret(resource.NewStringProperty(kubeconfigOne))},
		"unknown":     {"kubeconfig": resource.MakeComputed(resource.NewStringProperty(""))},
		"flags":       {"kubeconfig": kubeconfigOne, "enableServerSideApply": "true", "deleteUnreachable": false},
		"override":    {"kubeconfig": kubeconfigOne, "context": "b", "cluster": "one", "namespace": "n"},
		"client":      {"kubeconfig": kubeconfigOne, "kubeClientSettings": map[string]any{"qps": 7.5, "burst": 10.0}},
		"client text": {"kubeconfig": kubeconfigOne, "kubeClientSettings": `{"timeout": 3}`},
		"engine's":    {"kubeconfig": kubeconfigOne, "version": "4.23.0", "clusterIdentifier": "c"},
	} {
		t.Run(name, func(t *testing.T) { require.Empty(t, checkConfig(t, news)) })
	}
}

func TestCheckConfigRefuses(t *testing.T) {
	// A kubeconfig that is not given must not be found somewhere else.
	ambient := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(ambient, []byte(kubeconfigOne), 0o600))
	t.Setenv("KUBECONFIG", ambient)

	for name, c := range map[string]struct {
		news             map[string]any
		property, reason string
	}{
		"no kubeconfig":    {map[string]any{}, "kubeconfig", "is not set"},
		"empty kubeconfig": {map[string]any{"kubeconfig": ""}, "kubeconfig", "is not set"},
		"no such file":     {map[string]any{"kubeconfig": "/no/such/file"}, "kubeconfig", "/no/such/file"},
		"not a kubeconfig": {map[string]any{"kubeconfig": "a: [a-very-secret-token\n"}, "kubeconfig", "neither"},
		"no cluster":       {map[string]any{"kubeconfig": "apiVersion: v1\nkind: Config\n"}, "kubeconfig", "at least one cluster"},
		"no such context":  {map[string]any{"kubeconfig": kubeconfigOne, "context": "z"}, "kubeconfig", `"z"`},
		"number":           {map[string]any{"kubeconfig": 1.0}, "kubeconfig", "number"},
		"unknown key":      {map[string]any{"kubeconfig": kubeconfigOne, "kubeConfig": "x"}, "kubeConfig", "no option"},
		"client-side":      {map[string]any{"kubeconfig": kubeconfigOne, "enableServerSideApply": false}, "enableServerSideApply", "leave"},
		"not a flag":       {map[string]any{"kubeconfig": kubeconfigOne, "deleteUnreachable": "yes"}, "deleteUnreachable", "true nor false"},
		"render":           {map[string]any{"kubeconfig": kubeconfigOne, "renderYamlToDirectory": "d"}, "renderYamlToDirectory", "renders no"},
		"helm":             {map[string]any{"kubeconfig": kubeconfigOne, "helmReleaseSettings": map[string]any{}}, "helmReleaseSettings", "Helm"},
		"qps":              {map[string]any{"kubeconfig": kubeconfigOne, "kubeClientSettings": map[string]any{"qps": -1.0}}, "kubeClientSettings", "qps"},
		"client setting":   {map[string]any{"kubeconfig": kubeconfigOne, "kubeClientSettings": `{"speed": 3}`}, "kubeClientSettings", "speed"},
	} {
		t.Run(name, func(t *testing.T) {
			failures := checkConfig(t, c.news)
			require.Len(t, failures, 1)
			require.Equal(t, resource.PropertyKey(c.property), failures[0].Property)
			require.Contains(t, failures[0].Reason, c.reason)
			require.NotContains(t, failures[0].Reason, "a-very-secret-token")
		})
	}
	require.Len(t, checkConfig(t, map[string]any{"a": 1.0, "b": 2.0, "namespace": 3.0}), 4, "all at once")
}

func TestConfigureRefuses(t *testing.T) {
	_, err := New(Options{}).Configure(t.Context(), plugin.ConfigureRequest{})
	require.ErrorContains(t, err, "kubeconfig is not set")
	_, err = New(Options{}).Check(t.Context(), plugin.CheckRequest{})
	require.ErrorContains(t, err, "not configured")
}

func TestNamespaceOfTheContext(t *testing.T) {
	for want, inputs := range map[string]map[string]any{
		"apps":    {"kubeconfig": kubeconfigOne},
		"default": {"kubeconfig": kubeconfigOne, "context": "b"},
		"mine":    {"kubeconfig": kubeconfigOne, "namespace": "mine"},
	} {
		s, failures := parseSettings(object(inputs))
		require.Empty(t, failures)
		_, namespace, err := s.clientConfig()
		require.NoError(t, err)
		require.Equal(t, want, namespace)
	}
}

func TestDiffConfig(t *testing.T) {
	rotated := strings.Replace(kubeconfigOne, "a-very-secret-token", "another", 1)
	moved := strings.Replace(kubeconfigOne, "192.0.2.1", "192.0.2.3", 1)
	computed := resource.MakeComputed(resource.NewStringProperty(""))
	secret := resource.MakeSecret(resource.NewStringProperty(kubeconfigOne))
	for name, c := range map[string]struct {
		olds, news map[string]any
		changed    bool
		replace    []resource.PropertyKey
	}{
		"same":           {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": kubeconfigOne}, false, nil},
		"same, secret":   {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": secret}, false, nil},
		"credential":     {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": rotated}, true, nil},
		"server":         {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": moved}, true, []resource.PropertyKey{"kubeconfig"}},
		"computed":       {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": computed}, true, []resource.PropertyKey{"kubeconfig"}},
		"context":        {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": kubeconfigOne, "context": "b"}, true, []resource.PropertyKey{"context"}},
		"context, same":  {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": kubeconfigOne, "context": "a"}, true, nil},
		"cluster":        {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": kubeconfigOne, "cluster": "two"}, true, []resource.PropertyKey{"cluster"}},
		"namespace":      {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": kubeconfigOne, "namespace": "n"}, true, nil},
		"identified":     {map[string]any{"kubeconfig": kubeconfigOne, "clusterIdentifier": "i"}, map[string]any{"kubeconfig": moved, "clusterIdentifier": "i"}, true, nil},
		"id., computed":  {map[string]any{"kubeconfig": kubeconfigOne, "clusterIdentifier": "i"}, map[string]any{"kubeconfig": computed, "clusterIdentifier": "i"}, true, nil},
		"another":        {map[string]any{"kubeconfig": kubeconfigOne, "clusterIdentifier": "i"}, map[string]any{"kubeconfig": kubeconfigOne, "clusterIdentifier": "j"}, true, []resource.PropertyKey{"clusterIdentifier"}},
		"identified now": {map[string]any{"kubeconfig": kubeconfigOne}, map[string]any{"kubeconfig": kubeconfigOne, "clusterIdentifier": "i"}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := New(Options{}).DiffConfig(t.Context(), plugin.DiffConfigRequest{
				OldInputs: object(c.olds), NewInputs: object(c.news),
			})
			require.NoError(t, err)
			require.Equal(t, c.changed, d.Changes == plugin.DiffSome)
			require.Equal(t, c.replace, d.ReplaceKeys)
		})
	}
}
