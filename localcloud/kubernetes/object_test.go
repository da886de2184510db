package kubernetes

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

func TestKindOf(t *testing.T) {
	for token, want := range map[string]string{
		"kubernetes:core/v1:Namespace":                     "/v1, Kind=Namespace",
		"kubernetes:apps/v1:Deployment":                    "apps/v1, Kind=Deployment",
		"kubernetes:rbac.authorization.k8s.io/v1:RoleBind": "rbac.authorization.k8s.io/v1, Kind=RoleBind",
		"kubernetes:example.org/v1alpha1:AllowList":        "example.org/v1alpha1, Kind=AllowList",
	} {
		gvk, err := kindOf(tokens.Type(token))
		require.NoError(t, err)
		require.Equal(t, want, gvk.String())
		require.False(t, isList(gvk))
	}
	for _, token := range []string{
		"kubernetes:core:Namespace", "gcp:compute/disk:Disk", "kubernetes:helm.sh/v3:Release", "kubernetes:yaml/v2:ConfigFile",
		"kubernetes:kustomize/v2:Directory", "kubernetes:a/b/c:D",
	} {
		_, err := kindOf(tokens.Type(token))
		require.Error(t, err, token)
	}
	list, err := kindOf("kubernetes:core/v1:PodList")
	require.NoError(t, err)
	require.True(t, isList(list))
	patch, err := kindOf("kubernetes:core/v1:PodPatch")
	require.NoError(t, err)
	require.True(t, isPatch(patch, "Pod"))
	require.True(t, isPatch(patch, ""))
	require.False(t, isPatch(patch, "PodPatch"), "a kind of that name")
}

func TestManifestRoundTrip(t *testing.T) {
	properties := resource.PropertyMap{
		"apiVersion": resource.NewStringProperty("v1"),
		"__inputs":   resource.NewObjectProperty(resource.PropertyMap{}),
		"data": resource.NewObjectProperty(resource.PropertyMap{
			"__own":   resource.NewStringProperty("kept"), // a key of a ConfigMap may look like the engine's
			"null":    resource.NewNullProperty(),
			"secret":  resource.MakeSecret(resource.NewStringProperty("s")),
			"unknown": resource.MakeSecret(resource.MakeComputed(resource.NewStringProperty(""))),
		}),
		"whole":    resource.NewNumberProperty(3),
		"fraction": resource.NewNumberProperty(0.5),
		"list":     resource.NewArrayProperty([]resource.PropertyValue{resource.NewBoolProperty(true)}),
		"schema":   resource.NewObjectProperty(resource.PropertyMap{"x_kubernetes_list_type": resource.NewStringProperty("map")}),
	}
	manifest, err := toManifest(properties)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"apiVersion": "v1",
		"data":       map[string]any{"__own": "kept", "secret": "s", "unknown": unknown},
		"whole":      int64(3), "fraction": 0.5, "list": []any{true},
		"schema": map[string]any{"x-kubernetes-list-type": "map"},
	}, manifest.Object)
	require.True(t, hasUnknown(manifest.Object))
	back := toProperties(manifest.Object)
	require.Equal(t, "map", back["schema"].ObjectValue()["x_kubernetes_list_type"].StringValue())
	require.Equal(t, 3.0, back["whole"].NumberValue())
	require.True(t, back["data"].ObjectValue()["unknown"].IsComputed())

	_, err = toManifest(resource.PropertyMap{"spec": resource.NewObjectProperty(resource.PropertyMap{
		"a": resource.NewAssetProperty(nil),
	})})
	require.ErrorContains(t, err, "spec: a: ")
}

func TestRedactor(t *testing.T) {
	secret := func(s string) resource.PropertyValue { return resource.MakeSecret(resource.NewStringProperty(s)) }
	r := newRedactor(resource.PropertyMap{
		"list": resource.NewArrayProperty([]resource.PropertyValue{secret("hunter2")}),
		"long": secret("hunter2000"),
		"tiny": secret("no"),
		"open": resource.NewStringProperty("open sesame"),
	}, resource.PropertyMap{
		"apiVersion": resource.NewStringProperty("v1"), "kind": resource.NewStringProperty("Secret"),
		"data": resource.NewObjectProperty(resource.PropertyMap{
			"k": resource.NewStringProperty(base64.StdEncoding.EncodeToString([]byte("encoded"))),
		}),
	})
	require.Equal(t, "a [secret], a [secret], no open sesame, [secret]", r.clean("a hunter2, a hunter2000, no open sesame, encoded"))
	require.Equal(t, "[secret]", r.clean(base64.StdEncoding.EncodeToString([]byte("hunter2"))))
	require.Equal(t, "as is", redactor{}.clean("as is"))
}

func TestTouches(t *testing.T) {
	pod := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod"}}
	fields := settings{}.replacingFields(pod)
	replaces := func(before, after any, path ...any) bool {
		for _, f := range fields {
			if touches(f, path, before, after) {
				return true
			}
		}
		return false
	}
	require.True(t, replaces("a", "b", "metadata", "name"))
	require.True(t, replaces("a", "b", "spec", "containers", 1, "image"))
	require.True(t, replaces("a", "b", "spec", "containers", 1, "env", 0, "value"))
	require.True(t, replaces(absent{}, map[string]any{"image": "a"}, "spec", "containers", 1), "a container more")
	require.True(t, replaces(absent{}, map[string]any{"hostNetwork": true}, "spec"))
	require.False(t, replaces(absent{}, map[string]any{"activeDeadlineSeconds": 1}, "spec"))
	require.False(t, replaces("a", "b", "metadata", "labels", "name"))
	require.False(t, replaces("a", "b", "spec", "containers", 1, "name"))
}

func TestDrift(t *testing.T) {
	m := func(kv ...any) map[string]any {
		result := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			result[kv[i].(string)] = kv[i+1]
		}
		return result
	}
	for name, c := range map[string]struct{ input, want, have, result map[string]any }{
		"canonical form":   {m("q", "1000m"), m("q", "1"), m("q", "1"), m("q", "1000m")},
		"default":          {m("q", "a"), m("q", "a", "d", "x"), m("q", "a", "d", "y"), m("q", "a")},
		"changed":          {m("q", "1000m"), m("q", "1"), m("q", "2"), m("q", "2")},
		"removed":          {m("q", "a", "r", "b"), m("q", "a", "r", "b"), m("q", "a"), m("q", "a")},
		"dropped":          {m("q", "a", "e", m()), m("q", "a"), m("q", "a", "x", "y"), m("q", "a", "e", m())},
		"nested":           {m("a", m("b", "c")), m("a", m("b", "c")), m("a", m("b", "d", "e", "f")), m("a", m("b", "d"))},
		"list":             {m("l", []any{"a"}), m("l", []any{"a"}), m("l", []any{"a", "b"}), m("l", []any{"a", "b"})},
		"item":             {m("l", []any{m("n", "a")}), m("l", []any{m("n", "a", "d", "x")}), m("l", []any{m("n", "b", "d", "x")}), m("l", []any{m("n", "b")})},
		"others' items":    {m("l", []any{"a"}), m("l", []any{"a", "b"}), m("l", []any{"a", "b"}), m("l", []any{"a"})},
		"another's number": {m("n", int64(1)), m("n", int64(1)), m("n", 1.0), m("n", int64(1))},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.result, drift(c.input, c.want, c.have)) })
	}
}

func TestParseWaitFor(t *testing.T) {
	o := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"a": "x=y", "empty": ""},
		"status": map[string]any{"conditions": []any{
			map[string]any{"type": "Ready", "status": "True"}, map[string]any{"type": "Stalled", "status": "False"},
		}},
	}}
	for text, want := range map[string]bool{
		"condition=Ready":          true,
		"condition=ready=true":     true,
		"condition=Stalled":        false,
		"condition=Stalled=False":  true,
		"jsonpath={.spec.a}":       true,
		"jsonpath={.spec.a}=x=y":   true,
		"jsonpath={.spec.a}=x":     false,
		"jsonpath={.spec.missing}": false,
		`jsonpath={.status.conditions[?(@.type=="Ready")].status}=True`: true,
		`["condition=Ready", "jsonpath={.spec.a}"]`:                     true,
		`["condition=Ready", "jsonpath={.spec.missing}"]`:               false,
	} {
		requirements, err := parseWaitFor(text)
		require.NoError(t, err, text)
		state, err := judgeRequirements(requirements)(t.Context(), nil, o)
		require.NoError(t, err, text)
		require.Equal(t, want, state.ready, text)
	}
	for _, text := range []string{"", "Ready", "condition=", "condition=Ready=", "jsonpath=.spec", "jsonpath={.spec}x", "jsonpath={.spec[}", "[]", "[1]", `["x"]`} {
		_, err := parseWaitFor(text)
		require.Error(t, err, text)
	}
}
