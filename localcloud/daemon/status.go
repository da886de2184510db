package daemon

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/wordpress"
)

// askTimeout bounds the status queries to all clusters.
const askTimeout = 10 * time.Second

// Status is the response to GET /status.
type Status struct {
	PID       int            `json:"pid"`
	Started   time.Time      `json:"started"`
	Version   string         `json:"version"`
	Providers map[string]int `json:"providers"`
	// Problem is why parts of the cloud did not resume.
	Problem string `json:"problem,omitempty"`
	// Failures lists what is lost on request.
	Failures  cloud.Failures  `json:"failures"`
	Clusters  []ClusterStatus `json:"clusters"`
	Resources []Resource      `json:"resources"`
	// LoadBalancers holds the addresses, each instance's health and the traffic.
	LoadBalancers loadbalancer.Status `json:"loadBalancers"`
	// RealWordPress is the status of the real WordPress; nil if WordPress is simulated only.
	RealWordPress *wordpress.Status `json:"realWordPress,omitempty"`
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
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s := Status{
		PID: r.PID, Started: r.Started, Version: r.Version, Providers: r.Providers,
		Failures: d.failures.get(), Clusters: []ClusterStatus{}, Resources: []Resource{},
	}
	if d.problem != nil {
		s.Problem = d.problem.Error()
	}
	s.Faults = d.options.Faults.Counts()
	s.Resources = append(s.Resources, d.system.Resources()...)
	s.LoadBalancers = d.system.LoadBalancers()
	if system, ok := d.system.(interface{ RealWordPress() *wordpress.Status }); ok {
		s.RealWordPress = system.RealWordPress()
	}
	planes := d.planes.Status(ctx)
	s.Clusters = make([]ClusterStatus, len(planes))
	overviews := map[string]machines.Overview{}
	for _, o := range d.system.Overview() {
		overviews[o.Cluster] = o
	}
	var wait sync.WaitGroup
	for i, plane := range planes {
		o := overviews[plane.Cluster.ID]
		s.Clusters[i] = ClusterStatus{Status: plane, Machines: o.Nodes, Workloads: o.Pods}
		if !plane.Ready {
			continue
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			if err := d.count(ctx, &s.Clusters[i]); err != nil {
				s.Clusters[i].Ready, s.Clusters[i].Problem = false, err.Error()
			}
		}()
	}
	wait.Wait()
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
		return fmt.Errorf("list the nodes: %w", err)
	}
	for _, node := range nodes.Items {
		c.Nodes.Total++
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				c.Nodes.Ready++
			}
		}
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, cached)
	if err != nil {
		return fmt.Errorf("list the pods: %w", err)
	}
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		c.Pods.Total++
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				c.Pods.Ready++
			}
		}
	}
	return nil
}

// Version returns the revision that this program was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, modified := "", ""
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			revision = setting.Value[:min(12, len(setting.Value))]
		case "vcs.modified":
			if setting.Value == "true" {
				modified = " with changes"
			}
		}
	}
	if revision == "" {
		return "development"
	}
	return revision + modified
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
func (c ClusterStatus) Region() string { return cloud.RegionOf(c.Cluster.Location) }

// Build identifies the program's file by size and modification time, so that it differs after another build.
func Build() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d@%d", info.Size(), info.ModTime().UnixNano())
}
