package volumes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubeclient"
)

// attachFinalizer keeps an attachment until its disk is detached, as the CSI attacher's finalizer does.
const attachFinalizer = "external-attacher/pd-csi-storage-gke-io"

// Attacher attaches and detaches disks, as the CSI attacher of Compute Engine's disks does.
type Attacher struct {
	client *kubeclient.Client
	facts  func() cloud.Facts
	zone   func(machine string) string
	queue  *kubeclient.Queue // attachments, by name
}

// NewAttacher creates an attacher. zone returns a machine's zone, or an empty string if there is no such machine.
func NewAttacher(client *kubeclient.Client, facts func() cloud.Facts, zone func(machine string) string) *Attacher {
	a := &Attacher{client: client, facts: facts, zone: zone}
	a.queue = client.NewQueue("attachment", a.process)
	return a
}

// Changed queues an attachment.
func (a *Attacher) Changed(va *storagev1.VolumeAttachment) { a.queue.Add(va.Name) }

// process attaches or detaches the disk of an attachment.
func (a *Attacher) process(ctx context.Context, name string) error {
	va, err := a.client.Attachments.Get(name)
	if err != nil || va.Spec.Attacher != DiskDriver {
		return kubeclient.IgnoreNotFound(err)
	}
	if va.DeletionTimestamp != nil {
		return a.detach(ctx, va)
	}
	if va.Status.Attached {
		return nil
	}
	if err := a.attach(va); err != nil {
		if va.Status.AttachError == nil || va.Status.AttachError.Message != err.Error() {
			failure := map[string]any{"attached": false, "attachError": map[string]any{"time": time.Now().UTC().Format(time.RFC3339), "message": err.Error()}}
			if patchErr := a.patch(ctx, name, map[string]any{"status": failure}, "status"); patchErr != nil {
				return patchErr
			}
		}
		return fmt.Errorf("attach: %w", err)
	}
	if !slices.Contains(va.Finalizers, attachFinalizer) {
		finalizers := append(slices.Clone(va.Finalizers), attachFinalizer)
		if err := a.patch(ctx, name, map[string]any{"metadata": map[string]any{"finalizers": finalizers}}); err != nil {
			return err
		}
	}
	return a.patch(ctx, name, map[string]any{"status": map[string]any{"attached": true, "attachError": nil}}, "status")
}

func (a *Attacher) attach(va *storagev1.VolumeAttachment) error {
	handle, err := a.handle(va)
	if err != nil {
		return err
	}
	facts, zone := a.facts(), a.zone(va.Spec.NodeName)
	switch {
	case facts == nil:
		return fmt.Errorf("the cloud does not answer")
	case zone == "":
		return fmt.Errorf("no machine %s", va.Spec.NodeName)
	}
	return facts.Attach(handle, va.Spec.NodeName, zone)
}

func (a *Attacher) detach(ctx context.Context, va *storagev1.VolumeAttachment) error {
	if !slices.Contains(va.Finalizers, attachFinalizer) {
		return nil
	}
	if handle, err := a.handle(va); err == nil {
		if facts := a.facts(); facts != nil {
			facts.Detach(handle, va.Spec.NodeName)
		}
	}
	kept := slices.DeleteFunc(slices.Clone(va.Finalizers), func(f string) bool { return f == attachFinalizer })
	return a.patch(ctx, va.Name, map[string]any{"metadata": map[string]any{"finalizers": kept, "resourceVersion": va.ResourceVersion}})
}

func (a *Attacher) patch(ctx context.Context, name string, body map[string]any, subresources ...string) error {
	patch, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = a.client.StorageV1().VolumeAttachments().Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}, subresources...)
	return kubeclient.IgnoreNotFound(err)
}

// handle returns the volume handle of an attachment's disk.
func (a *Attacher) handle(va *storagev1.VolumeAttachment) (string, error) {
	if va.Spec.Source.PersistentVolumeName == nil {
		return "", fmt.Errorf("attachment %s names no persistent volume", va.Name)
	}
	pv, err := a.client.Volumes.Get(*va.Spec.Source.PersistentVolumeName)
	if err != nil {
		return "", err
	}
	if pv.Spec.CSI == nil {
		return "", fmt.Errorf("persistent volume %s is no CSI volume", pv.Name)
	}
	return pv.Spec.CSI.VolumeHandle, nil
}

// attached says whether a volume is attached to a machine, and if not, why.
func (m *Mounter) attached(pv *corev1.PersistentVolume, machine string) (bool, string) {
	all, _ := m.client.Attachments.List(labels.Everything())
	for _, va := range all {
		if va.Spec.NodeName == machine && va.Spec.Source.PersistentVolumeName != nil && *va.Spec.Source.PersistentVolumeName == pv.Name {
			if va.Status.AttachError != nil && !va.Status.Attached {
				return false, va.Status.AttachError.Message
			}
			return va.Status.Attached && va.DeletionTimestamp == nil, ""
		}
	}
	return false, ""
}
