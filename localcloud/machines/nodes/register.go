package nodes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubeclient"
	"geo-wordpress/localcloud/machines/volumes"
)

// ensureObjects ensures that a node has its lease and its CSINode.
func (p *Pools) ensureObjects(ctx context.Context, node *corev1.Node) error {
	owner := []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}}
	now := metav1.NowMicro()
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, Namespace: corev1.NamespaceNodeLease, OwnerReferences: owner},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &node.Name, LeaseDurationSeconds: ptr.To[int32](leaseSeconds), RenewTime: &now},
	}
	if _, err := p.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Create(ctx, lease, metav1.CreateOptions{}); kubeclient.IgnoreExists(err) != nil {
		return fmt.Errorf("lease of node %s: %w", node.Name, err)
	}
	csi := &storagev1.CSINode{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, OwnerReferences: owner},
		Spec:       storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{volumes.NodeDriver(p.client.Info, node)}},
	}
	if _, err := p.client.StorageV1().CSINodes().Create(ctx, csi, metav1.CreateOptions{}); kubeclient.IgnoreExists(err) != nil {
		return fmt.Errorf("CSINode %s: %w", node.Name, err)
	}
	return nil
}

// revive updates the node of a machine that continues: its heartbeat, labels and taints.
func (p *Pools) revive(ctx context.Context, pool cloud.NodePool, node *corev1.Node) error {
	if err := p.ensureObjects(ctx, node); err != nil {
		return err
	}
	if err := p.beat(ctx, node.Name, true); err != nil {
		return err
	}
	if err := p.installNodeAgents(ctx, node); err != nil {
		return err
	}
	if outdated(pool, node) {
		return nil
	}
	want := nodeLabels(pool, node.Name)
	changed := false
	for key, value := range want {
		changed = changed || node.Labels[key] != value
	}
	var taints []corev1.Taint
	for _, taint := range node.Spec.Taints {
		// Keep the control plane's taints, including a cordon's.
		if strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			taints = append(taints, taint)
		}
	}
	changed = changed || !slices.EqualFunc(taints, node.Spec.Taints, func(a, b corev1.Taint) bool { return a.MatchTaint(&b) && a.Value == b.Value })
	if !changed {
		return nil
	}
	updated := node.DeepCopy()
	maps.Copy(updated.Labels, want)
	updated.Spec.Taints = taints
	_, err := p.client.CoreV1().Nodes().Update(ctx, updated, metav1.UpdateOptions{})
	return err
}
