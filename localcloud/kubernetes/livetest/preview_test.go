package livetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

var computed = resource.MakeComputed(resource.NewStringProperty(""))

func (e *engine) previewCreate(kind, name string, inputs properties) (resource.PropertyMap, error) {
	e.t.Helper()
	response, err := e.provider.Create(e.t.Context(), plugin.CreateRequest{
		URN: urnOf(kind, name), Properties: e.mustCheck(kind, name, inputs, nil), Preview: true,
	})
	return response.Properties, err
}

func TestPreviewAsksTheAPIServer(t *testing.T) {
	ns, e := namespace(t), connect(t)
	state, err := e.previewCreate(serviceKind, "s", service(ns, "s", properties{"type": "NodePort"}))
	require.NoError(t, err)
	require.Equal(t, "None", at(state, "spec.sessionAffinity"))
	// What the API server assigns it will assign anew.
	require.Nil(t, at(state, "metadata.uid"))
	require.IsType(t, resource.Computed{}, at(state, "spec.clusterIP"))
	require.IsType(t, resource.Computed{}, at(state, "spec.ports[0].nodePort"))
	require.IsType(t, resource.Computed{}, at(state, "status"))
	_, err = shared.client.CoreV1().Services(ns).Get(t.Context(), "s", metav1.GetOptions{})
	require.Error(t, err, "a preview changes nothing")

	bad := workload(ns, "d", 1, podSpec("a:1"))
	bad["spec"].(properties)["selector"] = properties{"matchLabels": properties{"app": "other"}}
	_, err = e.previewCreate(deploymentKind, "d", bad)
	require.ErrorContains(t, err, "spec.template.metadata.labels")

	// A namespace that is yet to be made is no fault.
	state, err = e.previewCreate(configMapKind, "c", properties{
		"metadata": properties{"namespace": "not-yet", "name": "c"}, "data": properties{"k": "v"},
	})
	require.NoError(t, err)
	require.Equal(t, "v", at(state, "data.k"))
}

func TestPreviewWithUnknowns(t *testing.T) {
	ns, e := namespace(t), connect(t)
	secret := resource.MakeSecret(computed)
	state, err := e.previewCreate(configMapKind, "c", properties{
		"metadata": properties{"namespace": ns}, "data": properties{"k": computed, "s": secret, "l": "w"},
	})
	require.NoError(t, err)
	require.IsType(t, resource.Computed{}, at(state, "data.k"))
	require.IsType(t, resource.Computed{}, at(state, "data.s"))
	require.Equal(t, "w", at(state, "data.l"))
	require.Regexp(t, "^c-", at(state, "metadata.name"))

	// Metadata that is unknown as a whole leaves no place for a name, which is no fault either.
	_, err = e.previewCreate(configMapKind, "c", properties{"metadata": computed})
	require.NoError(t, err)
	_, err = e.previewCreate(configMapKind, "c", properties{"metadata": properties{"name": computed, "namespace": computed}})
	require.NoError(t, err)

	// An unknown may turn out to be a change, and one that replaces.
	r := e.create(configMapKind, "c", properties{"metadata": properties{"namespace": ns, "name": "c"}, "data": properties{"k": "v"}})
	d, checked := e.diff(r, properties{"metadata": properties{"namespace": ns, "name": "c"}, "data": properties{"k": computed}})
	require.Equal(t, []resource.PropertyKey{"data.k"}, d.ReplaceKeys)
	updated, err := e.provider.Update(t.Context(), plugin.UpdateRequest{
		URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: checked, Preview: true,
	})
	require.NoError(t, err)
	require.IsType(t, resource.Computed{}, at(updated.Properties, "data.k"))
}

// A replacement is previewed as the new object that it is, though the old one has its name.
func TestPreviewOfReplacement(t *testing.T) {
	ns, e := namespace(t), connect(t)
	w := workload(ns, "d", 0, podSpec("a:1"))
	r := e.create(deploymentKind, "d", w)
	labels := properties{"app": "other"}
	w["spec"].(properties)["selector"] = properties{"matchLabels": labels}
	w["spec"].(properties)["template"].(properties)["metadata"] = properties{"labels": labels}
	d, _ := e.diff(r, w)
	require.True(t, d.DeleteBeforeReplace)
	state, err := e.previewCreate(deploymentKind, "d", w)
	require.NoError(t, err)
	require.Equal(t, "d", at(state, "metadata.name"))

	// An update of a field that nobody knew to be immutable is refused in the preview.
	c := claim(ns, "c", "static")
	c["metadata"].(properties)["annotations"] = properties{"pulumi.com/skipAwait": "true"}
	p := e.create(claimKind, "c", c)
	c["spec"].(properties)["volumeMode"] = "Block"
	require.ErrorContains(t, e.tryUpdate(p, c, 5), "preview: ")
	e.delete(r)
}
