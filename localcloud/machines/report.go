package machines

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	statusutil "k8s.io/kubernetes/pkg/util/pod"

	"geo-wordpress/localcloud/machines/kubelet"
)

// writeStatus writes a pod's status to the API server, and removes a deleted pod that has ended.
func (c *cluster) writeStatus(ctx context.Context, uid string) error {
	var p *kubelet.Pod
	var report kubelet.Report
	c.sim.mu.Lock()
	if p = c.pod(types.UID(uid)); p != nil && p.Up() {
		report = p.Pending()
	}
	c.sim.mu.Unlock()
	object := report.Object
	if object == nil {
		return nil
	}
	_, _, _, err := statusutil.PatchPodStatus(ctx, c.client, object.Namespace, object.Name, object.UID, report.Before, report.After)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case apierrors.IsConflict(err), err != nil && ctx.Err() == nil && c.gone(ctx, object):
		return nil // another pod has the name
	case err != nil:
		return err
	}
	c.sim.mu.Lock()
	p.Written(report.After)
	c.sim.mu.Unlock()
	if report.Remove {
		return c.client.DeletePod(ctx, object)
	}
	return nil
}

// gone says whether a pod no longer exists, which the patch's error does not tell.
func (c *cluster) gone(ctx context.Context, object *corev1.Pod) bool {
	now, err := c.client.CoreV1().Pods(object.Namespace).Get(ctx, object.Name, metav1.GetOptions{})
	return apierrors.IsNotFound(err) || err == nil && now.UID != object.UID
}

// writeVolumesInUse writes a machine's volumes to its node's status.
func (c *cluster) writeVolumesInUse(ctx context.Context, machine string) error {
	c.sim.mu.Lock()
	k := c.kubelets[machine]
	var inUse []string
	if k != nil {
		inUse = k.VolumesInUse()
	}
	c.sim.mu.Unlock()
	if k == nil {
		return nil
	}
	return c.client.PatchNodeStatus(ctx, machine, map[string]any{"volumesInUse": inUse})
}
