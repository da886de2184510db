package loadbalancer

import (
	"context"
	"slices"
	"sync"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// service is a running backend service.
type service struct {
	ctx    context.Context // done when the load balancers close
	o      Options
	pace   *pace
	kept   *cache
	shield *shield

	mu       sync.Mutex
	declared cloud.BackendService
	host     string // the load balancer's address, the host of probes
	groups   []*group
	requests meter
	refused  meter // requests that no instance answered
	// Requests that the security policy denied, and would deny without preview.
	denied, previewed meter
}

// group is an instance group behind a service.
type group struct {
	declared  cloud.Backend
	instances []*instance
	turn      int     // round-robin position among the healthy instances
	credit    float64 // of the smooth weighted round robin between the groups
	requests  meter
}

// instance is a machine of a group.
type instance struct {
	name     string
	zone     string
	token    string // identifies it in the affinity cookie, for all services of a URL map
	port     int    // where requests go
	portless string // why it has no port
	health   health
	ctx      context.Context // done when it leaves; ends its probes
	leave    context.CancelFunc
	gone     context.Context // done when it has drained; ends its requests
	drained  context.CancelFunc
	wake     chan struct{} // probe at once
	requests meter
	inFlight int
}

func newService(ctx context.Context, o Options, p *pace) *service {
	return &service{ctx: ctx, o: o, pace: p, kept: newCache(), shield: newShield()}
}

// update applies the declaration to the service, and the current members to its groups.
func (s *service) update(declared cloud.BackendService, host string) {
	members := map[string][]string{}
	for _, b := range declared.Backends {
		if b.Pool != "" {
			members[b.Group] = s.o.Instances(b.Pool)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	probeNow := s.declared.HealthCheck != declared.HealthCheck || s.host != host
	before := s.groups
	s.declared, s.host, s.groups = declared, host, nil
	if declared.CDN == nil {
		s.kept.clear()
	}
	if err := s.shield.declare(declared.Policy); err != nil {
		s.o.Log.Error("load balancer", "service", lastSegment(declared.ID), "error", err)
	}
	for _, b := range declared.Backends {
		g := &group{}
		if i := slices.IndexFunc(before, func(g *group) bool { return g.declared.Group == b.Group }); i >= 0 {
			g = before[i]
			before = slices.Delete(slices.Clone(before), i, i+1)
		}
		g.declared = b
		s.setMembers(g, members[b.Group], probeNow)
		s.groups = append(s.groups, g)
	}
	for _, g := range before {
		s.setMembers(g, nil, false)
	}
}

// setMembers sets a group's instances to the members, and probes them at once if probeNow. Instances that leave get no new requests and drain the current ones.
func (s *service) setMembers(g *group, members []string, probeNow bool) {
	port, err := namedPort(s.declared.PortName, g.declared)
	portless := ""
	if err != nil {
		portless = err.Error()
	}
	g.instances = slices.DeleteFunc(g.instances, func(i *instance) bool {
		if slices.Contains(members, i.name) {
			return false
		}
		s.remove(i)
		return true
	})
	for _, name := range members {
		n := slices.IndexFunc(g.instances, func(i *instance) bool { return i.name == name })
		if n >= 0 {
			i := g.instances[n]
			i.port, i.portless = port, portless
			if probeNow {
				select {
				case i.wake <- struct{}{}:
				default:
				}
			}
			continue
		}
		i := &instance{name: name, zone: g.declared.Zone, token: token(g.declared.Group, name),
			port: port, portless: portless, wake: make(chan struct{}, 1)}
		i.ctx, i.leave = context.WithCancel(s.ctx)
		i.gone, i.drained = context.WithCancel(s.ctx)
		g.instances = append(g.instances, i)
		go s.watch(i)
	}
}

// remove ends the probes of an instance at once, and its requests after the declared time.
func (s *service) remove(i *instance) {
	i.leave()
	time.AfterFunc(s.pace.of(s.declared.Draining), i.drained)
}

// drain removes the instances of a service that no URL map names any more. A request that was routed here just before
// still finds them.
func (s *service) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		for _, i := range g.instances {
			s.remove(i)
		}
	}
}

// watch probes an instance at the declared interval, until it leaves.
func (s *service) watch(i *instance) {
	for {
		began := time.Now()
		s.mu.Lock()
		name, check, host := lastSegment(s.declared.ID), s.declared.HealthCheck, s.host
		s.mu.Unlock()
		problem := probe(i.ctx, s.o.Dialer, check, host, cloud.Port{Zone: i.zone, Instance: i.name, Number: check.Port})
		if i.ctx.Err() != nil {
			return
		}
		s.mu.Lock()
		changed := i.health.record(problem, check, time.Now())
		s.mu.Unlock()
		if changed {
			s.o.Log.Info("load balancer", "service", name, "instance", i.name, "healthy", problem == nil, "reason", reason(problem))
		}
		timer := time.NewTimer(time.Until(began.Add(s.pace.of(check.Interval))))
		select {
		case <-i.ctx.Done():
		case <-i.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func reason(problem error) string {
	if problem == nil {
		return "the health check passes"
	}
	return problem.Error()
}
