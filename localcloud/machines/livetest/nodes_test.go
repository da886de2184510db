package livetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func TestNodesAreReadyAndOfferWhatGKELeaves(t *testing.T) {
	for _, r := range world.regions {
		nodes, err := r.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		require.Len(t, nodes.Items, 2)
		var names []string
		ranges := map[string]bool{}
		for _, node := range nodes.Items {
			names = append(names, node.Name)
			require.Empty(t, node.Spec.Taints)
			require.Equal(t, "1930m", node.Status.Allocatable.Cpu().String())
			require.Equal(t, "6197493Ki", node.Status.Allocatable.Memory().String())
			require.Equal(t, int64(110), node.Status.Allocatable.Pods().Value())
			require.Equal(t, r.pool.Zone, node.Labels[corev1.LabelTopologyZone])
			require.Equal(t, strings.TrimSuffix(r.pool.Zone, "-b"), node.Labels[corev1.LabelTopologyRegion])
			require.Equal(t, "gce://test-project/"+r.pool.Zone+"/"+node.Name, node.Spec.ProviderID)
			require.Regexp(t, "^gke-"+r.Name+"-main-0a1b2c3d-[0-9a-z]{4}$", node.Name)
			ranges[node.Spec.PodCIDR] = true
			lease, err := r.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), node.Name, metav1.GetOptions{})
			require.NoError(t, err)
			require.Equal(t, node.Name, *lease.Spec.HolderIdentity)
		}
		require.Len(t, ranges, 2, "every node has a pod range of its own")
		slices.Sort(names)
		require.Equal(t, names, world.simulator.Instances(r.pool.ID))
		r.ready(t, metav1.NamespaceSystem, "k8s-app=gke-node-agents", 2)
		r.ready(t, metav1.NamespaceSystem, "k8s-app=kube-dns", 2)
		require.Empty(t, r.warnings(t, metav1.NamespaceSystem))
	}
}

func TestPodsThatDoNotFitStayPending(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "too-big")
	_, err := r.client.CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "big"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "main", Image: "registry.k8s.io/pause:3.10",
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: quantityOf("1700m")}},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	// The allocatable 1930m would be enough, but not after the requests of GKE's own pods.
	r.event(t, ns, "FailedScheduling", "Insufficient cpu")
}

func TestSurgeUpgradeReplacesMachinesAndKeepsTheBudget(t *testing.T) {
	r := world.regions[1]
	ns := r.namespace(t, "upgrade")
	r.deployment(t, ns, "web", 2, corev1.PodSpec{
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: &metav1.LabelSelector{MatchLabels: labels("web")},
		}},
		Containers: []corev1.Container{{Name: "main", Image: "example.com/some/server:1.0", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}, ReadinessProbe: tcpProbe(8080)}},
	})
	_, err := r.client.PolicyV1().PodDisruptionBudgets(ns).Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: ptr.To(intstr.FromInt(1)), Selector: &metav1.LabelSelector{MatchLabels: labels("web")}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	r.ready(t, ns, "app=web", 2)
	before := world.simulator.Instances(r.pool.ID)

	// The disruption budget holds at every moment, not only in the end.
	stop, lowest := make(chan struct{}), make(chan int)
	go func() {
		low := 2
		for {
			select {
			case <-stop:
				lowest <- low
				return
			default:
			}
			if list, err := r.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{}); err == nil {
				up := 0
				for i := range list.Items {
					if isReady(&list.Items[i]) {
						up++
					}
				}
				low = min(low, up)
			}
		}
	}()
	upgraded := r.pool
	upgraded.MachineType = "e2-standard-4"
	err = world.simulator.EnsureNodePool(t.Context(), upgraded)
	close(stop)
	require.GreaterOrEqual(t, <-lowest, 1, "the budget asks for one available pod")
	require.NoError(t, err)
	r.pool = upgraded
	after := world.simulator.Instances(r.pool.ID)
	require.Len(t, after, 2)
	for _, name := range before {
		require.NotContains(t, after, name)
		_, err := r.client.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
		require.Error(t, err, "node %s is gone", name)
	}
	for _, pod := range r.ready(t, ns, "app=web", 2) {
		require.Contains(t, after, pod.Spec.NodeName)
	}
	r.ready(t, metav1.NamespaceSystem, "k8s-app=kube-dns", 2)
}

// GKE also replaces machines for another image or kind of disk.
func TestAnotherTemplateReplacesMachines(t *testing.T) {
	r := world.regions[1]
	before := world.simulator.Instances(r.pool.ID)
	other := r.pool
	other.Template = "another image"
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), other))
	require.Equal(t, before, world.simulator.Instances(r.pool.ID), "machines of which nothing is known stay")
	other.MachineType = "e2-standard-8"
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), other))
	before = world.simulator.Instances(r.pool.ID)
	other.Template = "a third image"
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), other))
	after := world.simulator.Instances(r.pool.ID)
	require.Len(t, after, len(before))
	for _, name := range before {
		require.NotContains(t, after, name)
	}
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), r.pool), "and back, for the tests that follow")
}

func TestPoolGrowsAndShrinks(t *testing.T) {
	r := world.regions[1]
	before := world.simulator.Instances(r.pool.ID)
	larger := r.pool
	larger.Count = 3
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), larger))
	require.Subset(t, world.simulator.Instances(r.pool.ID), before)
	require.Len(t, world.simulator.Instances(r.pool.ID), 3)
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), r.pool))
	after := world.simulator.Instances(r.pool.ID)
	require.Len(t, after, 2)
	require.NotEqual(t, before, after, "another than the youngest machine left")
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), r.pool), "nothing to do is no error")
	require.Equal(t, after, world.simulator.Instances(r.pool.ID))
}
