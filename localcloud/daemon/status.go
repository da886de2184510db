package daemon

import (
	"context"
	"fmt"
	"time"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/realsite"
)

// statusTimeout bounds the status queries to all clusters.
const statusTimeout = 10 * time.Second

// Resource is a Google resource that exists.
type Resource = api.Resource

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
	// Nodes and Pods count the machines and workloads. Neither comes from the control plane, so that they are known even
	// while it is lost.
	Nodes     Count               `json:"nodes"`
	Pods      Count               `json:"pods"`
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
	for i, plane := range planes {
		o := overviews[plane.Cluster.ID]
		s.Clusters[i] = ClusterStatus{Status: plane, Machines: o.Nodes, Workloads: o.Pods}
		for _, node := range o.Nodes {
			s.Clusters[i].Nodes.add(node.Ready)
		}
		for _, pod := range o.Pods {
			s.Clusters[i].Pods.add(pod.Ready)
		}
	}
	return s
}

func (c *Count) add(ready bool) {
	c.Total++
	if ready {
		c.Ready++
	}
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
