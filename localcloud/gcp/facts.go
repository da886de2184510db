package gcp

import (
	"net/netip"
	"slices"
	"sync"
)

// facts is a cache for the machines' frequent queries. It is read from the store once after each change.
type facts struct {
	firewalls []firewall      // GKE's own included, by priority, deny rules first
	internet  map[string]bool // by cluster ID
}

type factCache struct {
	mu      sync.Mutex
	version int
	facts   *facts
	changed chan struct{} // closed at the next change; nil while nobody waits for it
}

// invalidate is called after every change of the store.
func (c *factCache) invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	c.facts = nil
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// next returns a channel that is closed at the next change.
func (c *factCache) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// known returns the current facts.
func (a *API) known() *facts {
	c := &a.facts
	c.mu.Lock()
	f, version := c.facts, c.version
	c.mu.Unlock()
	if f != nil {
		return f
	}
	f = &facts{internet: map[string]bool{}}
	if err := a.view(func(t *txn) error { return t.gather(f) }); err != nil {
		a.log.Error("read the network's facts", "error", err)
		return f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version == version { // otherwise the store has changed meanwhile and f may be stale
		c.facts = f
	}
	return f
}

func (t *txn) gather(f *facts) error {
	rules, err := t.all(firewallType)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if rule, ok := ingressRule(r); ok {
			f.firewalls = append(f.firewalls, rule)
		}
	}
	all, err := t.all(clusterType)
	if err != nil {
		return err
	}
	for _, r := range all {
		own, err := t.clusterFirewalls(r)
		if err != nil {
			return err
		}
		f.firewalls = append(f.firewalls, own...)
		if f.internet[r.ID], err = t.reachesInternet(r); err != nil {
			return err
		}
	}
	slices.SortStableFunc(f.firewalls, func(a, b firewall) int {
		if a.priority != b.priority {
			return a.priority - b.priority
		}
		switch {
		case a.deny == b.deny:
			return 0
		case a.deny:
			return -1
		default:
			return 1
		}
	})
	return nil
}

// Admits reports whether a VPC's firewalls admit a packet: the first matching rule decides, and the default is deny.
func (a *API) Admits(network string, from netip.Addr, tags []string, protocol string, port int) bool {
	for _, f := range a.known().firewalls {
		if f.network == network && f.matches(from, tags, protocol, port) {
			return !f.deny
		}
	}
	return false
}

// Internet reports whether a cluster's machines can reach addresses outside Google.
func (a *API) Internet(clusterID string) bool { return a.known().internet[clusterID] }

// reachesInternet reports whether machines reach the internet: by addresses of their own or a NAT for the node range of
// their subnetwork, and in either case by the default route, which a network can be created without.
func (t *txn) reachesInternet(c *record) (bool, error) {
	network, err := t.get(c.target("network"))
	if err != nil || network == nil || network.Outputs.flag("deleteDefaultRoutesOnCreate") {
		return false, err
	}
	if !c.Outputs.flag("privateClusterConfig.enablePrivateNodes") {
		return true, nil
	}
	nats, err := t.all(natType)
	if err != nil {
		return false, err
	}
	for _, n := range nats {
		router, err := t.get(n.target("router"))
		if err != nil {
			return false, err
		}
		if router == nil || router.target("network") != network.ID || n.Place != regionOf(c.Place) {
			continue
		}
		if n.Outputs.str(natSource) != "LIST_OF_SUBNETWORKS" {
			return true, nil
		}
		for _, s := range n.Outputs.objs("subnetworks") {
			// A node pulls images from its own address, which is in the primary range.
			nodes := slices.ContainsFunc(s.strs("sourceIpRangesToNats"), func(r string) bool {
				return r == "ALL_IP_RANGES" || r == "PRIMARY_IP_RANGE"
			})
			if nodes && s.str("name") == selfLink(c.target("subnetwork")) {
				return true, nil
			}
		}
	}
	return false, nil
}
