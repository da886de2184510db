package livetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// request changes the size that a claim requests.
func (r *region) request(t *testing.T, namespace, claim, size string) error {
	_, err := r.client.CoreV1().PersistentVolumeClaims(namespace).Patch(t.Context(), claim, types.MergePatchType,
		[]byte(`{"spec":{"resources":{"requests":{"storage":"`+size+`"}}}}`), metav1.PatchOptions{})
	return err
}

// claimState is a claim's capacity and conditions, and its volume's capacity.
func (r *region) claimState(t *testing.T, namespace, claim string) string {
	c, err := r.client.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), claim, metav1.GetOptions{})
	require.NoError(t, err)
	pv, err := r.client.CoreV1().PersistentVolumes().Get(t.Context(), c.Spec.VolumeName, metav1.GetOptions{})
	require.NoError(t, err)
	state := fmt.Sprintf("%s of %s", c.Status.Capacity.Storage(), pv.Spec.Capacity.Storage())
	for _, condition := range c.Status.Conditions {
		state += " " + string(condition.Type)
	}
	for _, progress := range c.Status.AllocatedResourceStatuses {
		state += " " + string(progress)
	}
	for _, before := range pv.Annotations {
		if before == "10Gi" || before == "20Gi" {
			state += " from " + before
		}
	}
	return state
}

func (r *region) becomes(t *testing.T, namespace, claim, want string) {
	t.Helper()
	var state string
	defer func() {
		if state != want {
			t.Logf("%s is %q", claim, state)
		}
	}()
	eventually(t, claim+" is "+want, func() (bool, error) {
		state = r.claimState(t, namespace, claim)
		return state == want, nil
	})
}

// A claim grows with its disk, volume and file system while a pod uses it, if its class allows that.
func TestClaimsGrow(t *testing.T) {
	r := world.regions[0]
	ns, _ := r.sharers(t, "growth")
	pods := r.ready(t, ns, "disk=shared", 2)
	size := func() int {
		d, _ := world.facts.Disk(fmt.Sprintf("projects/%s/zones/%s/disks/growth-shared", project, r.pool.Zone))
		return d.SizeGB
	}

	require.ErrorContains(t, r.request(t, ns, "shared", "20Gi"), "only dynamically provisioned pvc can be resized")
	_, err := r.client.StorageV1().StorageClasses().Create(t.Context(), &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "static"}, Provisioner: "kubernetes.io/no-provisioner",
		AllowVolumeExpansion: ptr.To(true),
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = r.client.StorageV1().StorageClasses().Delete(context.Background(), "static", metav1.DeleteOptions{})
	})
	eventually(t, "the claim may grow", func() (bool, error) {
		err := r.request(t, ns, "shared", "20Gi")
		return err == nil, err
	})
	r.becomes(t, ns, "shared", "20Gi of 20Gi")
	require.Equal(t, 20, size())
	r.event(t, ns, "Normal FileSystemResizeSuccessful shared")

	// A disk that has grown already grows no further, and its file system fills it.
	_, err = world.facts.Resize("projects/"+project+"/zones/"+r.pool.Zone+"/disks/growth-shared", 40)
	require.NoError(t, err)
	require.NoError(t, r.request(t, ns, "shared", "30Gi"))
	r.becomes(t, ns, "shared", "40Gi of 40Gi")
	require.Equal(t, 40, size())

	// Without a pod, the disk grows at once, and the file system when a pod mounts it.
	r.diskClaim(t, ns, "idle")
	require.NoError(t, r.request(t, ns, "idle", "20Gi"))
	r.becomes(t, ns, "idle", "10Gi of 20Gi Resizing FileSystemResizePending NodeResizePending from 10Gi")
	c := server(8080)
	c.VolumeMounts = []corev1.VolumeMount{{Name: "idle", MountPath: "/idle"}}
	r.deployment(t, ns, "idle", 1, corev1.PodSpec{
		Volumes: []corev1.Volume{volumeFromClaim("idle", "idle")}, Containers: []corev1.Container{c},
	})
	r.ready(t, ns, "app=idle", 1)
	r.becomes(t, ns, "idle", "20Gi of 20Gi")

	require.ErrorContains(t, r.request(t, ns, "idle", "15Gi"), "field can not be less than")
	for i, pod := range r.ready(t, ns, "disk=shared", 2) {
		require.Equal(t, pods[i].UID, pod.UID)
		require.Zero(t, pod.Status.ContainerStatuses[0].RestartCount)
	}
	require.Empty(t, r.warnings(t, ns))
}
