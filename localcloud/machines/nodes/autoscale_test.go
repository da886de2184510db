package nodes

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/cloud"
)

func machineOf(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		Allocatable: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("8Gi")},
	}}
}

func podOn(node, cpu string, annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Annotations: annotations, OwnerReferences: []metav1.OwnerReference{{Controller: ptr.To(true)}}},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}},
		}}},
	}
}

// of puts a pod under a namespace and a label.
func of(namespace, app string, pod *corev1.Pod) *corev1.Pod {
	pod.Namespace, pod.Labels = namespace, map[string]string{"app": app}
	return pod
}

// budget allows a number of disruptions of an application's pods.
func budget(namespace, app string, allowed int32) policyv1.PodDisruptionBudget {
	return policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}},
		Status:     policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: allowed},
	}
}

// The rules are those of kubernetes/autoscaler, cluster-autoscaler/FAQ.md, "What types of pods can prevent CA from removing a node?"
// and simulator/drainability/rules.
func TestRemovable(t *testing.T) {
	daemon := of(metav1.NamespaceSystem, "logs", podOn("a", "100m", nil))
	daemon.OwnerReferences[0].Kind = "DaemonSet"
	dns := func() *corev1.Pod { return of(metav1.NamespaceSystem, "dns", podOn("a", "100m", nil)) }
	web := func() *corev1.Pod { return of("wordpress", "web", podOn("a", "100m", nil)) }
	budgets := []policyv1.PodDisruptionBudget{budget("wordpress", "web", 1), budget("wordpress", "stuck", 0), budget(metav1.NamespaceSystem, "metrics", 1)}
	orphan := podOn("a", "100m", nil)
	orphan.OwnerReferences = nil
	ended := podOn("b", "1900m", nil)
	ended.Status.Phase = corev1.PodSucceeded
	for name, c := range map[string]struct {
		pods []*corev1.Pod
		want bool
	}{
		"an empty machine":                            {nil, true},
		"a little used one":                           {[]*corev1.Pod{podOn("a", "900m", nil), podOn("b", "500m", nil)}, true},
		"one that is half used":                       {[]*corev1.Pod{podOn("a", "1", nil)}, false},
		"one whose pods find no room":                 {[]*corev1.Pod{podOn("a", "900m", nil), podOn("b", "1200m", nil)}, false},
		"one whose pods find room after a Job":        {[]*corev1.Pod{podOn("a", "900m", nil), ended}, true},
		"one with a pod that must stay":               {[]*corev1.Pod{podOn("a", "100m", map[string]string{safeToEvict: "false"})}, false},
		"one with a pod that nobody replaces":         {[]*corev1.Pod{orphan}, false},
		"one with a pod of kube-system":               {[]*corev1.Pod{dns()}, false},
		"one with a pod of kube-system with a budget": {[]*corev1.Pod{of(metav1.NamespaceSystem, "metrics", podOn("a", "100m", nil))}, true},
		"one with a pod of kube-system that may move": {[]*corev1.Pod{of(metav1.NamespaceSystem, "dns", podOn("a", "100m", map[string]string{safeToEvict: "true"}))}, true},
		"one with a DaemonSet's pod":                  {[]*corev1.Pod{daemon}, true},
		"one with as many pods as a budget allows":    {[]*corev1.Pod{web(), of("other", "web", podOn("a", "100m", nil))}, true},
		"one with more pods than a budget allows":     {[]*corev1.Pod{web(), web()}, false},
		"one with a pod whose budget is used up":      {[]*corev1.Pod{of("wordpress", "stuck", podOn("a", "100m", nil))}, false},
		"one with the node's own pods only":           {[]*corev1.Pod{podOn("a", "100m", map[string]string{corev1.MirrorPodAnnotationKey: "x"})}, true},
	} {
		a, b := machineOf("a"), machineOf("b")
		if got := removable(a, []*corev1.Node{a, b}, c.pods, budgets); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
	lost := machineOf("a")
	lost.Status.Conditions[0].Status = corev1.ConditionUnknown
	if removable(lost, []*corev1.Node{lost, machineOf("b")}, nil, nil) {
		t.Error("a lost machine is repaired, not removed")
	}
}

// A pod that waits for the preemption of others calls for no machine: the same FAQ, "How does Cluster Autoscaler work with Pod
// Priority and Preemption?"
func TestFitsOnNew(t *testing.T) {
	pool := cloud.NodePool{MachineType: "e2-standard-2"}
	waiting := func(cpu string) *corev1.Pod {
		pod := podOn("", cpu, nil)
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}}
		return pod
	}
	nominated := waiting("300m")
	nominated.Status.NominatedNodeName = "a"
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"one that finds no room":                   {waiting("300m"), true},
		"one that is larger than a machine":        {waiting("2"), false},
		"one that waits for a preemption":          {nominated, false},
		"one that the scheduler has not looked at": {podOn("", "300m", nil), false},
		"one that runs":                            {podOn("a", "300m", nil), false},
	} {
		if got := (&Pools{}).fitsOnNew(c.pod, pool); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
