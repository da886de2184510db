package machines

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/nodes"
	"geo-wordpress/localcloud/machines/software"
)

// Overview lists a cluster's machines and the pods of workloads on them. It omits GKE's own pods and finished ones.
type Overview struct {
	Cluster string     `json:"cluster"` // its ID
	Nodes   []NodeView `json:"nodes"`
	Pods    []PodView  `json:"pods"`
}

// NodeView is a machine, and the last state of its node that the control plane knew.
type NodeView struct {
	Name  string `json:"name"`
	Zone  string `json:"zone"`
	Power string `json:"power"` // on, off or booting
	Ready bool   `json:"ready"`
}

type PodView struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Node      string `json:"node,omitempty"`
	// Ready is the last state that the control plane knew; false if the pod's machine is not on.
	Ready bool `json:"ready"`
	// Reason says why the pod does not run, such as ContainerCreating or Unschedulable.
	Reason string         `json:"reason,omitempty"`
	State  software.State `json:"state"`
	// Peers are the IDs of the clusters that hold the peers to which its program is connected.
	Peers []string `json:"peers,omitempty"`
}

// Clusters lists the clusters, ordered by ID.
func (s *Simulator) Clusters() []cloud.Cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []cloud.Cluster{}
	for _, c := range s.clusters {
		all = append(all, c.info)
	}
	slices.SortFunc(all, func(a, b cloud.Cluster) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Overview lists the clusters, ordered by ID, with their machines and pods, ordered by name.
func (s *Simulator) Overview() []Overview {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Overview{}
	for _, c := range s.clusters {
		all = append(all, c.overview())
	}
	slices.SortFunc(all, func(a, b Overview) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return all
}

func (c *cluster) overview() Overview {
	o := Overview{Cluster: c.info.ID, Nodes: []NodeView{}, Pods: []PodView{}}
	for _, k := range c.kubelets {
		m := k.Machine
		node, err := c.client.Nodes.Get(m.Name)
		o.Nodes = append(o.Nodes, NodeView{Name: m.Name, Zone: m.Zone, Power: m.Power.String(),
			Ready: m.Power == nodes.On && err == nil && nodes.Ready(node)})
	}
	pods, _ := c.client.Pods.List(labels.Everything())
	for _, p := range pods {
		if p.Namespace == metav1.NamespaceSystem || podutil.IsPodPhaseTerminal(p.Status.Phase) {
			continue
		}
		o.Pods = append(o.Pods, c.podView(p))
	}
	slices.SortFunc(o.Nodes, func(a, b NodeView) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(o.Pods, func(a, b PodView) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return o
}

func (c *cluster) podView(object *corev1.Pod) PodView {
	view := PodView{Namespace: object.Namespace, Name: object.Name, Node: object.Spec.NodeName,
		Ready: podutil.IsPodReady(object), Reason: waitingReason(object)}
	p := c.pod(object.UID)
	if p == nil {
		return view
	}
	if !p.Up() {
		view.Ready, view.Reason = false, "machine "+c.kubelets[object.Spec.NodeName].Machine.Power.String()
	}
	view.State = p.State()
	for _, host := range view.State.Peers {
		for _, other := range c.sim.clusters {
			if strings.HasSuffix(strings.TrimSuffix(host, "."), "."+other.info.DNSDomain) && !slices.Contains(view.Peers, other.info.ID) {
				view.Peers = append(view.Peers, other.info.ID)
			}
		}
	}
	return view
}

// waitingReason returns the reason why a pod does not run, empty if there is none.
func waitingReason(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, statuses := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, s := range statuses {
			if s.State.Waiting != nil {
				return s.State.Waiting.Reason
			}
		}
	}
	if _, scheduled := podutil.GetPodCondition(&p.Status, corev1.PodScheduled); scheduled != nil && scheduled.Status == corev1.ConditionFalse {
		return scheduled.Reason
	}
	return ""
}
