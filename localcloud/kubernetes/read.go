package kubernetes

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Read returns an object as it is now, and the inputs that would lead to it: the old ones, with what has changed in
// the cluster put in, but only where they have a say. Without old inputs (an import, a get) all that a program can set
// is taken as input. An object that is not there has no ID.
func (p *provider) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	op, ctx, done, err := p.begin(ctx, req.URN, req.Inputs, req.State)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	defer done()
	gvk, err := kindOf(req.URN.Type())
	if err != nil {
		return plugin.ReadResponse{}, asStatus(err)
	}
	inputs, err := toManifest(req.Inputs)
	if err != nil {
		return plugin.ReadResponse{}, asStatus(err)
	}
	namespace, name := splitID(req.ID, p.settings.namespace)
	if name == "" {
		return plugin.ReadResponse{}, asStatus(fmt.Errorf(
			"%q is no ID of a %s: that is namespace/name, or name if it has no namespace", req.ID, gvk.Kind))
	}

	e, err := op.cluster.endpoint(gvk, namespace)
	var live *unstructured.Unstructured
	if err == nil {
		live, err = op.get(ctx, e, name)
	}
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return plugin.ReadResponse{}, nil
	case isGone(err) && p.settings.deleteUnreachable:
		op.warn(ctx, "%s; %s %s is taken off the state (deleteUnreachable)", err, gvk.Kind, req.ID)
		return plugin.ReadResponse{}, nil
	case isUnreachable(err) && p.settings.skipUpdateUnreachable && len(req.State) > 0:
		op.warn(ctx, "%s; the state is left as it was, which need not be how things are (skipUpdateUnreachable)", err)
		return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State}}, nil
	case isUnreachable(err):
		return plugin.ReadResponse{}, asStatus(fmt.Errorf("%w. If the cluster is gone for good, the provider's option "+
			"deleteUnreachable takes what was in it off the state", err))
	case err != nil:
		return plugin.ReadResponse{}, op.failure(err, "%s %s cannot be read", gvk.Kind, req.ID)
	}

	manager, err := fieldManager(req.State, inputs.Object)
	if err != nil {
		return plugin.ReadResponse{}, asStatus(err)
	}
	imported := len(inputs.Object) == 0
	var current map[string]any
	if imported {
		current = settable(live)
	} else {
		current = op.currentInputs(ctx, e, inputs.Object, live, manager)
	}
	properties := toProperties(current)
	markSecrets(properties, req.Inputs)
	state := stateOf(current, live, req.Inputs, initialAPIVersion(req.State, live), manager)
	id := resource.ID(idOf(live))

	if !imported {
		if err := op.stillReady(ctx, inputs.Object, live); err != nil {
			return plugin.ReadResponse{}, op.unsettled(err, string(id), state, properties, describe(live)+" is not ready")
		}
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: id, Inputs: properties, Outputs: state}}, nil
}

// stillReady is await without the waiting.
func (o *operation) stillReady(ctx context.Context, inputs map[string]any, live *unstructured.Unstructured) error {
	g, awaited, err := gateOf(inputs, live)
	if err != nil || !awaited {
		return err
	}
	state, err := g.judge(ctx, o.cluster, live)
	if err != nil || state.ready {
		return err
	}
	return &awaitError{object: live, summary: state.message, reasons: o.explain(ctx, live)}
}

// currentInputs are the inputs that describe the live object as the old ones described it when it was applied. Whether
// a field has changed cannot be told by comparing it with the input: the API server writes quantities its own way,
// fills in defaults, turns stringData into data. So it is asked, in a dry run, what the old inputs would make of the
// object: where that is what is there, nothing has changed.
func (o *operation) currentInputs(
	ctx context.Context, e endpoint, inputs map[string]any, live *unstructured.Unstructured, manager string,
) map[string]any {
	inputs = (&unstructured.Unstructured{Object: inputs}).DeepCopy().Object
	dropServerFields(inputs)
	want := normalize(&unstructured.Unstructured{Object: inputs}).Object
	applied, err := o.apply(ctx, e, inputs, applyOptions{manager: manager, force: true, dryRun: true})
	var refusal *apierrors.StatusError
	switch {
	case err == nil:
		want = applied.Object
	case !errors.As(err, &refusal):
		o.warn(ctx, "what changed in %s is told by comparison alone: %s", describe(live), err)
	}
	current, _ := drift(inputs, asText(want, inputs), asText(live.Object, inputs)).(map[string]any)
	return current
}

// asText gives a Secret's object the stringData that the inputs have, out of its data.
func asText(object, inputs map[string]any) map[string]any {
	asked, ok := inputs["stringData"].(map[string]any)
	if !ok || inputs["kind"] != "Secret" || inputs["apiVersion"] != "v1" {
		return object
	}
	data, _ := object["data"].(map[string]any)
	text := map[string]any{}
	for key := range asked {
		encoded, _ := data[key].(string)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil && encoded != "" {
			text[key] = string(decoded)
		}
	}
	result := maps.Clone(object)
	if _, ok := object["stringData"]; !ok { // A live object has none; inputs that were not applied do.
		result["stringData"] = text
	}
	return result
}

// settable is what of an object a program could have set.
func settable(live *unstructured.Unstructured) map[string]any {
	object := live.DeepCopy()
	dropServerFields(object.Object)
	delete(object.Object, "status")
	annotations := object.GetAnnotations()
	for _, key := range []string{"deployment.kubernetes.io/revision", corev1.LastAppliedConfigAnnotation} {
		delete(annotations, key)
	}
	object.SetAnnotations(annotations)
	return object.Object
}

// drift returns the input where the object is as wanted, and what it is where it is not. Fields and items that are not
// there any more are left out.
func drift(input, want, have any) any {
	if equal(want, have) {
		return input
	}
	switch input := input.(type) {
	case map[string]any:
		w, wok := want.(map[string]any)
		h, hok := have.(map[string]any)
		if !wok || !hok {
			break
		}
		result := make(map[string]any, len(input))
		for key, value := range input {
			if d := drift(value, lookup(w, key), lookup(h, key)); d != (absent{}) {
				result[key] = d
			}
		}
		return result
	case []any:
		w, wok := want.([]any)
		h, hok := have.([]any)
		if !wok || !hok || len(w) != len(h) || len(input) != len(w) {
			break
		}
		result := make([]any, len(input))
		for i := range input {
			if result[i] = drift(input[i], w[i], h[i]); result[i] == (absent{}) {
				return have
			}
		}
		return result
	}
	return have
}
