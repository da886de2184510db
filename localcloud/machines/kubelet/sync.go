package kubelet

import (
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/nodes"
)

// sandboxStart is how long the setup of a pod's network takes.
const sandboxStart = 500 * time.Millisecond

// Step advances the pod's programs to now.
func (p *Pod) Step(now time.Time) {
	view := p.kubelet.Network.From(p)
	for _, ct := range p.all() {
		if ct.program != nil {
			ct.program.Step(now, view)
		}
	}
}

// Sync advances the pod, and says whether it is in transition.
func (p *Pod) Sync(now time.Time) (busy bool) {
	if !p.Up() {
		return p.kubelet.Machine.Power == nodes.Booting // no kubelet runs
	}
	switch {
	case p.released:
		busy = false
	case p.api.DeletionTimestamp != nil || p.finished() || p.ending:
		p.terminate(now)
		busy = true
	case p.pastDeadline(now):
		p.fail("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
		busy = true
	default:
		busy = p.run(now)
	}
	p.report(now)
	return busy
}

func (p *Pod) pastDeadline(now time.Time) bool {
	limit := p.api.Spec.ActiveDeadlineSeconds
	return limit != nil && now.Sub(p.started.Time) >= time.Duration(*limit)*time.Second
}

// fail ends the pod by the kubelet's own decision.
func (p *Pod) fail(reason, message string) {
	p.event(corev1.EventTypeNormal, reason, message)
	p.phase, p.reason, p.message, p.ending = corev1.PodFailed, reason, message, true
}

// run advances a live pod: volumes, network, init containers in turn, then all others.
func (p *Pod) run(now time.Time) (busy bool) {
	if p.volumes == nil {
		if !p.mountAll(now) {
			return true
		}
		p.mountedAt, p.refreshed = now, now
	}
	p.refresh(now)
	if !p.ip.IsValid() {
		p.assignAddress()
	}
	if now.Sub(p.mountedAt) < p.pace(sandboxStart) {
		return true
	}
	for _, ct := range p.init {
		if ct.sidecar {
			busy = ct.advance(now) || busy
			if !ct.started {
				return true
			}
			continue
		}
		if ct.succeeded() {
			continue
		}
		ct.advance(now)
		if ct.stage == terminated && ct.exitCode != 0 && p.api.Spec.RestartPolicy == corev1.RestartPolicyNever {
			p.phase = corev1.PodFailed
			p.ending = true
		}
		return true
	}
	for _, ct := range p.main {
		busy = ct.advance(now) || busy
	}
	p.updatePhase()
	return busy
}

// updatePhase sets the phase of a pod whose containers have started.
func (p *Pod) updatePhase() {
	ended, failed, running := 0, false, false
	for _, ct := range p.main {
		switch {
		case ct.stage == terminated && !ct.willRestart():
			ended++
			failed = failed || ct.exitCode != 0
		case ct.stage == active || ct.restarts > 0 || ct.last != nil:
			running = true
		}
	}
	switch {
	case ended == len(p.main) && failed:
		p.phase, p.ending = corev1.PodFailed, true
	case ended == len(p.main):
		p.phase, p.ending = corev1.PodSucceeded, true
	case running || ended > 0:
		p.phase = corev1.PodRunning
	}
}

// assignAddress gives the pod the first free address of its node's range.
func (p *Pod) assignAddress() {
	if p.api.Spec.HostNetwork {
		p.ip = p.kubelet.Machine.IP
		return
	}
	taken := map[netip.Addr]bool{}
	for _, other := range p.kubelet.pods {
		if !other.released {
			taken[other.ip] = true
		}
	}
	ip := p.kubelet.Machine.PodCIDR.Masked().Addr().Next().Next() // the first is the bridge
	for taken[ip] {
		ip = ip.Next()
	}
	p.ip = ip
}

// terminate stops the main containers, then the sidecars, and releases the volumes.
func (p *Pod) terminate(now time.Time) {
	if p.deadline.IsZero() {
		grace := ptr.Deref(p.api.Spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
		grace = ptr.Deref(p.api.DeletionGracePeriodSeconds, grace)
		p.deadline = now.Add(p.pace(time.Duration(grace) * time.Second))
	}
	alive := false
	for _, group := range [][]*container{p.main, p.init} {
		for _, ct := range group {
			running := ct.end(now, p.deadline, "Stopping container "+ct.spec.Name)
			if running && ct.started {
				ct.probeReadiness(now)
			}
			alive = running || alive
		}
		if alive {
			return
		}
	}
	if p.api.DeletionTimestamp != nil && !p.finished() {
		p.phase = corev1.PodSucceeded
		for _, ct := range p.main {
			if ct.exitCode != 0 || ct.stage != terminated {
				p.phase = corev1.PodFailed
			}
		}
	}
	p.ending, p.released = true, true
	p.scratch.Discard()
	p.kubelet.Changed()
}

// kill kills all programs at once, without signal or grace period.
func (p *Pod) kill() {
	for _, ct := range p.all() {
		if ct.program != nil {
			ct.program.Kill()
			ct.program = nil
		}
		ct.cancelHook()
	}
}
