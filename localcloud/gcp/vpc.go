package gcp

import (
	"net/netip"
	"sync"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/container"
)

// networkRules are the declared rules for packets: the firewalls, GKE's own included, and the NATs.
type networkRules struct {
	firewalls []compute.Firewall
	internet  map[string]bool // by cluster ID: whether its machines reach the Internet
}

// ruleCache caches the rules for the machines' frequent queries. It is read from the store once after each change.
type ruleCache struct {
	mu      sync.Mutex
	changed <-chan struct{} // closed if the store has changed since the rules were read
	rules   *networkRules
}

// networkRules returns the current rules.
func (a *API) networkRules() *networkRules {
	c := &a.rules
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules != nil {
		select {
		case <-c.changed:
		default:
			return c.rules
		}
	}
	changed := a.Changed() // before reading, so that no change in between is missed
	rules := &networkRules{internet: map[string]bool{}}
	if err := a.View(rules.read); err != nil {
		a.Log.Error("read the firewalls and the NATs", "error", err)
		return rules
	}
	c.changed, c.rules = changed, rules
	return rules
}

func (n *networkRules) read(t *api.Tx) error {
	n.firewalls = compute.Firewalls(t)
	served := compute.ServedByNAT(t)
	for _, c := range t.All(api.ClusterType) {
		own, err := container.Firewalls(t, c)
		if err != nil {
			return err
		}
		n.firewalls = append(n.firewalls, own...)
		n.internet[c.ID] = served[c.Target("subnetwork")] || !c.Outputs.Flag("privateClusterConfig.enablePrivateNodes")
	}
	return nil
}

// Admits reports whether a VPC's firewalls admit a packet. The default is to deny.
func (a *API) Admits(network string, from netip.Addr, tags []string, protocol string, port int) bool {
	for _, f := range a.networkRules().firewalls {
		if f.Admits(network, from, tags, protocol, port) {
			return true
		}
	}
	return false
}

// Internet reports whether a cluster's machines reach addresses outside Google: by a NAT for their subnetwork, or by
// addresses of their own.
func (a *API) Internet(clusterID string) bool { return a.networkRules().internet[clusterID] }
