package machines

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// attachFinalizer keeps an attachment until its disk is detached, as the CSI attacher's finalizer does.
const attachFinalizer = "external-attacher/pd-csi-storage-gke-io"

// attach attaches or detaches the disk of an attachment, as the CSI attacher of Compute Engine's disks does.
func (c *cluster) attach(ctx context.Context, name string) error {
	va, err := c.attachmentLister.Get(name)
	if apierrors.IsNotFound(err) || err == nil && va.Spec.Attacher != diskDriver {
		return nil
	}
	if err != nil {
		return err
	}
	c.sim.mu.Lock()
	facts := c.sim.facts
	zone := ""
	if m := c.machines[va.Spec.NodeName]; m != nil {
		zone = m.zone
	}
	c.sim.mu.Unlock()
	handle, err := c.handle(va)
	if va.DeletionTimestamp != nil {
		if !slices.Contains(va.Finalizers, attachFinalizer) {
			return nil
		}
		if facts != nil && handle != "" {
			facts.Detach(handle, va.Spec.NodeName)
		}
		kept := slices.DeleteFunc(slices.Clone(va.Finalizers), func(f string) bool { return f == attachFinalizer })
		return c.patchAttachment(ctx, name, "", map[string]any{"metadata": map[string]any{"finalizers": kept, "resourceVersion": va.ResourceVersion}})
	}
	if va.Status.Attached {
		return nil
	}
	switch {
	case err != nil:
	case facts == nil:
		err = fmt.Errorf("the cloud does not answer")
	case zone == "":
		err = fmt.Errorf("no machine %s", va.Spec.NodeName)
	default:
		err = facts.Attach(handle, va.Spec.NodeName, zone)
	}
	if err != nil {
		failure := map[string]any{"attached": false, "attachError": map[string]any{"time": time.Now().UTC().Format(time.RFC3339), "message": err.Error()}}
		if va.Status.AttachError == nil || va.Status.AttachError.Message != err.Error() {
			if patchErr := c.patchAttachment(ctx, name, "status", map[string]any{"status": failure}); patchErr != nil {
				return patchErr
			}
		}
		return fmt.Errorf("attach: %w", err)
	}
	if !slices.Contains(va.Finalizers, attachFinalizer) {
		finalizers := append(slices.Clone(va.Finalizers), attachFinalizer)
		if err := c.patchAttachment(ctx, name, "", map[string]any{"metadata": map[string]any{"finalizers": finalizers}}); err != nil {
			return err
		}
	}
	return c.patchAttachment(ctx, name, "status", map[string]any{"status": map[string]any{"attached": true, "attachError": nil}})
}

func (c *cluster) patchAttachment(ctx context.Context, name, subresource string, body map[string]any) error {
	patch, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var subresources []string
	if subresource != "" {
		subresources = append(subresources, subresource)
	}
	_, err = c.client.StorageV1().VolumeAttachments().Patch(ctx, name, mergePatch, patch, metav1.PatchOptions{}, subresources...)
	return ignoreNotFound(err)
}

// handle returns the volume handle of an attachment's disk.
func (c *cluster) handle(va *storagev1.VolumeAttachment) (string, error) {
	if va.Spec.Source.PersistentVolumeName == nil {
		return "", fmt.Errorf("attachment %s names no persistent volume", va.Name)
	}
	pv, err := c.volumeLister.Get(*va.Spec.Source.PersistentVolumeName)
	if err != nil {
		return "", err
	}
	if pv.Spec.CSI == nil {
		return "", fmt.Errorf("persistent volume %s is no CSI volume", pv.Name)
	}
	return pv.Spec.CSI.VolumeHandle, nil
}

// attached says whether a volume is attached to a node, and if not, why.
func (c *cluster) attached(pv *corev1.PersistentVolume, node string) (bool, string) {
	all, _ := c.attachmentLister.List(everything)
	for _, va := range all {
		if va.Spec.NodeName == node && va.Spec.Source.PersistentVolumeName != nil && *va.Spec.Source.PersistentVolumeName == pv.Name {
			if va.Status.AttachError != nil && !va.Status.Attached {
				return false, va.Status.AttachError.Message
			}
			return va.Status.Attached && va.DeletionTimestamp == nil, ""
		}
	}
	return false, ""
}

// reportVolumes reports the disks that each machine uses, so that the attach-detach controller detaches none of them.
// The caller holds Simulator.mu.
func (c *cluster) reportVolumes() {
	inUse := map[string][]string{}
	for _, p := range c.pods {
		if p.released {
			continue
		}
		for _, pv := range p.diskVolumes() {
			unique := fmt.Sprintf("kubernetes.io/csi/%s^%s", pv.Spec.CSI.Driver, pv.Spec.CSI.VolumeHandle)
			if !slices.Contains(inUse[p.machine.name], unique) {
				inUse[p.machine.name] = append(inUse[p.machine.name], unique)
			}
		}
	}
	for name, m := range c.machines {
		slices.Sort(inUse[name])
		node, err := c.nodeLister.Get(name)
		if err != nil {
			continue
		}
		if m.power != on {
			continue
		}
		if m.inUse == nil {
			for _, volume := range node.Status.VolumesInUse {
				m.inUse = append(m.inUse, string(volume))
			}
		}
		if slices.Equal(m.inUse, inUse[name]) {
			continue
		}
		m.inUse = append([]string{}, inUse[name]...)
		c.statuses.add(nodeKey + name)
	}
}

// nodeKey is the prefix that tells a node's key from a pod's.
const nodeKey = "node/"

// writeVolumesInUse reports a machine's volumes.
func (c *cluster) writeVolumesInUse(ctx context.Context, name string) error {
	c.sim.mu.Lock()
	m := c.machines[name]
	var volumes []string
	if m != nil {
		volumes = append([]string{}, m.inUse...)
	}
	c.sim.mu.Unlock()
	if m == nil {
		return nil
	}
	return c.patchNodeStatus(ctx, name, map[string]any{"volumesInUse": volumes})
}
