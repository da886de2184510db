package livetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

func TestCheckFailures(t *testing.T) {
	ns, e := namespace(t), connect(t)
	type spec = properties
	with := func(change func(w, spec properties)) properties {
		w := workload(ns, "d", 1, podSpec("a:1"))
		change(w, w["spec"].(properties))
		return w
	}
	for name, c := range map[string]struct {
		inputs   properties
		property string
		reason   string
	}{
		"unknown field": {
			with(func(_, s spec) { s["replicaCount"] = 1 }), "spec.replicaCount", "unknown field",
		},
		"unknown field in a list": {
			with(func(_, s spec) {
				s["template"].(properties)["spec"].(properties)["containers"].([]any)[0].(properties)["imge"] = "x"
			}), "spec.template.spec.containers[0].imge", "unknown field",
		},
		"wrong type": {
			with(func(_, s spec) { s["replicas"] = "two" }), "spec.replicas", "string is given where int32 is due",
		},
		"wrong structure": {
			with(func(w, _ spec) { w["spec"] = "none" }), "spec", "string is given where",
		},
		"not a quantity": {
			with(func(_, s spec) {
				s["template"].(properties)["spec"].(properties)["containers"].([]any)[0].(properties)["resources"] = properties{
					"limits": properties{"cpu": "lots"},
				}
			}), "", "cannot be handled as a Deployment",
		},
		"other kind":       {with(func(w, _ spec) { w["kind"] = "Pod" }), "kind", `"Pod"`},
		"other apiVersion": {with(func(w, _ spec) { w["apiVersion"] = "apps/v1beta1" }), "apiVersion", "apps/v1beta1"},
		"generateName": {
			with(func(w, _ spec) { w["metadata"] = properties{"namespace": ns, "generateName": "d-"} }),
			"metadata.generateName", "server-side apply",
		},
		"annotation": {
			with(func(w, _ spec) {
				w["metadata"].(properties)["annotations"] = properties{"pulumi.com/timeoutSeconds": "soon"}
			}), "metadata.annotations", `"soon"`,
		},
		"waitFor": {
			with(func(w, _ spec) {
				w["metadata"].(properties)["annotations"] = properties{"pulumi.com/waitFor": "ready"}
			}), "metadata.annotations", "jsonpath=",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, failures := e.check(deploymentKind, "d", c.inputs, nil)
			require.Len(t, failures, 1)
			require.Equal(t, resource.PropertyKey(c.property), failures[0].Property)
			require.Contains(t, failures[0].Reason, c.reason)
		})
	}
	t.Run("all at once", func(t *testing.T) {
		w := with(func(_, s spec) { s["a"], s["b"] = 1, 2 })
		_, failures := e.check(deploymentKind, "d", w, nil)
		require.Len(t, failures, 2)
	})
}

func TestRefusedTypes(t *testing.T) {
	e := connect(t)
	for kind, reason := range map[string]string{
		"apps/v1:DeploymentPatch": "Patch resource",
		"core/v1:PodList":         "one by one",
		"helm.sh/v3:Release":      "not yaml, helm or kustomize",
		"core:Pod":                "GROUP/VERSION:Kind",
	} {
		inputs := resource.PropertyMap{"metadata": resource.NewObjectProperty(resource.PropertyMap{"name": resource.NewStringProperty("x")})}
		_, err := e.provider.Check(t.Context(), plugin.CheckRequest{URN: urnOf(kind, "x"), News: inputs})
		require.ErrorContains(t, err, reason, kind)
	}
	_, err := e.provider.Invoke(t.Context(), plugin.InvokeRequest{Tok: "kubernetes:yaml:decode"})
	require.ErrorContains(t, err, "published kubernetes provider")
}

func TestNamespaceDefaults(t *testing.T) {
	ns := namespace(t)
	e := connect(t, properties{"namespace": ns})
	r := e.create(configMapKind, "c", properties{})
	require.Equal(t, ns, at(r.outputs, "metadata.namespace"))

	// It is no place for what has no namespace.
	checked := e.mustCheck("core/v1:Namespace", "n", properties{"metadata": properties{"namespace": "nonsense"}}, nil)
	require.Nil(t, at(checked, "metadata.namespace"))

	checked = connect(t).mustCheck(configMapKind, "c", properties{}, nil)
	require.Equal(t, "default", at(checked, "metadata.namespace"))

	elsewhere := properties{"metadata": properties{"namespace": "default"}}
	d, _ := e.diff(r, elsewhere)
	require.Contains(t, d.ReplaceKeys, resource.PropertyKey("metadata.namespace"))
}
