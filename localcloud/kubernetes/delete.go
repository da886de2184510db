package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// hasty are the kinds for which skipAwait skips the wait for the end, too, as in the published provider.
var hasty = map[schema.GroupKind]bool{
	{Kind: "Namespace"}: true, podKind: true, {Kind: "ReplicationController"}: true,
	{Group: "apps", Kind: "DaemonSet"}: true, {Group: "apps", Kind: "Deployment"}: true,
	{Group: "apps", Kind: "StatefulSet"}: true, jobKind: true,
}

// Delete deletes an object and waits until it is gone, its dependents first unless an annotation says otherwise. What
// is gone already is fine, and so is an object of the same name that is not the one that was made: it is left alone.
func (p *provider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	op, ctx, done, err := p.begin(ctx, req.URN, req.Inputs, req.Outputs)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	defer done()
	state, err := toManifest(req.Outputs)
	if err != nil {
		return plugin.DeleteResponse{}, asStatus(err)
	}
	inputs, err := toManifest(req.Inputs)
	if err != nil {
		return plugin.DeleteResponse{}, asStatus(err)
	}
	if len(inputs.Object) == 0 {
		inputs = state
	}
	gvk, err := kindOf(req.URN.Type())
	if err != nil {
		return plugin.DeleteResponse{}, asStatus(err)
	}
	namespace, name := splitID(req.ID, state.GetNamespace())

	err = op.delete(ctx, gvk, namespace, name, inputs.Object, state.GetUID(), req.Timeout)
	var stays *awaitError
	switch {
	case err == nil, meta.IsNoMatchError(err):
		// Without its kind there is no object either.
		return plugin.DeleteResponse{}, nil
	case isGone(err) && p.settings.deleteUnreachable:
		op.warn(ctx, "%s; %s %s is taken off the state all the same (deleteUnreachable)", err, gvk.Kind, req.ID)
		return plugin.DeleteResponse{}, nil
	case isUnreachable(err):
		return plugin.DeleteResponse{}, asStatus(fmt.Errorf("%w. If the cluster is gone for good, the provider's option "+
			"deleteUnreachable takes what was in it off the state", err))
	case errors.As(err, &stays):
		return plugin.DeleteResponse{}, op.failure(err, "%s %s was not deleted", gvk.Kind, req.ID)
	}
	return plugin.DeleteResponse{}, op.failure(err, "%s %s cannot be deleted", gvk.Kind, req.ID)
}

func (o *operation) delete(
	ctx context.Context, gvk schema.GroupVersionKind, namespace, name string, inputs map[string]any, uid types.UID,
	custom float64,
) error {
	e, err := o.cluster.endpoint(gvk, namespace)
	if err != nil {
		return err
	}
	live, err := o.get(ctx, e, name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if uid != "" && live.GetUID() != uid {
		o.warn(ctx, "%s is not the one that was created: somebody deleted that and made another, which is left alone",
			describe(live))
		return nil
	}
	live.SetGroupVersionKind(gvk)
	if err := o.requestDeletion(ctx, e, live, inputs); err != nil {
		return err
	}
	if annotated(inputs, annotationSkipAwait) && hasty[gvk.GroupKind()] {
		return nil
	}
	return o.awaitGone(ctx, e, live, timeoutOf(custom, inputs, 10*time.Minute))
}

// requestDeletion asks for the end of this very object.
func (o *operation) requestDeletion(
	ctx context.Context, e endpoint, live *unstructured.Unstructured, inputs map[string]any,
) error {
	uid, propagation := live.GetUID(), propagationOf(inputs)
	err := persist(ctx, func(ctx context.Context) error {
		ctx, done := seenThrough(ctx)
		defer done()
		return e.Delete(ctx, live.GetName(), metav1.DeleteOptions{
			PropagationPolicy: &propagation,
			Preconditions:     &metav1.Preconditions{UID: &uid},
		})
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
