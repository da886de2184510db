package kubernetes

import (
	"context"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// readiness is how far an object has come.
type readiness struct {
	ready bool
	// failed: it will not become ready by waiting.
	failed bool
	// message says what is there and what is missing; it completes "Waiting for Kind name: ".
	message string
}

// gate is what a kind waits for.
type gate struct {
	judge   func(context.Context, *cluster, *unstructured.Unstructured) (readiness, error)
	timeout time.Duration
	// related are other objects on which the answer depends, by label.
	related *related
}

type related struct {
	gvk      schema.GroupVersionKind
	selector func(*unstructured.Unstructured) labels.Selector
}

var (
	jobKind     = schema.GroupKind{Group: "batch", Kind: "Job"}
	podKind     = schema.GroupKind{Kind: "Pod"}
	serviceKind = schema.GroupKind{Kind: "Service"}
	claimKind   = schema.GroupKind{Kind: "PersistentVolumeClaim"}
	crdKind     = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
)

// gates are the kinds that are waited for, with the published provider's times. Other kinds are ready once they exist
// (a PodDisruptionBudget, say, waits for nobody), unless an annotation says what to wait for.
var gates = map[schema.GroupKind]gate{
	{Group: "apps", Kind: "DaemonSet"}:            {judge: judgeWorkload, timeout: 10 * time.Minute},
	{Group: "apps", Kind: "Deployment"}:           {judge: judgeWorkload, timeout: 10 * time.Minute},
	{Group: "apps", Kind: "ReplicaSet"}:           {judge: judgeWorkload, timeout: 10 * time.Minute},
	{Group: "apps", Kind: "StatefulSet"}:          {judge: judgeWorkload, timeout: 10 * time.Minute},
	crdKind:                                       {judge: judgeStatus, timeout: 10 * time.Minute},
	jobKind:                                       {judge: judgeJob, timeout: 10 * time.Minute},
	podKind:                                       {judge: judgePod, timeout: 10 * time.Minute},
	claimKind:                                     {judge: judgeClaim, timeout: 5 * time.Minute},
	{Kind: "PersistentVolume"}:                    {judge: judgeVolume, timeout: 5 * time.Minute},
	{Kind: "ReplicationController"}:               {judge: judgeReplicationController, timeout: 10 * time.Minute},
	{Kind: "ResourceQuota"}:                       {judge: judgeQuota, timeout: time.Minute},
	{Kind: "Secret"}:                              {judge: judgeSecret, timeout: 5 * time.Second},
	{Group: "networking.k8s.io", Kind: "Ingress"}: {judge: judgeIngress, timeout: 10 * time.Minute},
	serviceKind: {
		judge: judgeService, timeout: 10 * time.Minute,
		related: &related{discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"), endpointsOf},
	},
}

// judgeWorkload is judgeStatus for those that go on trying: a Deployment that exceeded its progress deadline may yet
// progress, and does when what held it up is put right.
func judgeWorkload(ctx context.Context, c *cluster, o *unstructured.Unstructured) (readiness, error) {
	state, err := judgeStatus(ctx, c, o)
	state.failed = false
	return state, err
}

// judgeStatus asks kstatus, which knows the workloads' statuses, revisions and generations.
func judgeStatus(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	result, err := status.Compute(o)
	if err != nil {
		return readiness{}, fmt.Errorf("the status of %s cannot be read: %w", describe(o), err)
	}
	return readiness{
		ready:   result.Status == status.CurrentStatus,
		failed:  result.Status == status.FailedStatus,
		message: result.Message,
	}, nil
}

// judgeJob waits for the end. (To kstatus a Job that runs is as it should be.)
func judgeJob(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	if c, ok := condition(o, "Failed"); ok && c.status == "True" {
		return readiness{failed: true, message: "it failed: " + c.text()}, nil
	}
	if c, ok := condition(o, "Complete"); ok && c.status == "True" {
		return readiness{ready: true, message: "complete"}, nil
	}
	if suspended, _, _ := unstructured.NestedBool(o.Object, "spec", "suspend"); suspended {
		return readiness{message: "it is suspended"}, nil
	}
	active, succeeded, failed := number(o, "status", "active"), number(o, "status", "succeeded"), number(o, "status", "failed")
	return readiness{message: fmt.Sprintf("%d active, %d succeeded, %d failed", active, succeeded, failed)}, nil
}

// judgePod waits for Ready, or for the end. A container in a crash loop, or a Pod with no node yet, may still recover.
func judgePod(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	phase, _, _ := unstructured.NestedString(o.Object, "status", "phase")
	switch corev1.PodPhase(phase) {
	case corev1.PodSucceeded:
		return readiness{ready: true, message: "it has completed"}, nil
	case corev1.PodFailed:
		reason, _, _ := unstructured.NestedString(o.Object, "status", "message")
		return readiness{failed: true, message: "it failed " + reason}, nil
	case corev1.PodRunning:
		c, ok := condition(o, "Ready")
		if ok && c.status == "True" {
			return readiness{ready: true, message: "ready"}, nil
		}
		return readiness{message: "it runs, but is not ready"}, nil
	case "":
		phase = "not seen yet"
	}
	return readiness{message: phase}, nil
}

// judgeClaim waits for a volume, except where the class makes one only once a Pod wants it.
func judgeClaim(ctx context.Context, c *cluster, o *unstructured.Unstructured) (readiness, error) {
	phase, _, _ := unstructured.NestedString(o.Object, "status", "phase")
	switch corev1.PersistentVolumeClaimPhase(phase) {
	case corev1.ClaimBound:
		return readiness{ready: true, message: "bound"}, nil
	case corev1.ClaimLost:
		return readiness{failed: true, message: "its volume is lost"}, nil
	}
	class, _, _ := unstructured.NestedString(o.Object, "spec", "storageClassName")
	volume, _, _ := unstructured.NestedString(o.Object, "spec", "volumeName")
	message := "not bound to a volume yet"
	if class != "" {
		message += " (storage class " + class + ")"
	}
	if phase != string(corev1.ClaimPending) || class == "" || volume != "" {
		return readiness{message: message}, nil
	}
	storage, err := c.typed.StorageV1().StorageClasses().Get(ctx, class, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		// Volumes made beforehand may share a class name that stands for no class.
		return readiness{message: message + "; there is no such class, so nothing makes a volume"}, nil
	case err != nil:
		return readiness{}, asUnreachable(err)
	}
	if mode := storage.VolumeBindingMode; mode != nil && *mode == storagev1.VolumeBindingWaitForFirstConsumer {
		return readiness{ready: true, message: "it will be bound when a Pod uses it"}, nil
	}
	return readiness{message: message}, nil
}

func judgeVolume(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	phase, _, _ := unstructured.NestedString(o.Object, "status", "phase")
	switch corev1.PersistentVolumePhase(phase) {
	case corev1.VolumeAvailable, corev1.VolumeBound:
		return readiness{ready: true, message: phase}, nil
	case corev1.VolumeFailed:
		reason, _, _ := unstructured.NestedString(o.Object, "status", "message")
		return readiness{failed: true, message: "it failed " + reason}, nil
	}
	return readiness{message: "neither available nor bound yet"}, nil
}

func judgeReplicationController(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	want, have := number(o, "spec", "replicas"), number(o, "status", "availableReplicas")
	return readiness{ready: want == have, message: fmt.Sprintf("Available: %d/%d", have, want)}, nil
}

func judgeQuota(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	want, _, _ := unstructured.NestedMap(o.Object, "spec", "hard")
	have, _, _ := unstructured.NestedMap(o.Object, "status", "hard")
	return readiness{
		ready: len(want) == 0 || reflect.DeepEqual(want, have), message: "its limits are not in force yet",
	}, nil
}

// judgeSecret waits for a token that a controller fills in; other Secrets are complete as they are.
func judgeSecret(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	kind, _, _ := unstructured.NestedString(o.Object, "type")
	data, _, _ := unstructured.NestedMap(o.Object, "data")
	return readiness{
		ready:   kind != string(corev1.SecretTypeServiceAccountToken) || len(data) > 0,
		message: "no token has been issued yet; does its service account exist?",
	}, nil
}

func judgeIngress(_ context.Context, _ *cluster, o *unstructured.Unstructured) (readiness, error) {
	addresses, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
	return readiness{
		ready: len(addresses) > 0, message: "no load balancer has given it an address; is there an Ingress controller?",
	}, nil
}

// judgeService waits until none of the Pods that the Service selects is unready, which none is if it selects none;
// and, for a load balancer, until there is an address. A headless Service, an external name and one without a selector
// wait for no Pod. So it is in the published provider since 4.16; that one lets ten more seconds pass after each
// change of the endpoints, which would only lengthen the wait here.
func judgeService(ctx context.Context, c *cluster, o *unstructured.Unstructured) (readiness, error) {
	kind, _, _ := unstructured.NestedString(o.Object, "spec", "type")
	address, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP")
	selector, _, _ := unstructured.NestedMap(o.Object, "spec", "selector")
	if kind != string(corev1.ServiceTypeExternalName) && address != corev1.ClusterIPNone && len(selector) > 0 {
		slices, err := c.typed.DiscoveryV1().EndpointSlices(o.GetNamespace()).List(ctx, metav1.ListOptions{
			LabelSelector: endpointsOf(o).String(),
		})
		if err != nil {
			return readiness{}, asUnreachable(err)
		}
		if len(slices.Items) == 0 {
			return readiness{message: "its endpoints are not known yet"}, nil
		}
		unready := map[string]bool{}
		total := map[string]bool{}
		for _, slice := range slices.Items {
			for _, endpoint := range slice.Endpoints {
				if t := endpoint.Conditions.Terminating; t != nil && *t {
					continue
				}
				for _, ip := range endpoint.Addresses {
					total[ip] = true
					if r := endpoint.Conditions.Ready; r != nil && !*r {
						unready[ip] = true
					}
				}
			}
		}
		if len(unready) > 0 {
			return readiness{message: fmt.Sprintf("%d of the %d Pods that it selects are not ready", len(unready), len(total))}, nil
		}
	}
	if kind == string(corev1.ServiceTypeLoadBalancer) {
		addresses, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
		if len(addresses) == 0 {
			return readiness{message: "it was not allocated an address; does the cloud provider support this?"}, nil
		}
	}
	return readiness{ready: true, message: "ready"}, nil
}

func endpointsOf(service *unstructured.Unstructured) labels.Selector {
	return labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service.GetName()})
}

func number(o *unstructured.Unstructured, path ...string) int64 {
	n, _, _ := unstructured.NestedInt64(o.Object, path...)
	return n
}

// statusCondition is one of an object's status.conditions.
type statusCondition struct{ kind, status, reason, message string }

func (c statusCondition) text() string {
	switch {
	case c.reason == "":
		return c.message
	case c.message == "":
		return c.reason
	}
	return c.reason + ": " + c.message
}

func conditions(o *unstructured.Unstructured) []statusCondition {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	var result []statusCondition
	for _, e := range list {
		m, _ := e.(map[string]any)
		text := func(key string) string { s, _ := m[key].(string); return s }
		result = append(result, statusCondition{text("type"), text("status"), text("reason"), text("message")})
	}
	return result
}

func condition(o *unstructured.Unstructured, kind string) (statusCondition, bool) {
	for _, c := range conditions(o) {
		if c.kind == kind {
			return c, true
		}
	}
	return statusCondition{}, false
}
