package nodes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"

	"geo-wordpress/localcloud/cloud"
)

// ensure makes the machines of a pool match it.
func (p *Pools) ensure(ctx context.Context, pool cloud.NodePool) error {
	nodes, err := p.poolNodes(ctx, pool)
	if err != nil {
		return err
	}
	if pool.Most > 0 && len(nodes) > 0 {
		pool.Count = len(nodes) // neither GKE nor an update brings a pool that grows back to its first size
	}
	if err := p.inventory.Adopt(pool, nodes); err != nil {
		return err
	}
	for _, node := range nodes {
		if p.machine(node.Name).Power == Off {
			continue
		}
		if err := p.revive(ctx, pool, node); err != nil {
			return err
		}
	}
	var current, old []*corev1.Node
	for _, node := range nodes {
		if outdated(pool, node) {
			old = append(old, node)
		} else {
			current = append(current, node)
		}
	}
	// A surge upgrade: never fewer machines than asked for, and one more at most.
	for len(old) > 0 && len(current) < pool.Count {
		name, err := p.create(ctx, pool, 1)
		if err != nil {
			return err
		}
		if err := p.waitReady(ctx, name); err != nil {
			return err
		}
		current = append(current, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name[0]}})
		if err := p.retire(ctx, old[0].Name, p.drainTimeout); err != nil {
			return err
		}
		old = old[1:]
	}
	for _, node := range old {
		if err := p.retire(ctx, node.Name, p.drainTimeout); err != nil {
			return err
		}
	}
	var names []string
	for _, node := range current {
		names = append(names, node.Name)
	}
	if missing := pool.Count - len(names); missing > 0 {
		made, err := p.create(ctx, pool, missing)
		if err != nil {
			return err
		}
		names = append(names, made...)
	}
	if many := len(names) - pool.Count; many > 0 {
		pods, err := p.client.Pods.List(labels.Everything())
		if err != nil {
			return err
		}
		names = heaviest(names, pods)
		for _, name := range names[:many] {
			if err := p.retire(ctx, name, p.drainTimeout); err != nil {
				return err
			}
		}
		names = names[many:]
	}
	if err := p.waitReady(ctx, names); err != nil {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	return p.installClusterAgents(ctx)
}

// heaviest orders machines by their pods with volumes, which take the longest to move: the most first. GKE removes machines of a
// pool at random, whatever runs on them (gcloud container clusters resize); this is the worst case.
func heaviest(names []string, pods []*corev1.Pod) []string {
	volumes := map[string]int{}
	for _, pod := range pods {
		for _, volume := range pod.Spec.Volumes {
			if volume.PersistentVolumeClaim != nil && !podutil.IsPodPhaseTerminal(pod.Status.Phase) {
				volumes[pod.Spec.NodeName]++
			}
		}
	}
	return slices.SortedStableFunc(slices.Values(names), func(a, b string) int { return cmp.Compare(volumes[b], volumes[a]) })
}

// poolNodes lists a pool's nodes, the oldest first.
func (p *Pools) poolNodes(ctx context.Context, pool cloud.NodePool) ([]*corev1.Node, error) {
	list, err := p.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: labels.Set{labelPool: pool.Name}.String()})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	var nodes []*corev1.Node
	for i := range list.Items {
		nodes = append(nodes, &list.Items[i])
	}
	slices.SortFunc(nodes, func(a, b *corev1.Node) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return nodes, nil
}

// outdated says whether a machine must be replaced to match the pool.
func outdated(pool cloud.NodePool, node *corev1.Node) bool {
	return node.Labels[corev1.LabelInstanceTypeStable] != pool.MachineType ||
		node.Labels[corev1.LabelTopologyZone] != pool.Zone ||
		node.Annotations[annotationDisk] != strconv.Itoa(pool.DiskSizeGB) ||
		cmp.Or(node.Annotations[annotationTemplate], pool.Template) != pool.Template
}
