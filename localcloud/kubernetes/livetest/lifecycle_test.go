package livetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const configMapKind = "core/v1:ConfigMap"

func TestLifecycle(t *testing.T) {
	ns, e := namespace(t), connect(t)
	inputs := properties{
		"metadata": properties{"namespace": ns, "name": "c", "labels": properties{"a": "1", "b": "2"}},
		"data":     properties{"k": "v"},
	}
	r := e.create(configMapKind, "c", inputs)
	require.Equal(t, resource.ID(ns+"/c"), r.id)
	require.Equal(t, "v1", at(r.outputs, "apiVersion"))
	require.Equal(t, "ConfigMap", at(r.outputs, "kind"))
	require.NotEmpty(t, at(r.outputs, "metadata.uid"))
	require.Nil(t, at(r.outputs, "metadata.managedFields"))
	require.Equal(t, "v1", at(r.outputs, "__initialApiVersion"))
	require.Equal(t, "v", at(r.outputs, "__inputs.data.k"))
	require.NotEmpty(t, at(r.outputs, "__fieldManager"))

	d, _ := e.diff(r, inputs)
	require.Equal(t, plugin.DiffNone, d.Changes)

	// A changed field is updated, a removed one removed, and what others added stays.
	patch(t, configMaps, ns, "c", "someone", `{"metadata":{"labels":{"theirs":"x"}}}`)
	inputs["metadata"].(properties)["labels"] = properties{"a": "3"}
	d, _ = e.diff(r, inputs)
	require.Equal(t, plugin.DiffSome, d.Changes)
	require.Empty(t, d.ReplaceKeys)
	require.Equal(t, map[string]plugin.PropertyDiff{
		"metadata.labels.a": {Kind: plugin.DiffUpdate, InputDiff: true},
		"metadata.labels.b": {Kind: plugin.DiffDelete, InputDiff: true},
	}, d.DetailedDiff)
	e.update(r, inputs)
	require.Equal(t, map[string]string{"a": "3", "theirs": "x"}, get(t, configMaps, ns, "c").GetLabels())

	// Nothing is drift that nobody did.
	require.True(t, e.refresh(r))
	d, _ = e.diff(r, inputs)
	require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)

	// What somebody did to what we said is; and it is put right.
	patch(t, configMaps, ns, "c", "someone", `{"metadata":{"labels":{"a":"4"}}}`)
	require.True(t, e.refresh(r))
	require.Equal(t, "4", at(r.inputs, "metadata.labels.a"))
	require.Nil(t, at(r.inputs, "metadata.labels.theirs"))
	d, _ = e.diff(r, inputs)
	require.Equal(t, []string{"metadata.labels.a"}, changed(d))
	err := e.tryUpdate(r, inputs, 30)
	require.ErrorContains(t, err, "conflict")
	require.ErrorContains(t, err, `"someone"`)
	require.ErrorContains(t, err, "pulumi.com/patchForce")
	inputs["metadata"].(properties)["annotations"] = properties{"pulumi.com/patchForce": "true"}
	e.update(r, inputs)
	require.Equal(t, "3", get(t, configMaps, ns, "c").GetLabels()["a"])

	e.delete(r)
	require.False(t, e.refresh(r))
	e.delete(r) // What is gone is fine.
	require.ErrorContains(t, e.tryUpdate(r, inputs, 30), "not there any more")
}

// A field that was removed from the cluster, and one that the API server drops, are told apart.
func TestRefreshSeesRemovals(t *testing.T) {
	ns, e := namespace(t), connect(t)
	inputs := properties{
		"metadata":   properties{"namespace": ns, "name": "c", "labels": properties{"a": "1"}, "annotations": properties{}},
		"data":       properties{"k": "v", "l": "w"},
		"binaryData": properties{},
	}
	r := e.create(configMapKind, "c", inputs)
	require.True(t, e.refresh(r))
	d, _ := e.diff(r, inputs)
	require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)

	patch(t, configMaps, ns, "c", "someone", `{"data":{"l":null}}`)
	require.True(t, e.refresh(r))
	d, _ = e.diff(r, inputs)
	require.Equal(t, []string{"data.l"}, changed(d))
}

func TestAutonaming(t *testing.T) {
	ns, e := namespace(t), connect(t)
	inputs := properties{"metadata": properties{"namespace": ns}, "data": properties{"k": "v"}}
	r := e.create(configMapKind, "settings", inputs)
	name := at(r.outputs, "metadata.name")
	require.Regexp(t, `^settings-[0-9a-f]{8}$`, name)
	require.Equal(t, "true", at(r.outputs, `metadata.annotations["pulumi.com/autonamed"]`))

	// The name is kept, and a new content makes another object beside the old one.
	inputs["data"] = properties{"k": "w"}
	d, checked := e.diff(r, inputs)
	require.Equal(t, name, at(checked, "metadata.name"))
	require.Equal(t, []resource.PropertyKey{"data.k"}, d.ReplaceKeys)
	require.False(t, d.DeleteBeforeReplace)
	replacement := e.mustCheck(configMapKind, "settings", inputs, nil)
	require.Regexp(t, `^settings-[0-9a-f]{8}$`, at(replacement, "metadata.name"))

	// To name it is to want another object.
	inputs["metadata"].(properties)["name"] = "mine"
	d, _ = e.diff(r, inputs)
	require.Contains(t, d.ReplaceKeys, resource.PropertyKey("metadata.name"))
	require.False(t, d.DeleteBeforeReplace)

	// To remove what replaces replaces.
	delete(inputs, "data")
	d, _ = e.diff(r, inputs)
	require.Equal(t, plugin.PropertyDiff{Kind: plugin.DiffDeleteReplace, InputDiff: true}, d.DetailedDiff["data"])
}

// Two controllers share an object: what one scales, the other leaves alone.
func TestIgnoreChanges(t *testing.T) {
	ns, e := namespace(t), connect(t)
	w := workload(ns, "d", 0, podSpec("a:1"))
	w["metadata"].(properties)["annotations"] = properties{"pulumi.com/skipAwait": "true"}
	r := e.create(deploymentKind, "d", w)
	patch(t, deployments, ns, "d", "scaler", `{"spec":{"replicas":3}}`)
	w["metadata"].(properties)["labels"] = properties{"a": "b"}
	d, checked := e.diff(r, w)
	require.Equal(t, []string{"metadata.labels"}, changed(d))
	d, err := e.provider.Diff(t.Context(), plugin.DiffRequest{
		URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: checked,
		IgnoreChanges: []string{"metadata.labels"}, AllowUnknowns: true,
	})
	require.NoError(t, err)
	require.Equal(t, plugin.DiffNone, d.Changes)
	require.NoError(t, e.tryUpdate(r, w, 30, "spec.replicas"))
	require.EqualValues(t, 3, at(r.outputs, "spec.replicas"))
	require.Equal(t, "b", at(r.outputs, "metadata.labels.a"))
	patch(t, deployments, ns, "d", "scaler", `{"spec":{"replicas":4}}`)
	require.NoError(t, e.tryUpdate(r, w, 30, "spec.replicas"))
	require.EqualValues(t, 4, at(r.outputs, "spec.replicas"))
}

func TestFieldManagers(t *testing.T) {
	ns, e := namespace(t), connect(t)
	inputs := properties{"metadata": properties{"namespace": ns, "name": "c", "labels": properties{"a": "1", "b": "2"}}}
	r := e.create(configMapKind, "c", inputs)
	require.Regexp(t, "^pulumi-kubernetes-[0-9a-f]{8}$", at(r.outputs, "__fieldManager"))
	inputs["metadata"] = properties{
		"namespace": ns, "name": "c", "labels": properties{"a": "1"},
		"annotations": properties{"pulumi.com/patchFieldManager": "ours"},
	}
	e.update(r, inputs)
	live := get(t, configMaps, ns, "c")
	require.Len(t, live.GetManagedFields(), 1)
	require.Equal(t, "ours", live.GetManagedFields()[0].Manager)
	require.Equal(t, map[string]string{"a": "1"}, live.GetLabels())

	// Another program's apply of the same object does not pass unnoticed; an object that agrees does.
	inputs["metadata"] = properties{"namespace": ns, "name": "c", "labels": properties{"a": "1"}}
	_, err := e.tryCreate(configMapKind, "same", inputs, 5)
	require.NoError(t, err)
	inputs["metadata"] = properties{"namespace": ns, "name": "c", "labels": properties{"a": "2"}}
	_, err = e.tryCreate(configMapKind, "other", inputs, 5)
	require.ErrorContains(t, err, `"ours"`)
}

// The engine has many operations under way at once.
func TestConcurrency(t *testing.T) {
	ns, e := namespace(t), connect(t)
	var group errgroup.Group
	for i := range 40 {
		name := fmt.Sprintf("c-%d", i)
		inputs := properties{"metadata": properties{"namespace": ns, "name": name}, "data": properties{"k": name}}
		checked := e.mustCheck(configMapKind, name, inputs, nil)
		group.Go(func() error {
			r, err := e.provider.Create(t.Context(), plugin.CreateRequest{URN: urnOf(configMapKind, name), Properties: checked})
			if err != nil {
				return err
			}
			if r.ID != resource.ID(ns+"/"+name) || at(r.Properties, "data.k") != name {
				return fmt.Errorf("%s became %s", name, r.ID)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

func TestReplacement(t *testing.T) {
	ns := namespace(t)
	inputs := func(value string) properties {
		return properties{"metadata": properties{"namespace": ns, "name": "c"}, "data": properties{"k": value}}
	}
	t.Run("named", func(t *testing.T) {
		e := connect(t)
		r := e.create(configMapKind, "c", inputs("v"))
		d, _ := e.diff(r, inputs("w"))
		require.Equal(t, []resource.PropertyKey{"data.k"}, d.ReplaceKeys)
		require.True(t, d.DeleteBeforeReplace)
		e.delete(r)
	})
	t.Run("mutable", func(t *testing.T) {
		e := connect(t, properties{"enableConfigMapMutable": true})
		r := e.create(configMapKind, "c", inputs("v"))
		d, _ := e.diff(r, inputs("w"))
		require.Equal(t, plugin.DiffSome, d.Changes)
		require.Empty(t, d.ReplaceKeys)
		e.update(r, inputs("w"))
		require.Equal(t, "w", at(r.outputs, "data.k"))
		e.delete(r)
	})
	t.Run("immutable", func(t *testing.T) {
		e := connect(t, properties{"enableConfigMapMutable": true})
		i, j := inputs("v"), inputs("w")
		i["immutable"], j["immutable"] = true, true
		r := e.create(configMapKind, "c", i)
		d, _ := e.diff(r, j)
		require.Equal(t, []resource.PropertyKey{"data.k"}, d.ReplaceKeys)
		e.delete(r)
	})
}

func TestImport(t *testing.T) {
	ns, e := namespace(t), connect(t)
	inputs := properties{"metadata": properties{"namespace": ns, "name": "c"}, "data": properties{"k": "v"}}
	made := e.create(configMapKind, "c", inputs)
	r := &custom{urn: urnOf(configMapKind, "c"), id: made.id}
	require.True(t, e.refresh(r))
	require.Equal(t, "v", at(r.inputs, "data.k"))
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"} {
		require.Nil(t, at(r.inputs, "metadata."+field), field)
	}
	d, _ := e.diff(r, inputs)
	require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)
}

// An object that somebody made anew under the same name is not ours to delete.
func TestDeleteLeavesStrangersAlone(t *testing.T) {
	ns, e := namespace(t), connect(t)
	inputs := properties{"metadata": properties{"namespace": ns, "name": "c"}}
	first := e.create(configMapKind, "c", inputs)
	require.NoError(t, e.tryDelete(first, 30))
	second := e.create(configMapKind, "c", inputs)
	e.delete(first)
	require.True(t, e.refresh(second))
	require.Contains(t, e.messages.String(), "is left alone")
	e.delete(second)
	require.False(t, e.refresh(second))
}

func TestNamespaceTerminates(t *testing.T) {
	e := connect(t)
	r := e.create("core/v1:Namespace", "passing", properties{})
	name := at(r.outputs, "metadata.name").(string)
	e.create(configMapKind, "c", properties{"metadata": properties{"namespace": name, "name": "c"}})
	e.delete(r)
	require.False(t, e.refresh(r))
}
