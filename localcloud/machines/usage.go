package machines

import (
	"geo-wordpress/localcloud/machines/metrics"
)

// used returns what the cluster's pods have done so far.
func (c *cluster) used() (all []metrics.Pod) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, p := range c.pods() {
		if p.Ready() && p.Up() {
			all = append(all, metrics.Pod{Object: p.Object(), Kind: p.State().Kind, Pages: p.Pages()})
		}
	}
	return all
}
