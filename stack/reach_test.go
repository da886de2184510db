package stack_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"geo-wordpress/config"
	"geo-wordpress/ports"
	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// way is one application calling another on a port.
type way struct {
	from, to string
	port     int
	remote   bool // in another region
}

// ways are exactly the connections that the policies must allow.
func ways(c *config.Config) map[way]bool {
	all := map[way]bool{
		{"pd", "pd", ports.PDClient, true}:                 true,
		{"pd", "pd", ports.PDPeer, true}:                   true,
		{"tikv", "pd", ports.PDClient, true}:               true,
		{"tikv", "pd", ports.PDClient, false}:              true,
		{"tidb", "pd", ports.PDClient, true}:               true,
		{"tidb", "pd", ports.PDClient, false}:              true,
		{"tikv", "tikv", ports.TiKV, true}:                 true,
		{"tidb", "tikv", ports.TiKV, true}:                 true,
		{"tidb", "tikv", ports.TiKV, false}:                true,
		{"database-init", "tidb", ports.TiDB, false}:       true,
		{"gate", "pd", ports.PDClient, false}:              true,
		{"pd-gate", "pd", ports.PDClient, false}:           true,
		{"tikv-gate", "pd", ports.PDClient, false}:         true,
		{"membership", "pd", ports.PDClient, false}:        true,
		{"wordpress", "tidb", ports.TiDB, false}:           true,
		{"wordpress-cli", "tidb", ports.TiDB, false}:       true,
		{"wordpress-cron", "wordpress", ports.HTTP, false}: true,
		{"syncthing", "syncthing", ports.Syncthing, true}:  true,
	}
	for app, is := range map[string]bool{"wordpress-install": c.Site != nil, "backup": c.Backup != nil, "database-reader": c.Backup != nil, "restore": c.Restore != nil} {
		if is {
			all[way{app, "tidb", ports.TiDB, false}] = true
		}
	}
	return all
}

// pod is a pod as network policies see it.
type pod struct {
	app       string
	region    regions.Region
	namespace string
	labels    map[string]string
}

// pods are one pod of each application in a region.
func (s *system) pods(region regions.Region) map[string]pod {
	all := map[string]pod{}
	for _, w := range s.workloads(region) {
		app := w.Labels["app.kubernetes.io/name"]
		all[app] = pod{app, region, s.namespaceOf(w.Resource).Metadata().Name, w.Labels}
	}
	return all
}

// regionsAdmitEachOther checks, for every pair of applications and every port, whether the policies of both together
// let one reach the other, and compares the result with ways.
func regionsAdmitEachOther(t rapid.TB, s *system) {
	ports := map[int]bool{}
	for _, region := range s.config.Regions {
		for _, p := range s.policies(region) {
			for _, r := range append(slices.Clone(p.Spec.Ingress), p.Spec.Egress...) {
				for _, port := range r.Ports {
					if port.EndPort != 0 {
						t.Errorf("%s opens a range of ports", p)
					}
					ports[port.Port] = true
				}
			}
		}
	}
	here := s.config.Regions[0]
	must := ways(s.config)
	for _, there := range s.config.Regions {
		for _, from := range s.pods(here) {
			// The job is in one region; its policies are in all.
			for _, to := range s.pods(there) {
				if there.Name == here.Name && from.app == to.app {
					continue
				}
				for port := range maps.Keys(ports) {
					want := must[way{from.app, to.app, port, there.Name != here.Name}]
					if got := s.reaches(from, to, port) && port != 53; got != want {
						t.Errorf("%s of %s reaches %s of %s on port %d: %v, want %v", from.app, here.Name, to.app, there.Name, port, got, want)
					}
					// And in the other direction: the policies of every region are the same.
					if there.Name == here.Name {
						continue
					}
					if want, got := must[way{to.app, from.app, port, true}], s.reaches(to, from, port) && port != 53; got != want {
						t.Errorf("%s of %s reaches %s of %s on port %d: %v, want %v", to.app, there.Name, from.app, here.Name, port, got, want)
					}
				}
			}
		}
	}
	s.reachedFromOutside(t)
}

// reachedFromOutside: the load balancer reaches WordPress and its health page, and nothing else.
func (s *system) reachedFromOutside(t rapid.TB) {
	for _, region := range s.config.Regions {
		for _, to := range s.pods(region) {
			for _, address := range []string{"130.211.0.1", "35.191.255.254", "203.0.113.9"} {
				for _, port := range []int{ports.HTTP, ports.Health, ports.TiDB, ports.Syncthing} {
					want := to.app == "wordpress" && (port == ports.HTTP || port == ports.Health) && address != "203.0.113.9"
					if got := s.enters(netip.MustParseAddr(address), pod{}, to, port); got != want {
						t.Errorf("%s reaches %s of %s on port %d: %v, want %v", address, to.app, region.Name, port, got, want)
					}
				}
			}
		}
	}
}

// reaches says whether one pod's egress policies and another's ingress policies allow a connection.
func (s *system) reaches(from, to pod, port int) bool {
	fromAddress, toAddress := netip.Addr{}, netip.Addr{}
	if from.region.Name != to.region.Name {
		fromAddress, toAddress = from.region.Ranges.Pods.Addr().Next(), to.region.Ranges.Pods.Addr().Next()
	}
	return s.leaves(from, toAddress, to, port) && s.enters(fromAddress, from, to, port)
}

func (s *system) leaves(from pod, address netip.Addr, to pod, port int) bool {
	for _, p := range s.policiesOf(from) {
		for _, r := range p.Spec.Egress {
			if r.lets(r.To, address, to, port, s.namespaceOf(p.Resource)) {
				return true
			}
		}
	}
	return false
}

func (s *system) enters(address netip.Addr, from, to pod, port int) bool {
	for _, p := range s.policiesOf(to) {
		for _, r := range p.Spec.Ingress {
			if r.lets(r.From, address, from, port, s.namespaceOf(p.Resource)) {
				return true
			}
		}
	}
	return false
}

func (s *system) policiesOf(of pod) []policy {
	var all []policy
	for _, p := range s.policies(of.region) {
		if s.namespaceOf(p.Resource).Metadata().Name == of.namespace && p.Spec.PodSelector.Selects(of.labels) {
			all = append(all, p)
		}
	}
	return all
}

// lets says whether a rule of a policy admits a peer. A peer with an address is outside the cluster and matches only
// ranges; one without is a pod of the cluster and matches only selectors.
func (r rule) lets(peers []peer, address netip.Addr, other pod, port int, home *stacktest.Resource) bool {
	open := len(r.Ports) == 0
	for _, p := range r.Ports {
		open = open || p.Port == port
	}
	if !open || len(peers) == 0 {
		return open
	}
	for _, p := range peers {
		switch {
		case address.IsValid():
			if p.IPBlock != nil && within(p.IPBlock.CIDR, address) &&
				!slices.ContainsFunc(p.IPBlock.Except, func(cidr string) bool { return within(cidr, address) }) {
				return true
			}
		case p.IPBlock != nil || p.PodSelector == nil || !p.PodSelector.Selects(other.labels):
		case p.NamespaceSelector == nil:
			if home.Metadata().Name == other.namespace {
				return true
			}
		default:
			if p.NamespaceSelector.Selects(map[string]string{"kubernetes.io/metadata.name": other.namespace}) {
				return true
			}
		}
	}
	return false
}

func within(cidr string, address netip.Addr) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		panic(fmt.Sprintf("a network policy has the range %q: %v", cidr, err))
	}
	return prefix.Contains(address)
}
