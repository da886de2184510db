package volumes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubeclient"
)

const (
	// annotationBefore is the claim's capacity before a growth that its machine has not completed.
	annotationBefore = "volume.alpha.kubernetes.io/pre-resize-capacity"
	// mountedPoll is the interval of checks for a pod that mounts a grown disk.
	mountedPoll = time.Second
)

// Resizer enlarges disks for claims that request more, as the resizer of the CSI driver of Compute Engine's disks does
// (kubernetes-csi/external-resizer), and then their file systems, as the driver does on a machine that mounts them.
type Resizer struct {
	client *kubeclient.Client
	facts  func() cloud.Facts
	grow   func(claim *corev1.PersistentVolumeClaim, handle string) (sizeGB int, pod *corev1.Pod)
	queue  *kubeclient.Queue // claims, by namespace/name
}

// NewResizer creates a resizer. grow enlarges a mounted file system to its disk's size. It returns that size in GiB, and
// the pod that has mounted the claim, nil if none has.
func NewResizer(client *kubeclient.Client, facts func() cloud.Facts,
	grow func(claim *corev1.PersistentVolumeClaim, handle string) (sizeGB int, pod *corev1.Pod),
) *Resizer {
	r := &Resizer{client: client, facts: facts, grow: grow}
	r.queue = client.NewQueue("resizing", r.process)
	return r
}

// Changed queues a claim.
func (r *Resizer) Changed(claim *corev1.PersistentVolumeClaim) {
	r.queue.Add(claim.Namespace + "/" + claim.Name)
}

// VolumeChanged queues the claim of a volume.
func (r *Resizer) VolumeChanged(pv *corev1.PersistentVolume) {
	if claim := pv.Spec.ClaimRef; claim != nil {
		r.queue.Add(claim.Namespace + "/" + claim.Name)
	}
}

// growth is a claim that requests more than it has, and its volume.
type growth struct {
	claim  *corev1.PersistentVolumeClaim
	volume *corev1.PersistentVolume
}

func requested(claim *corev1.PersistentVolumeClaim) resource.Quantity {
	return claim.Spec.Resources.Requests[corev1.ResourceStorage]
}

func (r *Resizer) process(ctx context.Context, key string) error {
	namespace, name, _ := strings.Cut(key, "/")
	claim, err := r.client.Claims.PersistentVolumeClaims(namespace).Get(name)
	if err != nil || claim.Status.Phase != corev1.ClaimBound {
		return kubeclient.IgnoreNotFound(err)
	}
	pv, err := r.client.Volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return err
	}
	if pv.Spec.CSI == nil || pv.Spec.CSI.Driver != DiskDriver || pv.Spec.ClaimRef == nil || pv.Spec.ClaimRef.UID != claim.UID {
		return nil
	}
	if claim.Status.Capacity.Storage().Cmp(*pv.Spec.Capacity.Storage()) >= 0 && pv.Annotations[annotationBefore] != "" {
		return r.patchVolume(ctx, pv, map[string]any{"metadata": map[string]any{"annotations": map[string]any{annotationBefore: nil}}})
	}
	if want := requested(claim); want.Cmp(*claim.Status.Capacity.Storage()) <= 0 {
		return nil
	}
	g := growth{claim.DeepCopy(), pv}
	if claim.Status.AllocatedResourceStatuses[corev1.ResourceStorage] == corev1.PersistentVolumeClaimNodeResizePending {
		return r.growFileSystem(ctx, g)
	}
	err = r.growDisk(ctx, g)
	if err != nil && !apierrors.IsConflict(err) {
		r.event(claim, corev1.EventTypeWarning, "VolumeResizeFailed", "resize volume %q by resizer %q failed: %v", pv.Name, DiskDriver, err)
	}
	return err
}

// growDisk enlarges the disk, if it is smaller than the claim requests, and records its size as the volume's capacity.
func (r *Resizer) growDisk(ctx context.Context, g growth) error {
	want := requested(g.claim)
	// If the volume seems to have grown already, the resizer resumes the growth before, with the size of that one.
	if before, ok := g.claim.Status.AllocatedResources[corev1.ResourceStorage]; ok && g.volume.Spec.Capacity.Storage().Cmp(want) >= 0 {
		want = before
	}
	status := &g.claim.Status
	status.AllocatedResources = corev1.ResourceList{corev1.ResourceStorage: want}
	g.mark(corev1.PersistentVolumeClaimControllerResizeInProgress, corev1.PersistentVolumeClaimResizing, "")
	if err := r.write(ctx, g); err != nil {
		return err
	}
	r.event(g.claim, corev1.EventTypeNormal, "Resizing", "External resizer is resizing volume %s", g.volume.Name)
	facts := r.facts()
	if facts == nil {
		return fmt.Errorf("the cloud does not answer")
	}
	const gib = 1 << 30
	size, err := facts.Resize(g.volume.Spec.CSI.VolumeHandle, int((want.Value()+gib-1)/gib))
	if err != nil {
		return err
	}
	if err := r.patchVolume(ctx, g.volume, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{annotationBefore: status.Capacity.Storage().String()}},
		"spec":     map[string]any{"capacity": corev1.ResourceList{corev1.ResourceStorage: inGiB(size)}},
	}); err != nil {
		return err
	}
	g.mark(corev1.PersistentVolumeClaimNodeResizePending, corev1.PersistentVolumeClaimFileSystemResizePending,
		"Waiting for user to (re-)start a pod to finish file system resize of volume on node.")
	r.event(g.claim, corev1.EventTypeNormal, "FileSystemResizeRequired", "Require file system resize of volume on node")
	return r.write(ctx, g)
}

// growFileSystem enlarges the file system under the pods that have mounted it, and records its size as the claim's
// capacity. Without such a pod it checks again later.
func (r *Resizer) growFileSystem(ctx context.Context, g growth) error {
	size, pod := r.grow(g.claim, g.volume.Spec.CSI.VolumeHandle)
	if pod == nil {
		r.queue.AddAfter(g.claim.Namespace+"/"+g.claim.Name, mountedPoll)
		return nil
	}
	capacity := inGiB(size)
	if capacity.Cmp(*g.volume.Spec.Capacity.Storage()) < 0 {
		err := fmt.Errorf("resize requested for %d but after resize volume was size %d", g.volume.Spec.Capacity.Storage().Value(), capacity.Value())
		r.event(g.claim, corev1.EventTypeWarning, "VolumeResizeFailed", "NodeExpandVolume.NodeExpandVolume failed for volume %q: %v", g.volume.Name, err)
		return err
	}
	g.claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: capacity}
	g.claim.Status.AllocatedResourceStatuses = nil
	g.claim.Status.Conditions = nil
	if err := r.write(ctx, g); err != nil {
		return err
	}
	r.event(g.claim, corev1.EventTypeNormal, "FileSystemResizeSuccessful", "MountVolume.NodeExpandVolume succeeded for volume %q %s", g.volume.Name, pod.Spec.NodeName)
	return nil
}

// mark sets the claim's progress and adds the condition that goes with it.
func (g growth) mark(progress corev1.ClaimResourceStatus, condition corev1.PersistentVolumeClaimConditionType, message string) {
	status := &g.claim.Status
	status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{corev1.ResourceStorage: progress}
	status.Conditions = append(slices.DeleteFunc(status.Conditions, func(c corev1.PersistentVolumeClaimCondition) bool {
		return c.Type == condition || progress == corev1.PersistentVolumeClaimControllerResizeInProgress
	}), corev1.PersistentVolumeClaimCondition{Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now(), Message: message})
}

// write writes the claim's status.
func (r *Resizer) write(ctx context.Context, g growth) error {
	written, err := r.client.CoreV1().PersistentVolumeClaims(g.claim.Namespace).UpdateStatus(ctx, g.claim, metav1.UpdateOptions{})
	if err == nil {
		*g.claim = *written
	}
	return err
}

func (r *Resizer) patchVolume(ctx context.Context, pv *corev1.PersistentVolume, body map[string]any) error {
	patch, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = r.client.CoreV1().PersistentVolumes().Patch(ctx, pv.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

func (r *Resizer) event(claim *corev1.PersistentVolumeClaim, kind, reason, format string, args ...any) {
	r.client.Recorder("external-resizer "+DiskDriver, "").Eventf(claim, kind, reason, format, args...)
}

func inGiB(size int) resource.Quantity {
	return *resource.NewQuantity(int64(size)<<30, resource.BinarySI)
}
