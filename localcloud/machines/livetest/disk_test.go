package livetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// term selects the machine of the pods with the labels.
func term(labels map[string]string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{LabelSelector: &metav1.LabelSelector{MatchLabels: labels}, TopologyKey: corev1.LabelHostname}
}

// bound requires a term, wishing prefers it.
func bound(labels map[string]string) *corev1.PodAffinity {
	return &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term(labels)}}
}

func wishing(labels map[string]string) *corev1.PodAffinity {
	return &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
		{Weight: 100, PodAffinityTerm: term(labels)},
	}}
}

// sharer creates a StatefulSet of one pod, on a disk that it shares with another's pod.
func (r *region) sharer(t *testing.T, namespace, app string, beside *corev1.PodAffinity) {
	t.Helper()
	all := map[string]string{"app": app, "disk": "shared"}
	c := server(8080)
	c.VolumeMounts = []corev1.VolumeMount{{Name: "shared", MountPath: "/shared"}}
	pod := corev1.PodSpec{
		Volumes: []corev1.Volume{volumeFromClaim("shared", "shared")}, Containers: []corev1.Container{c},
		TerminationGracePeriodSeconds: ptr.To[int64](1),
	}
	pod.Affinity = &corev1.Affinity{PodAffinity: beside}
	_, err := r.client.AppsV1().StatefulSets(namespace).Create(t.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: app},
		Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To[int32](1), Selector: &metav1.LabelSelector{MatchLabels: labels(app)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: all}, Spec: pod},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// sharers creates the pods nfs-0 and sync-0, as the NFS server and Syncthing are declared, and returns their machine.
func (r *region) sharers(t *testing.T, name string) (namespace, machine string) {
	t.Helper()
	ns := r.namespace(t, name)
	r.diskClaim(t, ns, "shared")
	r.sharer(t, ns, "nfs", wishing(map[string]string{"disk": "shared"}))
	home := r.ready(t, ns, "app=nfs", 1)[0].Spec.NodeName
	r.sharer(t, ns, "sync", bound(labels("nfs")))
	require.Equal(t, home, r.ready(t, ns, "app=sync", 1)[0].Spec.NodeName)
	return ns, home
}

// Two pods share a disk. When one is recreated and the other machine has more room, it still returns to the machine of
// the other pod: elsewhere it would wait forever for the disk.
func TestPodsThatShareADiskStayTogether(t *testing.T) {
	r := world.regions[0]
	ns, home := r.sharers(t, "together")
	// Make the other machine the better choice.
	filler := server(8080)
	filler.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: quantityOf("600m")}
	_, err := r.client.CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "filler", Labels: labels("filler")},
		Spec:       corev1.PodSpec{NodeSelector: map[string]string{corev1.LabelHostname: home}, Containers: []corev1.Container{filler}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	r.ready(t, ns, "app=filler", 1)

	old, err := r.client.CoreV1().Pods(ns).Get(t.Context(), "nfs-0", metav1.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, r.client.CoreV1().Pods(ns).Delete(t.Context(), "nfs-0", metav1.DeleteOptions{}))
	var again *corev1.Pod
	eventually(t, "another pod has a machine", func() (bool, error) {
		again, err = r.client.CoreV1().Pods(ns).Get(t.Context(), "nfs-0", metav1.GetOptions{})
		return err == nil && again.UID != old.UID && again.Spec.NodeName != "", nil
	})
	require.Equal(t, home, again.Spec.NodeName)
	r.ready(t, ns, "app=nfs", 1)
}

// When the machine of two pods that share a disk is drained, both soon run on the other machine. If each required the
// other, the scheduler would not retry the first for five minutes after the second is gone.
func TestPodsThatShareADiskLeaveADrainedMachine(t *testing.T) {
	r := world.regions[0]
	ns, home := r.sharers(t, "drained")
	cordon := func(on bool) {
		t.Helper()
		patch := fmt.Sprintf(`{"spec":{"unschedulable":%t}}`, on)
		_, err := r.client.CoreV1().Nodes().Patch(context.Background(), home, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		require.NoError(t, err)
	}
	cordon(true)
	t.Cleanup(func() { cordon(false) })
	for _, name := range []string{"nfs-0", "sync-0"} {
		require.NoError(t, r.client.CoreV1().Pods(ns).Delete(t.Context(), name, metav1.DeleteOptions{}))
		time.Sleep(time.Second) // the scheduler tries the first while the second still exists
	}
	eventually(t, "both are ready elsewhere", func() (bool, error) {
		for _, name := range []string{"nfs-0", "sync-0"} {
			p, err := r.client.CoreV1().Pods(ns).Get(t.Context(), name, metav1.GetOptions{})
			if err != nil || p.Spec.NodeName == home || !isReady(p) {
				return false, err
			}
		}
		return true, nil
	})
}
