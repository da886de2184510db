package nodes

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestHeaviest(t *testing.T) {
	holds := func(node string, phase corev1.PodPhase) *corev1.Pod {
		pod := podOn(node, "100m", nil)
		pod.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"},
		}}}
		pod.Status.Phase = phase
		return pod
	}
	pods := []*corev1.Pod{
		podOn("oldest", "1", nil), podOn("oldest", "1", nil), holds("oldest", corev1.PodSucceeded), holds("oldest", corev1.PodSucceeded),
		holds("disks", corev1.PodRunning), holds("disks", corev1.PodPending), holds("one", corev1.PodRunning),
	}
	got := heaviest([]string{"oldest", "one", "disks", "youngest"}, pods)
	if want := []string{"disks", "one", "oldest", "youngest"}; !slices.Equal(got, want) {
		t.Errorf("machines go in the order %v, want %v", got, want)
	}
}
