package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// How much an account of a failed wait tells at most: the rest is seldom news.
const (
	maxPods   = 5
	maxEvents = 3 // per object
)

// explain tells what keeps an object from being ready: its conditions, the Pods that are not ready and why, and the
// last warnings about it, its Pods and their claims. It leaves out what it cannot find out.
func (o *operation) explain(ctx context.Context, object *unstructured.Unstructured) []string {
	var reasons []string
	for _, c := range conditions(object) {
		if adverse(c) {
			reasons = append(reasons, fmt.Sprintf("[%s] condition %s is %s: %s", describe(object), c.kind, c.status, c.text()))
		}
	}
	gk := object.GroupVersionKind().GroupKind()
	reasons = append(reasons, o.explainEvents(ctx, gk.Kind, object.GetNamespace(), object.GetName(), object.GetUID())...)
	controllers, pods := o.podsOf(ctx, object)
	for _, controller := range controllers {
		reasons = append(reasons,
			o.explainEvents(ctx, "ReplicaSet", controller.Namespace, controller.Name, controller.UID)...)
	}
	claims := map[string]bool{}
	for i := range pods {
		pod := &pods[i]
		reasons = append(reasons, explainPod(pod)...)
		if gk != podKind {
			reasons = append(reasons, o.explainEvents(ctx, "Pod", pod.Namespace, pod.Name, pod.UID)...)
		}
		for _, v := range pod.Spec.Volumes {
			if v.PersistentVolumeClaim != nil && !claims[v.PersistentVolumeClaim.ClaimName] {
				claims[v.PersistentVolumeClaim.ClaimName] = true
				reasons = append(reasons, o.explainClaim(ctx, pod.Namespace, v.PersistentVolumeClaim.ClaimName)...)
			}
		}
	}
	// Replicas share their troubles.
	var distinct []string
	for _, r := range reasons {
		if !slices.Contains(distinct, r) {
			distinct = append(distinct, r)
		}
	}
	return distinct
}

// adverse says whether a condition speaks of trouble. Most are good when true; those are the others that the kinds
// waited for have.
func adverse(c statusCondition) bool {
	switch c.kind {
	case "Failed", "FailureTarget", "ReplicaFailure", "DisruptionTarget", "Suspended", "Stalled",
		"NamespaceDeletionDiscoveryFailure", "NamespaceDeletionContentFailure",
		"NamespaceDeletionGroupVersionParsingFailure", "NamespaceContentRemaining", "NamespaceFinalizersRemaining":
		return c.status == "True"
	case "SuccessCriteriaMet", "Complete", "Reconciling", "PodReadyToStartContainers":
		return false
	}
	return c.status == "False"
}

// explainPods is explain for the Pods alone.
func (o *operation) explainPods(ctx context.Context, object *unstructured.Unstructured) []string {
	_, pods := o.podsOf(ctx, object)
	var reasons []string
	for i := range pods {
		reasons = append(reasons, explainPod(&pods[i])...)
	}
	return reasons
}

// podsOf finds the Pods of an object that are not ready, at most maxPods, and the ReplicaSets in between: by its
// selector and, because selectors of others may overlap, by who controls them. A Service controls none.
func (o *operation) podsOf(
	ctx context.Context, object *unstructured.Unstructured,
) ([]metav1.ObjectMeta, []corev1.Pod) {
	selector, byOwner := selectorOf(object)
	if selector == nil {
		return nil, nil
	}
	text, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, nil
	}
	options := metav1.ListOptions{LabelSelector: text.String()}
	if object.GroupVersionKind().GroupKind() == podKind {
		options = byName(object.GetName())
	}
	owners := map[types.UID]bool{object.GetUID(): true}
	var controllers []metav1.ObjectMeta
	if object.GetKind() == "Deployment" {
		list, err := o.cluster.typed.AppsV1().ReplicaSets(object.GetNamespace()).List(ctx, options)
		if err != nil {
			return nil, nil
		}
		for _, rs := range list.Items {
			if owner := metav1.GetControllerOf(&rs); owner != nil && owner.UID == object.GetUID() {
				owners[rs.UID] = true
				controllers = append(controllers, rs.ObjectMeta)
			}
		}
	}
	list, err := o.cluster.typed.CoreV1().Pods(object.GetNamespace()).List(ctx, options)
	if err != nil {
		return controllers, nil
	}
	var pods []corev1.Pod
	for _, pod := range list.Items {
		owner := metav1.GetControllerOf(&pod)
		mine := !byOwner || pod.UID == object.GetUID() || (owner != nil && owners[owner.UID])
		if mine && !podReady(&pod) {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	return controllers, pods[:min(len(pods), maxPods)]
}

// selectorOf is how an object's Pods are labelled, and whether it controls them.
func selectorOf(object *unstructured.Unstructured) (*metav1.LabelSelector, bool) {
	switch object.GroupVersionKind().GroupKind() {
	case podKind:
		return &metav1.LabelSelector{}, true
	case serviceKind, schema.GroupKind{Kind: "ReplicationController"}:
		labels, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
		if len(labels) == 0 {
			return nil, false
		}
		return &metav1.LabelSelector{MatchLabels: labels}, object.GetKind() != "Service"
	case jobKind:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"batch.kubernetes.io/job-name": object.GetName()}}, true
	}
	labels, ok, _ := unstructured.NestedStringMap(object.Object, "spec", "selector", "matchLabels")
	if !ok || object.GroupVersionKind().Group != "apps" {
		return nil, false
	}
	return &metav1.LabelSelector{MatchLabels: labels}, true
}

func podReady(pod *corev1.Pod) bool {
	if pod.Status.Phase == corev1.PodSucceeded {
		return true
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// explainPod tells why a Pod is not ready: why it has no node, or what its containers wait for or ended with.
func explainPod(pod *corev1.Pod) []string {
	name := "[Pod " + identify(pod.Namespace, pod.Name) + "] "
	var reasons []string
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return append(reasons, name+join(": ", c.Reason, c.Message))
		}
	}
	if pod.Status.Phase == corev1.PodFailed && pod.Status.Reason != "" {
		reasons = append(reasons, name+join(": ", pod.Status.Reason, pod.Status.Message))
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		container := fmt.Sprintf("%scontainer %q (%s) ", name, c.Name, c.Image)
		switch {
		case c.State.Waiting != nil:
			w := c.State.Waiting
			text := container + "waits: " + join(": ", w.Reason, w.Message)
			if t := c.LastTerminationState.Terminated; t != nil {
				text += "; it " + ended(t)
			}
			reasons = append(reasons, text)
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			reasons = append(reasons, container+ended(c.State.Terminated))
		case c.State.Running != nil && !c.Ready:
			text := container + "runs, but is not ready"
			if c.RestartCount > 0 {
				text += fmt.Sprintf(" (restarted %d times)", c.RestartCount)
			}
			reasons = append(reasons, text)
		}
	}
	if len(reasons) == 0 && pod.Status.Phase != corev1.PodRunning {
		reasons = append(reasons, name+"is "+string(cmp.Or(pod.Status.Phase, corev1.PodPending)))
	}
	return reasons
}

func ended(t *corev1.ContainerStateTerminated) string {
	text := fmt.Sprintf("ended with exit code %d", t.ExitCode)
	if t.Signal != 0 {
		text = fmt.Sprintf("was ended by signal %d", t.Signal)
	}
	if more := join(": ", t.Reason, strings.TrimSpace(t.Message)); more != "" {
		text += " (" + more + ")"
	}
	return text
}

func (o *operation) explainClaim(ctx context.Context, namespace, name string) []string {
	claim, err := o.cluster.typed.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return []string{fmt.Sprintf("[PersistentVolumeClaim %s] %s", identify(namespace, name), err)}
	}
	if claim.Status.Phase == corev1.ClaimBound {
		return nil
	}
	return append(
		[]string{fmt.Sprintf("[PersistentVolumeClaim %s] is %s", identify(namespace, name), claim.Status.Phase)},
		o.explainEvents(ctx, "PersistentVolumeClaim", namespace, name, claim.UID)...)
}

// explainEvents tells the last warnings about an object, the latest first.
func (o *operation) explainEvents(ctx context.Context, kind, namespace, name string, uid types.UID) []string {
	selector := fields.Set{"involvedObject.uid": string(uid), "type": corev1.EventTypeWarning}
	// Events about what has no namespace are in the default one.
	list, err := o.cluster.typed.CoreV1().Events(cmp.Or(namespace, metav1.NamespaceDefault)).List(
		ctx, metav1.ListOptions{FieldSelector: selector.AsSelector().String()})
	if err != nil {
		return nil
	}
	events := list.Items
	slices.SortFunc(events, func(a, b corev1.Event) int { return lastSeen(b).Compare(lastSeen(a).Time) })
	var reasons []string
	for _, e := range events[:min(len(events), maxEvents)] {
		text := fmt.Sprintf("[%s %s] %s: %s", kind, identify(namespace, name), e.Reason, strings.TrimSpace(e.Message))
		if e.Count > 1 {
			text += fmt.Sprintf(" (%d times)", e.Count)
		}
		reasons = append(reasons, text)
	}
	return reasons
}

func lastSeen(e corev1.Event) metav1.Time {
	switch {
	case e.Series != nil:
		return metav1.Time{Time: e.Series.LastObservedTime.Time}
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp
	}
	return metav1.Time{Time: e.EventTime.Time}
}

// explainRemains tells why an object that is being deleted is still there.
func explainRemains(object *unstructured.Unstructured) []string {
	var reasons []string
	if finalizers := object.GetFinalizers(); len(finalizers) > 0 {
		reasons = append(reasons, fmt.Sprintf("[%s] it has finalizers, whose controllers have work to do first: %s",
			describe(object), strings.Join(finalizers, ", ")))
	}
	if finalizers, _, _ := unstructured.NestedStringSlice(object.Object, "spec", "finalizers"); len(finalizers) > 0 &&
		object.GetKind() == "Namespace" {
		reasons = append(reasons, fmt.Sprintf("[%s] what is in it is deleted first", describe(object)))
	}
	for _, c := range conditions(object) {
		if strings.HasPrefix(c.kind, "Namespace") && adverse(c) {
			reasons = append(reasons, fmt.Sprintf("[%s] %s", describe(object), c.text()))
		}
	}
	return reasons
}

// join puts the texts that are not empty together.
func join(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool { return t == "" }), separator)
}
