package nodes

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
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

func TestRemovable(t *testing.T) {
	orphan := podOn("a", "100m", nil)
	orphan.OwnerReferences = nil
	ended := podOn("b", "1900m", nil)
	ended.Status.Phase = corev1.PodSucceeded
	for name, c := range map[string]struct {
		pods []*corev1.Pod
		want bool
	}{
		"an empty machine":                     {nil, true},
		"a little used one":                    {[]*corev1.Pod{podOn("a", "900m", nil), podOn("b", "500m", nil)}, true},
		"one that is half used":                {[]*corev1.Pod{podOn("a", "1", nil)}, false},
		"one whose pods find no room":          {[]*corev1.Pod{podOn("a", "900m", nil), podOn("b", "1200m", nil)}, false},
		"one whose pods find room after a Job": {[]*corev1.Pod{podOn("a", "900m", nil), ended}, true},
		"one with a pod that must stay":        {[]*corev1.Pod{podOn("a", "100m", map[string]string{safeToEvict: "false"})}, false},
		"one with a pod that nobody replaces":  {[]*corev1.Pod{orphan}, false},
		"one with the node's own pods only":    {[]*corev1.Pod{podOn("a", "100m", map[string]string{corev1.MirrorPodAnnotationKey: "x"})}, true},
	} {
		a, b := machineOf("a"), machineOf("b")
		if got := removable(a, []*corev1.Node{a, b}, c.pods); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
	lost := machineOf("a")
	lost.Status.Conditions[0].Status = corev1.ConditionUnknown
	if removable(lost, []*corev1.Node{lost, machineOf("b")}, nil) {
		t.Error("a lost machine is repaired, not removed")
	}
}
