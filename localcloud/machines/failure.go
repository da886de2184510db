package machines

import (
	"time"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubelet"
	"geo-wordpress/localcloud/machines/nodes"
)

// SetFailures replaces the set of failures. Newly lost machines stop at once: no signal, no grace period, no heartbeat,
// no report. Machines that are no longer lost boot, and their kubelets restart the pods that the API server still has
// for them. The simulator does not run the control planes.
func (s *Simulator) SetFailures(failures cloud.Failures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = failures
	for _, c := range s.clusters {
		for _, k := range c.kubelets {
			c.applyFailures(k, time.Now())
		}
		c.changed()
	}
}

// applyFailures switches a machine off or on, as the failures demand. The caller holds Simulator.mu.
func (c *cluster) applyFailures(k *kubelet.Kubelet, now time.Time) {
	m := k.Machine
	lost := c.sim.failures.Machine(m.Name, m.Zone)
	switch {
	case lost && m.Power != nodes.Off:
		m.Power = nodes.Off
		k.Kill()
		c.client.Log.Info("machine is lost", "node", m.Name)
	case !lost && m.Power == nodes.Off:
		c.nodePools.Boot(m, now)
		c.client.Log.Info("machine boots", "node", m.Name)
	}
}
