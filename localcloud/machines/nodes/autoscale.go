package nodes

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	resourcehelper "k8s.io/component-helpers/resource"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
)

// Times and limits of the cluster autoscaler, its defaults:
// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md
const (
	scanInterval   = 10 * time.Second
	unneededTime   = 10 * time.Minute // of a machine before it goes, and after the last one was added
	utilizationMax = 0.5              // of CPU and of memory, by requests
)

// The annotation with which a pod keeps its machine.
const safeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict"

// autoscale is the cluster autoscaler: it adds a machine to a pool that may grow while pods find no room, and drains and
// removes one that is not needed.
func (p *Pools) autoscale(ctx context.Context) {
	unneeded := map[string]time.Time{} // since when, by machine
	added := map[string]time.Time{}    // the last one, by pool
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(p.pace.Of(scanInterval)):
		}
		for _, pool := range p.inventory.Pools() {
			if pool.Most == 0 || p.inventory.ZoneLost(pool.Zone) || !p.reachable(ctx) {
				continue
			}
			if err := p.scale(ctx, pool, unneeded, added); err != nil && ctx.Err() == nil {
				p.client.Log.Warn("cluster autoscaler", "pool", pool.Name, "error", err)
			}
		}
	}
}

func (p *Pools) scale(ctx context.Context, pool cloud.NodePool, unneeded, added map[string]time.Time) error {
	defer p.lock(pool.ID)()
	if !slices.ContainsFunc(p.inventory.Pools(), func(now cloud.NodePool) bool { return now.ID == pool.ID && now.Most == pool.Most }) {
		return nil // it was deleted or changed in between
	}
	nodes, err := p.poolNodes(ctx, pool)
	if err != nil {
		return err
	}
	pods, err := p.client.Pods.List(labels.Everything())
	if err != nil {
		return err
	}
	budgets, err := p.client.PolicyV1().PodDisruptionBudgets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	waiting := slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return p.fitsOnNew(pod, pool) })
	switch {
	case waiting && len(nodes) < pool.Most:
		names, err := p.create(ctx, pool, 1)
		if err != nil {
			return err
		}
		added[pool.ID] = time.Now()
		p.client.Log.Info("cluster autoscaler added a machine", "pool", pool.Name, "node", names[0])
		return p.waitReady(ctx, names)
	case waiting || len(nodes) <= pool.Least || time.Since(added[pool.ID]) < p.pace.Of(unneededTime):
		clear(unneeded)
		return nil
	}
	for _, node := range slices.Backward(nodes) { // the youngest first
		if !removable(node, nodes, pods, budgets.Items) {
			delete(unneeded, node.Name)
			continue
		}
		if unneeded[node.Name].IsZero() {
			unneeded[node.Name] = time.Now()
		}
		if time.Since(unneeded[node.Name]) >= p.pace.Of(unneededTime) {
			p.client.Log.Info("cluster autoscaler removes a machine", "pool", pool.Name, "node", node.Name)
			clear(unneeded) // one at a time
			return p.retire(ctx, node.Name, p.drainTimeout)
		}
	}
	return nil
}

// fitsOnNew says whether the scheduler found no room for a pod, and a new machine of the pool has it. A pod that waits for the
// preemption of others calls for none.
func (p *Pools) fitsOnNew(pod *corev1.Pod, pool cloud.NodePool) bool {
	_, scheduled := podutil.GetPodCondition(&pod.Status, corev1.PodScheduled)
	if pod.DeletionTimestamp != nil || pod.Spec.NodeName != "" || pod.Status.NominatedNodeName != "" ||
		scheduled == nil || scheduled.Reason != corev1.PodReasonUnschedulable {
		return false
	}
	machine, err := googlecloud.LookupMachineType(pool.MachineType)
	return err == nil && machine.Allocatable().Minus(googlecloud.NodeAgents).Holds(requests(pod))
}

func requests(pod *corev1.Pod) googlecloud.Resources {
	all := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{})
	return googlecloud.Resources{MilliCPU: all.Cpu().MilliValue(), Memory: all.Memory().Value()}
}

// removable says whether a machine is little used, and its pods may go and find room on the others.
func removable(node *corev1.Node, nodes []*corev1.Node, pods []*corev1.Pod, budgets []policyv1.PodDisruptionBudget) bool {
	if !Ready(node) {
		return false // it is being repaired
	}
	free := map[string]googlecloud.Resources{}
	for _, n := range nodes {
		if Ready(n) && !n.Spec.Unschedulable {
			free[n.Name] = googlecloud.Resources{MilliCPU: n.Status.Allocatable.Cpu().MilliValue(), Memory: n.Status.Allocatable.Memory().Value()}
		}
	}
	all, moving := free[node.Name], []*corev1.Pod(nil)
	for _, pod := range pods {
		if podutil.IsPodPhaseTerminal(pod.Status.Phase) {
			continue
		}
		if room, ok := free[pod.Spec.NodeName]; ok {
			free[pod.Spec.NodeName] = room.Minus(requests(pod))
		}
		owner := metav1.GetControllerOf(pod)
		if pod.Spec.NodeName != node.Name || pod.Annotations[corev1.MirrorPodAnnotationKey] != "" || owner != nil && owner.Kind == "DaemonSet" {
			continue
		}
		if pod.Annotations[safeToEvict] == "false" || owner == nil {
			return false
		}
		moving = append(moving, pod)
	}
	if !evictable(moving, budgets) {
		return false
	}
	left := free[node.Name]
	if float64(all.MilliCPU-left.MilliCPU) >= utilizationMax*float64(all.MilliCPU) || float64(all.Memory-left.Memory) >= utilizationMax*float64(all.Memory) {
		return false
	}
	delete(free, node.Name)
	for _, pod := range moving {
		found := false
		for name, room := range free {
			if room.Holds(requests(pod)) {
				free[name], found = room.Minus(requests(pod)), true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// evictable says whether disruption budgets allow to evict all these pods, one after another. Those of kube-system need a budget.
func evictable(pods []*corev1.Pod, budgets []policyv1.PodDisruptionBudget) bool {
	left := make([]int32, len(budgets))
	for i, budget := range budgets {
		left[i] = budget.Status.DisruptionsAllowed
	}
	for _, pod := range pods {
		covered := false
		for i, budget := range budgets {
			selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
			if err != nil || budget.Namespace != pod.Namespace || !selector.Matches(labels.Set(pod.Labels)) {
				continue
			}
			covered = true
			if left[i]--; left[i] < 0 {
				return false
			}
		}
		if !covered && pod.Namespace == metav1.NamespaceSystem && pod.Annotations[safeToEvict] != "true" {
			return false
		}
	}
	return true
}
