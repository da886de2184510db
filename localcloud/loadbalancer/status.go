package loadbalancer

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
)

// Status is the status of the load balancers.
type Status struct {
	// Problem is why the declared resources could not be read.
	Problem   string           `json:"problem,omitempty"`
	FrontEnds []FrontEndStatus `json:"frontEnds"`
	// Services lists the default service of a URL map before those of its route rules.
	Services []ServiceStatus `json:"services"`
}

// FrontEndStatus is the status of a forwarding rule.
type FrontEndStatus struct {
	URL string `json:"url"`
	// Problem is why it is not served.
	Problem string `json:"problem,omitempty"`
}

// ServiceStatus is the status of a backend service. Rates are requests a second over the last ten seconds; shares are
// fractions of 1, of the requests of the last minute.
type ServiceStatus struct {
	Name        string  `json:"name"`
	HealthCheck string  `json:"healthCheck"` // in words
	Requests    uint64  `json:"requests"`
	Rate        float64 `json:"rate"`
	Failed      uint64  `json:"failed"` // requests that no instance answered
	// Denied are requests that the security policy denied, Previewed those that it would deny without preview.
	Denied    uint64        `json:"denied,omitempty"`
	Previewed uint64        `json:"previewed,omitempty"`
	Groups    []GroupStatus `json:"groups"`
}

// GroupStatus is the status of an instance group.
type GroupStatus struct {
	Zone      string           `json:"zone"`
	Region    string           `json:"region"`
	Share     float64          `json:"share"`
	Instances []InstanceStatus `json:"instances"`
}

// InstanceStatus is the status of a machine in a group.
type InstanceStatus struct {
	Name    string `json:"name"`
	Healthy bool   `json:"healthy"`
	// Reason is why the last probe failed, or why there is no port to send requests to.
	Reason   string    `json:"reason,omitempty"`
	Since    time.Time `json:"since"` // when Healthy last changed
	Share    float64   `json:"share"`
	Rate     float64   `json:"rate"`
	InFlight int       `json:"inFlight"`
}

// rateWindow is the period in seconds over which rates are averaged.
const rateWindow = 10

// Status returns the status of the load balancers.
func (l *LoadBalancers) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{Problem: l.problem, FrontEnds: []FrontEndStatus{}, Services: []ServiceStatus{}}
	for _, f := range sorted(l.fronts) {
		s.FrontEnds = append(s.FrontEnds, f.status())
	}
	for _, service := range l.inOrder() {
		s.Services = append(s.Services, service.status(time.Now()))
	}
	return s
}

// inOrder lists the services of all front ends, each default service before those of the routes.
func (l *LoadBalancers) inOrder() (all []*service) {
	for _, f := range sorted(l.fronts) {
		f.mu.Lock()
		of := []*service{f.service}
		for _, r := range f.routes {
			of = append(of, r.service)
		}
		f.mu.Unlock()
		for _, s := range of {
			if s != nil && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

func (f *frontEnd) status() FrontEndStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	scheme, standard := "http://", "80"
	if f.declared.HTTPS {
		scheme, standard = "https://", "443"
	}
	address, err := listenAddress(f.declared)
	if err != nil {
		address = f.declared.Address
	} else if host, port, _ := net.SplitHostPort(address); port == standard {
		address = host
	}
	return FrontEndStatus{URL: scheme + address, Problem: f.problem}
}

func (s *service) status(now time.Time) ServiceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := ServiceStatus{Name: lastSegment(s.declared.ID), HealthCheck: inWords(s.declared.HealthCheck), Requests: s.requests.all(),
		Rate: rate(&s.requests, now), Failed: s.refused.all(),
		Denied: s.denied.all(), Previewed: s.previewed.all(), Groups: []GroupStatus{}}
	total := 0.0
	for _, g := range s.groups {
		total += float64(g.requests.during(now, window))
	}
	share := func(m *meter) float64 { return float64(m.during(now, window)) / max(total, 1) }
	for _, g := range s.groups {
		group := GroupStatus{Zone: g.declared.Zone, Region: googlecloud.RegionOf(g.declared.Zone),
			Share: share(&g.requests), Instances: []InstanceStatus{}}
		for _, i := range g.instances {
			instance := InstanceStatus{Name: i.name, Healthy: i.available(), Reason: i.health.reason, Since: i.health.since,
				Share: share(&i.requests), Rate: rate(&i.requests, now), InFlight: i.inFlight}
			if i.portless != "" {
				instance.Reason = i.portless
			} else if !i.health.healthy && i.health.reason == "" {
				instance.Reason = fmt.Sprintf("%d of %d probes passed so far", i.health.passed, s.declared.HealthCheck.HealthyThreshold)
			}
			group.Instances = append(group.Instances, instance)
		}
		status.Groups = append(status.Groups, group)
	}
	return status
}

func rate(m *meter, now time.Time) float64 {
	// Excludes the current second, which has just begun.
	return float64(m.during(now, rateWindow+1)-m.during(now, 1)) / rateWindow
}

// inWords describes a health check.
func inWords(c cloud.HealthCheck) string {
	return fmt.Sprintf("HTTP GET %s at port %d every %s, for at most %s; in after %d, out after %d in a row", c.Path, c.Port, plain(c.Interval), plain(c.Timeout),
		c.HealthyThreshold, c.UnhealthyThreshold)
}

// plain formats a duration: below an hour and in whole seconds as seconds, otherwise as Go does.
func plain(d time.Duration) string {
	if d%time.Second == 0 && d < time.Hour {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return strings.TrimSpace(d.String())
}
