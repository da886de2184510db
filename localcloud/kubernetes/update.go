package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Update applies the new inputs under the name under which the old ones were applied, so that fields that the program
// no longer has are removed, and waits until the object is ready again. A preview is a dry run, as with Create.
func (p *provider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	op, ctx, done, err := p.begin(ctx, req.URN, req.OldInputs, req.OldOutputs, req.NewInputs)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	defer done()
	manifest, err := toManifest(req.NewInputs)
	if err != nil {
		return plugin.UpdateResponse{}, asStatus(err)
	}
	dropServerFields(manifest.Object)
	if req.Preview && hasUnknown(manifest.Object) {
		return plugin.UpdateResponse{Properties: op.untold(req.NewInputs)}, nil
	}
	e, err := op.cluster.endpoint(manifest.GroupVersionKind(), manifest.GetNamespace())
	if err != nil {
		if req.Preview {
			return plugin.UpdateResponse{Properties: op.untold(req.NewInputs)}, nil
		}
		return plugin.UpdateResponse{}, asStatus(err)
	}
	previous, err := fieldManager(req.OldOutputs, nil)
	if err != nil {
		return plugin.UpdateResponse{}, asStatus(err)
	}
	manager, err := fieldManager(req.OldOutputs, manifest.Object)
	if err != nil {
		return plugin.UpdateResponse{}, asStatus(err)
	}

	live, err := op.get(ctx, e, manifest.GetName())
	switch {
	case isUnreachable(err) && req.Preview:
		return plugin.UpdateResponse{Properties: op.untold(req.NewInputs)}, nil
	case isUnreachable(err):
		return plugin.UpdateResponse{}, asStatus(err)
	case apierrors.IsNotFound(err):
		return plugin.UpdateResponse{}, op.failure(err, "%s cannot be updated, as it is not there any more; "+
			"pulumi refresh takes note of that, and the next pulumi up creates it again", describe(manifest))
	case err != nil:
		return plugin.UpdateResponse{}, op.failure(err, "%s cannot be read", describe(manifest))
	}
	applied := manifest.DeepCopy()
	if err := yield(applied.Object, live, req.IgnoreChanges, manager); err != nil {
		return plugin.UpdateResponse{}, asStatus(err)
	}
	result, err := op.apply(ctx, e, applied.Object, applyOptions{
		manager: manager, force: annotated(manifest.Object, annotationPatchForce), dryRun: req.Preview,
	})
	switch {
	case req.Preview && (apierrors.IsForbidden(err) || isUnreachable(err)):
		return plugin.UpdateResponse{Properties: op.untold(req.NewInputs)}, nil
	case isUnreachable(err):
		return plugin.UpdateResponse{}, asStatus(err)
	case err != nil:
		return plugin.UpdateResponse{}, op.failure(err, "the update of %s was refused", describe(manifest))
	}
	apiVersion := initialAPIVersion(req.OldOutputs, manifest)
	if req.Preview {
		state := stateOf(manifest.Object, result, req.NewInputs, apiVersion, manager)
		return plugin.UpdateResponse{Properties: state}, nil
	}
	if manager != previous && textOf(bare(req.OldOutputs[fieldManagerKey])) != "" {
		if err := op.relinquish(ctx, e, result, previous); err != nil {
			return plugin.UpdateResponse{}, op.failure(err, "field manager %q of %s cannot give up its fields to %q",
				previous, describe(manifest), manager)
		}
	}

	settled, err := op.settle(ctx, e, manifest.Object, result, req.Timeout)
	state := stateOf(manifest.Object, settled, req.NewInputs, apiVersion, manager)
	if err != nil {
		return plugin.UpdateResponse{}, op.unsettled(err, string(req.ID), state, req.NewInputs,
			fmt.Sprintf("%s was updated, but is not ready", describe(settled)))
	}
	return plugin.UpdateResponse{Properties: state}, nil
}

// relinquish has a field manager own nothing of an object any more. Fields that another one owns, too, stay.
func (o *operation) relinquish(ctx context.Context, e endpoint, object *unstructured.Unstructured, manager string) error {
	nothing := map[string]any{
		"apiVersion": object.GetAPIVersion(),
		"kind":       object.GetKind(),
		"metadata":   map[string]any{"name": object.GetName()},
	}
	if object.GetNamespace() != "" {
		setMetadata(nothing, "namespace", object.GetNamespace())
	}
	_, err := o.apply(ctx, e, nothing, applyOptions{manager: manager})
	return err
}

// yield leaves the fields of ignoreChanges to the cluster: a field that only others own is not applied at all, any
// other one is applied as it is.
func yield(manifest map[string]any, live *unstructured.Unstructured, ignored []string, manager string) error {
	paths, err := parsePaths(ignored)
	if err != nil {
		return err
	}
	for _, path := range paths {
		names := make([]string, 0, len(path))
		for _, step := range path {
			if name, ok := step.(string); ok && name != "*" {
				names = append(names, name)
			}
		}
		if len(names) != len(path) {
			continue // In a list: what is ignored there, the engine has put back into the inputs already.
		}
		value, found, err := unstructured.NestedFieldCopy(live.Object, names...)
		if err != nil || !found {
			continue
		}
		if ours, others := ownersOf(live, names, manager); others && !ours {
			unstructured.RemoveNestedField(manifest, names...)
		} else if err := unstructured.SetNestedField(manifest, value, names...); err != nil {
			return fmt.Errorf("ignoreChanges: %s: %w", path, err)
		}
	}
	return nil
}

// ownersOf says whether the manager applies a field, and whether others own it.
func ownersOf(live *unstructured.Unstructured, names []string, manager string) (ours, others bool) {
	for _, entry := range live.GetManagedFields() {
		if entry.FieldsV1 == nil || entry.Subresource != "" {
			continue
		}
		var owned map[string]any
		if json.Unmarshal(entry.FieldsV1.Raw, &owned) != nil {
			continue
		}
		var has bool
		for _, name := range names {
			owned, has = owned["f:"+name].(map[string]any)
			if !has {
				break
			}
		}
		switch {
		case !has:
		case entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply:
			ours = true
		default:
			others = true
		}
	}
	return ours, others
}
