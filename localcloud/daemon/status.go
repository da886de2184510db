package daemon

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	nodeutil "k8s.io/kubernetes/pkg/util/node"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/realsite"
)

// statusTimeout bounds the status queries to all clusters.
const statusTimeout = 10 * time.Second

// Status is the response to GET /status.
type Status struct {
	PID       int            `json:"pid"`
	Started   time.Time      `json:"started"`
	Version   string         `json:"version"`
	Providers map[string]int `json:"providers"`
	// Problem is why parts of the cloud did not resume.
	Problem   string          `json:"problem,omitempty"`
	Failures  cloud.Failures  `json:"failures"`
	Clusters  []ClusterStatus `json:"clusters"`
	Resources []Resource      `json:"resources"`
	// LoadBalancers holds the addresses, each instance's health and the traffic.
	LoadBalancers loadbalancer.Status `json:"loadBalancers"`
	// RealWordPress is the status of the real WordPress; nil if WordPress is simulated only.
	RealWordPress *realsite.Status `json:"realWordPress,omitempty"`
	// Faults counts the faults injected since the start, by kind.
	Faults map[faults.Kind]int `json:"faults,omitempty"`
}

// ClusterStatus is one cluster's part of a Status.
type ClusterStatus struct {
	controlplane.Status
	Nodes Count `json:"nodes"`
	// Pods counts the pods that should run, so not those that succeeded or failed.
	Pods Count `json:"pods"`
	// Machines and Workloads do not come from the control plane, so they are known even while it is lost.
	Machines  []machines.NodeView `json:"machines"`
	Workloads []machines.PodView  `json:"workloads"`
}

// Count is a number of things, and how many of them are ready.
type Count struct {
	Ready int `json:"ready"`
	Total int `json:"total"`
}

// Healthy reports whether the cloud itself is healthy: nothing lost, every control plane ready, every node Ready. Pods
// do not count: they belong to the program, and may still be starting.
func (s Status) Healthy() bool {
	for _, c := range s.Clusters {
		if !c.Ready || c.Nodes.Ready != c.Nodes.Total {
			return false
		}
	}
	return s.Problem == "" && !s.Failures.Any()
}

func (d *daemon) status(ctx context.Context, r Record) Status {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	planes := d.planes.Status(ctx)
	s := Status{
		PID: r.PID, Started: r.Started, Version: r.Version, Providers: r.Providers,
		Failures:      d.inventory().existing(d.failures.get()),
		Clusters:      make([]ClusterStatus, len(planes)),
		Resources:     append([]Resource{}, d.infrastructure.Resources()...),
		LoadBalancers: d.infrastructure.LoadBalancers(),
		RealWordPress: d.infrastructure.RealWordPress(),
		Faults:        d.options.Faults.Counts(),
	}
	if d.problem != nil {
		s.Problem = d.problem.Error()
	}
	overviews := map[string]machines.Overview{}
	for _, o := range d.infrastructure.Overview() {
		overviews[o.Cluster] = o
	}
	var group wait.Group
	for i, plane := range planes {
		o := overviews[plane.Cluster.ID]
		s.Clusters[i] = ClusterStatus{Status: plane, Machines: o.Nodes, Workloads: o.Pods}
		if !plane.Ready {
			continue
		}
		group.Start(func() {
			if err := d.count(ctx, &s.Clusters[i]); err != nil {
				s.Clusters[i].Ready, s.Clusters[i].Problem = false, err.Error()
			}
		})
	}
	group.Wait()
	return s
}

func (d *daemon) count(ctx context.Context, c *ClusterStatus) error {
	config, err := d.planes.Config(c.Cluster.ID)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	cached := metav1.ListOptions{ResourceVersion: "0"}
	nodes, err := client.CoreV1().Nodes().List(ctx, cached)
	if err != nil {
		return fmt.Errorf("cannot list the nodes: %w", err)
	}
	for _, node := range nodes.Items {
		c.Nodes.Total++
		if nodeutil.IsNodeReady(&node) {
			c.Nodes.Ready++
		}
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, cached)
	if err != nil {
		return fmt.Errorf("cannot list the pods: %w", err)
	}
	for _, pod := range pods.Items {
		if podutil.IsPodPhaseTerminal(pod.Status.Phase) {
			continue
		}
		c.Pods.Total++
		if podutil.IsPodReady(&pod) {
			c.Pods.Ready++
		}
	}
	return nil
}

func (c Count) String() string { return fmt.Sprintf("%d/%d", c.Ready, c.Total) }

// Restarts counts how often components of the cluster's control plane died and were restarted.
func (c ClusterStatus) Restarts() (n int) {
	for _, component := range c.Components {
		n += component.Restarts
	}
	return n
}

// Region returns the cluster's region.
func (c ClusterStatus) Region() string { return googlecloud.RegionOf(c.Cluster.Location) }
