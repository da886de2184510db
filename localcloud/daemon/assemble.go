package daemon

import (
	"context"
	"log/slog"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/random"
	"geo-wordpress/localcloud/wordpress"
)

// localCloud is the system that stands in for Google Cloud.
type localCloud struct {
	api      *gcp.API
	machines *machines.Simulator
	balancer *loadbalancer.LoadBalancers
	site     *wordpress.Site // nil if WordPress is simulated only
}

// assemble builds the Google API on the control planes and the machines. The API and the machines need each other: a
// node pool creates machines, and a machine looks up disks and firewalls.
func (o Options) assemble(h home.Home, planes cloud.ControlPlanes, log *slog.Logger) (System, error) {
	simulator := machines.New(machines.Options{Dir: h.Machines(), Log: log.With("part", "machines"), Speed: o.Times.Speed()})
	api, err := gcp.Open(gcp.Options{
		Dir:           h.Google(),
		ControlPlanes: planes,
		Machines:      simulator,
		Log:           log.With("part", "gcp"),
		Faults:        o.Faults,
		Times:         o.Times,
	})
	if err != nil {
		simulator.Close()
		return nil, err
	}
	simulator.SetFacts(api)
	l := &localCloud{api: api, machines: simulator}
	entrance := loadbalancer.Options{
		Declared: api, Entrance: simulator, Instances: simulator.Instances, Log: log.With("part", "load balancer"),
	}
	if o.RealWordPress != "" {
		l.site = wordpress.Start(wordpress.Options{
			Program: o.RealWordPress, Dir: h.WordPress(), Entrance: simulator, Clusters: simulator.Clusters,
			Overview: simulator.Overview, Config: planes.Config, Disks: l.disks, Log: log.With("part", "wordpress"),
		})
		entrance.Visitors = l.site
	}
	l.balancer = loadbalancer.Start(entrance)
	return l, nil
}

// disks lists the disks that exist.
func (l *localCloud) disks() (all []string) {
	for _, r := range l.api.Resources() {
		if r.Type == "gcp:compute/disk:Disk" {
			all = append(all, r.ID)
		}
	}
	return all
}

// RealWordPress returns the status of the real WordPress, or nil if WordPress is simulated only.
func (l *localCloud) RealWordPress() *wordpress.Status {
	if l.site == nil {
		return nil
	}
	status := l.site.Status()
	return &status
}

func (l *localCloud) Providers() map[string]cloud.Provider {
	return map[string]cloud.Provider{"gcp": l.api.Provider, "random": random.New}
}

func (l *localCloud) Resume(ctx context.Context) error { return l.api.Resume(ctx) }

func (l *localCloud) Resources() []Resource {
	var all []Resource
	for _, r := range l.api.Resources() {
		all = append(all, Resource{Type: r.Type, ID: r.ID})
	}
	return all
}

func (l *localCloud) SetCheckPace(times int64) { l.balancer.SetPace(times) }

func (l *localCloud) SetFailures(f cloud.Failures) { l.machines.SetFailures(f) }

func (l *localCloud) Machines() []machines.Machine { return l.machines.Machines() }

func (l *localCloud) Overview() []machines.Overview { return l.machines.Overview() }

func (l *localCloud) LoadBalancers() loadbalancer.Status { return l.balancer.Status() }

func (l *localCloud) Close() error {
	l.balancer.Close()
	if l.site != nil {
		ended := make(chan struct{})
		go func() { defer close(ended); l.site.Close() }() // slow, so in parallel
		defer func() { <-ended }()
	}
	// Interrupt first, to leave operations in progress for the next start: without their machines they would fail.
	l.api.Interrupt()
	l.machines.Close()
	return l.api.Close()
}
