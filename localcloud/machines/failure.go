package machines

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
)

// power is the power state of a machine.
type power int

const (
	on      power = iota
	off           // lost, with everything that ran on it, but not its disks
	booting       // has power again, but its kubelet has not registered yet
)

func (p power) String() string { return [...]string{"on", "off", "booting"}[p] }

// Machine is one machine as an operator sees it.
type Machine struct {
	Name    string
	Zone    string
	Cluster string // the cluster's ID
	Running bool   // neither lost nor booting
}

// Machines lists all machines, ordered by name.
func (s *Simulator) Machines() []Machine {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Machine
	for _, c := range s.clusters {
		for _, m := range c.machines {
			all = append(all, Machine{m.name, m.zone, c.info.ID, m.power == on})
		}
	}
	slices.SortFunc(all, func(a, b Machine) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// SetFailures replaces the set of failures. Newly lost machines stop at once: no signal, no grace period, no heartbeat,
// no report. Machines that are no longer lost boot, and their kubelets restart the pods that the API server still has
// for them. The simulator does not run the control planes.
func (s *Simulator) SetFailures(failures cloud.Failures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = failures
	for _, c := range s.clusters {
		for _, m := range c.machines {
			c.applyFailures(m, time.Now())
		}
		c.changed.Store(true)
	}
	s.poke()
}

// applyFailures switches a machine off or on, as the failures demand. The caller holds Simulator.mu.
func (c *cluster) applyFailures(m *machine, now time.Time) {
	lost := c.sim.failures.Machine(m.name, m.zone)
	switch {
	case lost && m.power != off:
		m.power = off
		for _, p := range c.pods {
			if p.machine == m {
				p.lose()
			}
		}
		c.sim.log.Info("machine is lost", "cluster", c.info.Name, "node", m.name)
	case !lost && m.power == off:
		m.power = booting
		m.bootAt = now.Add(c.sim.pace.Of(nodeBoot))
		c.boots.queue.AddAfter(m.name, c.sim.pace.Of(nodeBoot))
		c.sim.log.Info("machine boots", "cluster", c.info.Name, "node", m.name)
	default:
		return
	}
	c.changed.Store(true)
}

// lost says whether a machine is off.
func (c *cluster) lost(name string) bool {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	m := c.machines[name]
	return m != nil && m.power == off
}

// boot registers the kubelet of a machine that has power again. It fails, and is retried, until the API server answers:
// a freshly started kubelet knows of no pods before that.
func (c *cluster) boot(ctx context.Context, name string) error {
	c.sim.mu.Lock()
	m := c.machines[name]
	if m == nil || m.power != booting {
		c.sim.mu.Unlock()
		return nil
	}
	early := time.Until(m.bootAt)
	c.sim.mu.Unlock()
	if early > 0 { // it was lost again in between
		c.boots.queue.AddAfter(name, early)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	node, err := c.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return ignoreNotFound(err) // if the node was deleted, the machine stays unknown to the cluster
	}
	if err := c.renew(ctx, name); err != nil {
		return err
	}
	id := uuid.NewString()
	err = c.patchNodeStatus(ctx, name, map[string]any{
		"conditions": refreshed(node.Status.Conditions), "nodeInfo": map[string]any{"bootID": id},
	})
	if err != nil {
		return err
	}
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	if m.power != booting {
		return nil
	}
	m.power = on
	now := time.Now()
	for _, p := range c.pods {
		if p.machine == m {
			p.restart(now)
		}
	}
	c.recorder("kubelet", name).Event(&corev1.ObjectReference{Kind: "Node", Name: name, UID: node.UID},
		corev1.EventTypeWarning, "Rebooted", fmt.Sprintf("Node %s has been rebooted, boot id: %s", name, id))
	c.sim.log.Info("machine is back", "cluster", c.info.Name, "node", name)
	c.changed.Store(true)
	c.sim.poke()
	return nil
}

// lose ends the pod's programs with their machine. The API server keeps showing their last reported status.
func (p *pod) lose() {
	for _, ct := range p.all() {
		ct.lose()
	}
}

// restart starts the pod again, as a kubelet does after a reboot: its network is gone, its containers have ended, and
// its emptyDir volumes on the machine's disk remain.
func (p *pod) restart(now time.Time) {
	if p.released {
		return
	}
	if p.ip.IsValid() && p.api.DeletionTimestamp == nil {
		p.event(corev1.EventTypeNormal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
	}
	p.ip, p.moved = addr{}, nil
	p.volumes, p.mount = nil, retry{}
	p.deadline = time.Time{}
	for _, ct := range p.all() {
		ct.afterReboot(now)
	}
}

// lose ends the container without a report: its kubelet is gone, too.
func (ct *container) lose() {
	if ct.program != nil {
		software.Kill(ct.program)
		ct.program = nil
	}
	ct.cancelHook()
}

// Exit code and reason that the container runtime reports after a reboot for a container that ran until then.
const (
	lostExitCode = 255
	lostReason   = "Unknown"
)

// afterReboot puts the container into the state that the kubelet finds: a running container has ended, and init
// containers run again because the pod's sandbox is new.
func (ct *container) afterReboot(now time.Time) {
	ran := ct.state == active
	if ran {
		ct.exited(now, &software.Exit{Code: lostExitCode})
		ct.reason, ct.last.Reason = lostReason, lostReason
	}
	switch {
	case ct.pod.restartPolicy() == corev1.RestartPolicyNever && ct.state == terminated:
	case ct.init && ct.state == terminated, ran && ct.willRestart():
		ct.backoff = retry{next: now} // the loss of the machine does not count as a crash
		ct.restart()
	case ct.state == waiting:
		ct.imageAt, ct.pull, ct.create = time.Time{}, retry{}, retry{}
	}
}
