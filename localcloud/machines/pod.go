package machines

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	statusutil "k8s.io/kubernetes/pkg/util/pod"

	"geo-wordpress/localcloud/machines/software"
)

var everything = labels.Everything()

// sandboxStart is how long the setup of a pod's network takes.
const sandboxStart = 500 * time.Millisecond

// pod is a pod on one of the machines. Simulator.mu guards it.
type pod struct {
	cluster *cluster
	machine *machine
	uid     types.UID
	api     *corev1.Pod                 // as last seen from the API server
	adopted bool                        // it ran before this simulator started
	scratch map[string]*software.Volume // emptyDir volumes on the machine's disk, by name: they survive a reboot

	started   metav1.Time // when the kubelet accepted it
	ip        addr
	volumes   map[string]*software.Volume // by name; nil until all are mounted
	mount     retry
	mountedAt time.Time
	init      []*container
	main      []*container
	phase     corev1.PodPhase
	deadline  time.Time // when a terminating pod's containers are killed
	ending    bool
	message   string // the kubelet's message for a failed pod; empty if its containers failed
	reason    string
	released  bool // its containers are gone and its volumes unmounted
	frozen    bool // it had ended before this simulator started, and keeps its status

	written corev1.PodStatus // as last reported
	desired corev1.PodStatus
	moved   *corev1.Pod // api with the pod's address, until the API server shows that
	kind    string      // software.State.Kind of the program last seen in it
}

// newPod creates the record of a new pod, or adopts one that ran before.
func newPod(c *cluster, m *machine, object *corev1.Pod, now time.Time) *pod {
	p := &pod{cluster: c, machine: m, uid: object.UID, api: object, phase: corev1.PodPending}
	for i := range object.Spec.InitContainers {
		p.init = append(p.init, newContainer(p, &object.Spec.InitContainers[i], true))
	}
	for i := range object.Spec.Containers {
		p.main = append(p.main, newContainer(p, &object.Spec.Containers[i], false))
	}
	p.started = metav1.NewTime(now)
	p.written = *object.Status.DeepCopy()
	if object.Status.StartTime != nil {
		p.adopt(now)
	}
	p.desired = *p.written.DeepCopy()
	return p
}

// adopt takes over a pod whose machine kept running while the simulator did not.
func (p *pod) adopt(now time.Time) {
	status := &p.api.Status
	p.adopted, p.started, p.phase = true, *status.StartTime, status.Phase
	p.ip, _ = netip.ParseAddr(status.PodIP)
	p.reason, p.message = status.Reason, status.Message
	if p.finished() {
		p.released, p.frozen = true, true
		return
	}
	if p.machine.power != on {
		p.adoptLost()
		return
	}
	if !p.ip.IsValid() {
		return // it never got past mounting its volumes
	}
	p.mountedAt = now.Add(-p.pace(sandboxStart))
	p.volumes = p.adoptVolumes()
	for _, ct := range p.init {
		ct.adopt(status.InitContainerStatuses, now)
	}
	for _, ct := range p.main {
		ct.adopt(status.ContainerStatuses, now)
	}
}

// adoptLost takes over a pod whose machine is lost: its containers have ended, but nothing has reported that.
func (p *pod) adoptLost() {
	for _, ct := range p.init {
		ct.recall(p.api.Status.InitContainerStatuses)
	}
	for _, ct := range p.main {
		ct.recall(p.api.Status.ContainerStatuses)
	}
}

func (p *pod) pace(d time.Duration) time.Duration { return p.cluster.sim.pace.Of(d) }

func (p *pod) name() string { return p.api.Namespace + "/" + p.api.Name }

func (p *pod) all() []*container { return slices.Concat(p.init, p.main) }

func (p *pod) finished() bool { return podutil.IsPodPhaseTerminal(p.phase) }

// located returns the pod with its address, which the API server may not show yet.
func (p *pod) located() *corev1.Pod {
	if !p.ip.IsValid() || p.api.Status.PodIP == p.ip.String() {
		return p.api
	}
	if p.moved == nil || p.moved.ResourceVersion != p.api.ResourceVersion {
		p.moved = p.api.DeepCopy()
		p.moved.Status.PodIP = p.ip.String()
	}
	return p.moved
}

// stepPrograms advances the pod's programs to now.
func (p *pod) stepPrograms(now time.Time) {
	view := p.cluster.sim.view(p)
	for _, ct := range p.all() {
		if ct.program != nil {
			ct.program.Step(now, view)
		}
	}
}

// sync advances the pod, and says whether it is in transition.
func (p *pod) sync(now time.Time) (busy bool) {
	if p.machine.power != on {
		return p.machine.power == booting // no kubelet runs
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

func (p *pod) pastDeadline(now time.Time) bool {
	limit := p.api.Spec.ActiveDeadlineSeconds
	return limit != nil && now.Sub(p.started.Time) >= time.Duration(*limit)*time.Second
}

// fail ends the pod by the kubelet's own decision.
func (p *pod) fail(reason, message string) {
	p.event(corev1.EventTypeNormal, reason, message)
	p.phase, p.reason, p.message, p.ending = corev1.PodFailed, reason, message, true
}

// run advances a live pod: volumes, network, init containers in turn, then all others.
func (p *pod) run(now time.Time) (busy bool) {
	if p.volumes == nil {
		if !p.mountAll(now) {
			return true
		}
		p.mountedAt = now
	}
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
		if ct.state == terminated && ct.exitCode != 0 && p.restartPolicy() == corev1.RestartPolicyNever {
			p.phase = corev1.PodFailed
			p.ending = true
		}
		return true
	}
	for _, ct := range p.main {
		busy = ct.advance(now) || busy
	}
	p.settle()
	return busy
}

func (p *pod) restartPolicy() corev1.RestartPolicy { return p.api.Spec.RestartPolicy }

// settle sets the phase of a pod whose containers have started.
func (p *pod) settle() {
	ended, failed, running := 0, false, false
	for _, ct := range p.main {
		switch {
		case ct.state == terminated && !ct.willRestart():
			ended++
			failed = failed || ct.exitCode != 0
		case ct.state == active || ct.restarts > 0 || ct.last != nil:
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
func (p *pod) assignAddress() {
	if p.api.Spec.HostNetwork {
		p.ip = p.machine.ip
		return
	}
	taken := map[addr]bool{}
	for _, other := range p.cluster.pods {
		if other.machine == p.machine && !other.released {
			taken[other.ip] = true
		}
	}
	ip := p.machine.podCIDR.Masked().Addr().Next().Next() // the first is the bridge
	for taken[ip] {
		ip = ip.Next()
	}
	p.ip = ip
}

// terminate stops the main containers, then the sidecars, and releases the volumes.
func (p *pod) terminate(now time.Time) {
	if p.deadline.IsZero() {
		grace := int64(corev1.DefaultTerminationGracePeriodSeconds)
		if p.api.Spec.TerminationGracePeriodSeconds != nil {
			grace = *p.api.Spec.TerminationGracePeriodSeconds
		}
		if p.api.DeletionGracePeriodSeconds != nil {
			grace = *p.api.DeletionGracePeriodSeconds
		}
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
			if ct.exitCode != 0 || ct.state != terminated {
				p.phase = corev1.PodFailed
			}
		}
	}
	p.ending, p.released = true, true
	p.cluster.changed.Store(true)
	p.cluster.sim.poke()
}

// killAll kills all programs at once, without signal or grace period.
func (p *pod) killAll() {
	for _, ct := range p.all() {
		if ct.program != nil {
			software.Kill(ct.program)
			ct.program = nil
		}
		ct.cancelHook()
	}
	p.released = true
}

// event reports an event about the pod.
func (p *pod) event(kind, reason, message string) {
	p.cluster.recorder("kubelet", p.machine.name).Event(p.api, kind, reason, message)
}

// containerEvent reports an event about a container.
func (p *pod) containerEvent(ct *container, kind, reason, format string, args ...any) {
	field := "spec.containers{" + ct.spec.Name + "}"
	if ct.init {
		field = "spec.initContainers{" + ct.spec.Name + "}"
	}
	reference := &corev1.ObjectReference{
		APIVersion: "v1", Kind: "Pod", Namespace: p.api.Namespace, Name: p.api.Name, UID: p.uid,
		ResourceVersion: p.api.ResourceVersion, FieldPath: field,
	}
	p.cluster.recorder("kubelet", p.machine.name).Eventf(reference, kind, reason, format, args...)
}

// report queues the pod's status if it has changed, or if the pod can be removed.
func (p *pod) report(now time.Time) {
	status := p.desired
	if !p.frozen {
		status = p.status(now)
	}
	removable := p.removable()
	if sameStatus(&status, &p.desired) && !removable {
		return
	}
	p.desired = status
	p.cluster.statuses.add(string(p.uid))
	if p.servesNFS() {
		p.cluster.provisionAll()
	}
}

// servesNFS says whether an NFS provisioner runs in the pod.
func (p *pod) servesNFS() bool {
	return slices.ContainsFunc(p.main, func(ct *container) bool {
		return ct.program != nil && software.AsNFSServer(ct.program) != nil
	})
}

// removable says whether the API server waits for the kubelet to delete the pod, and not just for others' finalizers.
func (p *pod) removable() bool {
	if !p.released || p.api.DeletionTimestamp == nil {
		return false
	}
	forced := p.api.DeletionGracePeriodSeconds != nil && *p.api.DeletionGracePeriodSeconds == 0
	return !forced || len(p.api.Finalizers) == 0
}

// writeStatus reports a pod's status, and removes a deleted pod that has ended. A node's key reports its volumes.
func (c *cluster) writeStatus(ctx context.Context, key string) error {
	if name, ok := cutNode(key); ok {
		return c.writeVolumesInUse(ctx, name)
	}
	c.sim.mu.Lock()
	p := c.pods[types.UID(key)]
	if p == nil || p.machine.power != on {
		c.sim.mu.Unlock()
		return nil
	}
	object, before, after := p.api, p.written, *p.desired.DeepCopy()
	remove := p.removable()
	c.sim.mu.Unlock()

	_, _, _, err := statusutil.PatchPodStatus(ctx, c.client, object.Namespace, object.Name, object.UID, before, after)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case apierrors.IsConflict(err), err != nil && ctx.Err() == nil && gone(ctx, c, object):
		return nil // another pod has the name
	case err != nil:
		return err
	}
	c.sim.mu.Lock()
	p.written = after
	c.sim.mu.Unlock()
	if remove {
		return c.deletePod(ctx, object)
	}
	return nil
}

// gone says whether a pod no longer exists, which the patch's error does not tell.
func gone(ctx context.Context, c *cluster, object *corev1.Pod) bool {
	now, err := c.client.CoreV1().Pods(object.Namespace).Get(ctx, object.Name, metav1.GetOptions{})
	return apierrors.IsNotFound(err) || err == nil && now.UID != object.UID
}

func cutNode(key string) (string, bool) {
	if len(key) > len(nodeKey) && key[:len(nodeKey)] == nodeKey {
		return key[len(nodeKey):], true
	}
	return "", false
}

// retry is the state of an exponential back-off. The first attempt is immediate.
type retry struct {
	next  time.Time
	delay time.Duration
	told  string // the last error that was reported
}

func (r *retry) due(now time.Time) bool { return !now.Before(r.next) }

func (r *retry) failed(now time.Time, first, limit time.Duration) {
	r.delay = min(max(2*r.delay, first), limit)
	r.next = now.Add(r.delay)
}

func logName(p *pod, container string) string {
	return fmt.Sprintf("%s_%s_%s", p.api.Namespace, p.api.Name, container)
}
