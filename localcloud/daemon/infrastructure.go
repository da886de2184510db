package daemon

import (
	"context"
	"errors"
	"log/slog"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/random"
	"geo-wordpress/localcloud/realsite"
)

// Infrastructure is the cloud above the control planes.
type Infrastructure interface {
	// Providers returns the provider factories by package name.
	Providers() map[string]cloud.Provider
	// Resume restarts what exists according to the state.
	Resume(ctx context.Context) error
	// Resources lists the existing resources.
	Resources() []Resource
	// Inventory lists the objects of a bucket, or of all buckets if its name is empty.
	Inventory(bucket string) ([]cloud.Object, error)
	// SetRecord sets the data of a name's DNS records at a provider other than Cloud DNS; CreateZone creates a public zone in
	// Cloud DNS.
	SetRecord(name, recordType string, data []string) error
	CreateZone(project, name, domain string) error
	// LoadBalancers returns the load balancers' status.
	LoadBalancers() loadbalancer.Status
	// RealWordPress returns the status of the real WordPress, or nil if WordPress is simulated only.
	RealWordPress() *realsite.Status
	// Overview lists the machines of each cluster, the lost ones included, and the pods on them.
	Overview() []machines.Overview
	// SetFailures sets what is lost from now on; everything else comes back.
	SetFailures(cloud.Failures)
	// SetCheckPace makes the load balancers' health checks and draining run the given number of times as fast.
	SetCheckPace(times int64)
	// Close stops the infrastructure and keeps its state.
	Close() error
}

// Assemble builds the infrastructure from a home's state.
type Assemble func(h home.Home, planes cloud.ControlPlanes, log *slog.Logger) (Infrastructure, error)

// simulation is the infrastructure that replaces Google Cloud.
type simulation struct {
	*machines.Simulator
	*gcp.API
	balancer *loadbalancer.LoadBalancers
	site     *realsite.Site // nil if WordPress is simulated only
}

// assemble builds the Google API on the control planes and the machines. The API and the machines need each other: a
// node pool creates machines, and a machine looks up disks and firewalls.
func (o Options) assemble(h home.Home, planes cloud.ControlPlanes, log *slog.Logger) (Infrastructure, error) {
	simulator := machines.New(machines.Options{Dir: h.Machines(), Log: log.With("part", "machines"), Speed: o.Times.Speed()})
	google, err := gcp.Open(api.Options{Dir: h.Google(), Log: log.With("part", "gcp"), Faults: o.Faults, Times: o.Times},
		planes, simulator)
	if err != nil {
		simulator.Close()
		return nil, err
	}
	simulator.SetFacts(google)
	s := &simulation{Simulator: simulator, API: google}
	authority, err := loadbalancer.OpenAuthority(h.Google())
	if err != nil {
		simulator.Close()
		return nil, errors.Join(err, google.Close())
	}
	frontEnds := loadbalancer.Options{
		Authority: authority,
		Declared:  google, Dialer: simulator, Instances: simulator.Instances, Log: log.With("part", "load balancer"),
	}
	if o.RealWordPress != "" {
		s.site = realsite.Start(realsite.Options{
			Program: o.RealWordPress, Dir: h.WordPress(), Dialer: simulator, Clusters: simulator.Clusters,
			Overview: simulator.Overview, Config: planes.Config, Disks: s.disks, Log: log.With("part", "wordpress"),
		})
		frontEnds.Visitors = s.site
	}
	s.balancer = loadbalancer.Start(frontEnds)
	return s, nil
}

// disks lists the existing disks.
func (s *simulation) disks() (all []string) {
	for _, r := range s.Resources() {
		if r.Type == "gcp:compute/disk:Disk" {
			all = append(all, r.ID)
		}
	}
	return all
}

func (s *simulation) RealWordPress() *realsite.Status {
	if s.site == nil {
		return nil
	}
	status := s.site.Status()
	return &status
}

func (s *simulation) Providers() map[string]cloud.Provider {
	return map[string]cloud.Provider{"gcp": s.Provider, "random": random.New}
}

func (s *simulation) SetCheckPace(times int64) { s.balancer.SetPace(times) }

func (s *simulation) LoadBalancers() loadbalancer.Status { return s.balancer.Status() }

func (s *simulation) Close() error {
	s.balancer.Close()
	if s.site != nil {
		ended := make(chan struct{})
		go func() { defer close(ended); s.site.Close() }() // slow, so in parallel
		defer func() { <-ended }()
	}
	// Interrupt first, to leave operations in progress for the next start: without their machines they would fail.
	s.Interrupt()
	s.Simulator.Close()
	return s.API.Close()
}
