package gcp

import (
	"net/netip"
	"slices"
	"sync"
)

// facts is what the machines keep asking about, read from the store once after each change.
type facts struct {
	firewalls []firewall      // GKE's own included, by priority, denials first
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

// next is closed at the next change.
func (c *factCache) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// known returns the facts as of now.
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
	if c.version == version { // else the store has changed since, and what was read may be of before
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

// Admits says whether a VPC's firewalls let a packet in: the first rule that matches decides, and none means no.
func (a *API) Admits(network string, from netip.Addr, tags []string, protocol string, port int) bool {
	for _, f := range a.known().firewalls {
		if f.network == network && f.matches(from, tags, protocol, port) {
			return !f.deny
		}
	}
	return false
}

// Internet says whether a cluster's machines reach addresses outside Google.
func (a *API) Internet(clusterID string) bool { return a.known().internet[clusterID] }

// reachesInternet: by addresses of their own, or by a NAT that serves the nodes' range of their subnetwork; and in
// either case by the default route, which a network can be made without.
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
			// A node pulls images with its own address, from the primary range.
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
