package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/storage/names"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Create applies an object and waits until it is ready. As the published provider's, it does not mind an object of that
// name that is there already: it takes that over, unless another field manager owns what the program sets.
//
// A preview is a dry run, where that is possible: if everything is known, the API server answers and serves the kind,
// and the namespace is there already.
func (p *provider) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	op, ctx, done, err := p.begin(ctx, req.URN, req.Properties)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	defer done()
	manifest, err := toManifest(req.Properties)
	if err != nil {
		return plugin.CreateResponse{}, asStatus(err)
	}
	manager, err := fieldManager(nil, manifest.Object)
	if err != nil {
		return plugin.CreateResponse{}, asStatus(err)
	}
	if req.Preview {
		state, err := op.previewCreate(ctx, manifest, req.Properties, manager)
		return plugin.CreateResponse{Properties: state}, err
	}

	e, created, err := op.create(ctx, manifest, manager)
	switch {
	case meta.IsNoMatchError(err):
		return plugin.CreateResponse{}, op.failure(err, "%s cannot be created, as the API server does not serve %s; "+
			"if a CustomResourceDefinition defines it, make the resource depend on that",
			describe(manifest), manifest.GroupVersionKind())
	case isUnreachable(err):
		return plugin.CreateResponse{}, asStatus(err)
	case err != nil:
		return plugin.CreateResponse{}, op.failure(err, "%s was not created", describe(manifest))
	}
	live, err := op.settle(ctx, e, manifest.Object, created, req.Timeout)
	id := resource.ID(idOf(live))
	state := stateOf(manifest.Object, live, req.Properties, manifest.GetAPIVersion(), manager)
	if err != nil {
		return plugin.CreateResponse{}, op.unsettled(err, string(id), state, req.Properties,
			fmt.Sprintf("%s was created, but is not ready", describe(live)))
	}
	return plugin.CreateResponse{ID: id, Properties: state}, nil
}

// create applies the object. It bears with a namespace or a kind that is about to appear: programs made of manifests do
// not order those.
func (o *operation) create(
	ctx context.Context, manifest *unstructured.Unstructured, manager string,
) (endpoint, *unstructured.Unstructured, error) {
	var (
		e       endpoint
		created *unstructured.Unstructured
		last    error
	)
	backoff := wait.Backoff{Duration: time.Second, Factor: 2, Steps: 5}
	err := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		e, last = o.cluster.endpoint(manifest.GroupVersionKind(), manifest.GetNamespace())
		if last == nil {
			if e.namespaced && manifest.GetNamespace() == "" {
				return false, fmt.Errorf("%s has no namespace, but its kind is namespaced", describe(manifest))
			}
			created, last = o.apply(ctx, e, manifest.Object, applyOptions{
				manager: manager, force: annotated(manifest.Object, annotationPatchForce),
			})
		}
		switch {
		case last == nil && created.GetDeletionTimestamp() != nil:
			// Its predecessor of the same name is on its way out, and what was applied goes with it.
			last = o.awaitGone(ctx, e, created, 10*time.Minute)
			return false, last
		case last == nil:
			return true, nil
		case apierrors.IsNotFound(last), meta.IsNoMatchError(last):
			o.progress(ctx, "Trying again: "+last.Error())
			return false, nil
		}
		return false, last
	})
	o.progress(ctx, "")
	if wait.Interrupted(err) && last != nil {
		err = last
	}
	return e, created, err
}

// settle waits for an object that was applied, and returns it as it is in the end, also when the wait fails.
func (o *operation) settle(
	ctx context.Context, e endpoint, inputs map[string]any, applied *unstructured.Unstructured, custom float64,
) (*unstructured.Unstructured, error) {
	live := applied
	g, awaited, err := gateOf(inputs, applied)
	if err != nil {
		return live, err
	}
	if awaited {
		ready, err := o.await(ctx, e, applied, g, timeoutOf(custom, inputs, g.timeout))
		if err != nil {
			var failed *awaitError
			if errors.As(err, &failed) {
				live = failed.object
			}
			return live, err
		}
		live = ready
	}
	return live, nil
}

// unsettled is the error of an object that was applied but did not become ready.
func (o *operation) unsettled(err error, id string, state, inputs resource.PropertyMap, summary string) error {
	reasons := []string{summary + ": " + err.Error()}
	var failed *awaitError
	if errors.As(err, &failed) {
		reasons = append([]string{summary + ": " + failed.summary}, failed.reasons...)
	}
	return partial(id, state, inputs, o.redact.cleanAll(reasons))
}

// previewCreate returns the state that a creation would lead to, as far as it can be told.
func (o *operation) previewCreate(
	ctx context.Context, manifest *unstructured.Unstructured, properties resource.PropertyMap, manager string,
) (resource.PropertyMap, error) {
	untold := o.untold(properties)
	if hasUnknown(manifest.Object) {
		return untold, nil
	}
	e, err := o.cluster.endpoint(manifest.GroupVersionKind(), manifest.GetNamespace())
	if err != nil || (e.namespaced && manifest.GetNamespace() == "") {
		return untold, nil
	}
	// Another manager's fields are no obstacle yet: the object may be replaced first.
	options := applyOptions{manager: manager, force: true, dryRun: true}
	result, err := o.apply(ctx, e, manifest.Object, options)
	if apierrors.IsInvalid(err) {
		// So may be the object that is there under this name, whose immutable fields are then no matter.
		if _, getErr := o.get(ctx, e, manifest.GetName()); getErr == nil {
			other := manifest.DeepCopy()
			other.SetName(names.SimpleNameGenerator.GenerateName(manifest.GetName() + "-"))
			if result, err = o.apply(ctx, e, other.Object, options); err == nil {
				result.SetName(manifest.GetName())
			}
		}
	}
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err), isUnreachable(err):
		// The namespace is still to be made, or a dry run is beyond what we may do.
		return untold, nil
	case err != nil:
		return nil, o.failure(err, "%s would be refused", describe(manifest))
	}
	forgetAssigned(manifest.Object, result)
	state := stateOf(manifest.Object, result, properties, manifest.GetAPIVersion(), manager)
	return state, nil
}

// untold is the state in a preview that could not ask: the inputs. What else there will be is not known.
func (o *operation) untold(properties resource.PropertyMap) resource.PropertyMap {
	state := properties.Copy()
	markSecrets(state, properties)
	return state
}

// forgetAssigned removes from a dry run's result what the real one will have otherwise: what the API server makes up
// for each object, and the addresses and ports that it hands out.
func forgetAssigned(inputs map[string]any, result *unstructured.Unstructured) {
	dropServerFields(result.Object)
	if _, ok := result.Object["status"]; ok {
		result.Object["status"] = unknown
	}
	if result.GroupVersionKind().GroupKind() != serviceKind {
		return
	}
	given, _ := inputs["spec"].(map[string]any)
	spec, _ := result.Object["spec"].(map[string]any)
	if spec == nil || spec["clusterIP"] == "None" {
		return
	}
	if _, ok := given["clusterIP"]; !ok {
		for _, field := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
			if _, ok := spec[field]; ok {
				spec[field] = unknown
			}
		}
	}
	asked, _ := given["ports"].([]any)
	ports, _ := spec["ports"].([]any)
	for i, port := range ports {
		p, _ := port.(map[string]any)
		a, _ := item(asked, i).(map[string]any)
		_, has := p["nodePort"]
		if _, set := a["nodePort"]; has && !set {
			p["nodePort"] = unknown
		}
	}
}
