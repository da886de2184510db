package machines

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software"
)

// The kubelet's restart back-off: none for the first restart, then 10 s, doubling up to 5 min. It resets after 10 min
// of running.
const (
	backoffFirst = 10 * time.Second
	backoffLimit = 5 * time.Minute
	backoffReset = 10 * time.Minute
)

type lifeStage int

const (
	waiting lifeStage = iota
	active
	terminated
)

type container struct {
	pod     *pod
	spec    *corev1.Container
	init    bool
	sidecar bool // an init container that keeps running

	state    lifeStage
	reason   string // of waiting and terminated
	message  string
	program  software.Program
	process  *software.Process
	id       string
	imageAt  time.Time // when the pull completes; zero before it starts
	pull     retry
	create   retry
	restarts int32
	backoff  retry
	started  bool
	ready    bool

	startedAt  time.Time
	finishedAt time.Time
	exitCode   int32
	last       *corev1.ContainerStateTerminated

	startup, liveness, readiness *probe

	stopping  bool
	stopSent  bool
	stopBy    time.Time
	hook      chan struct{} // closed when the preStop hook is done
	hookStop  context.CancelFunc
	restartMe bool // stopped in order to be started again
}

func newContainer(p *pod, spec *corev1.Container, init bool) *container {
	ct := &container{pod: p, spec: spec, init: init}
	if init {
		object := p.api
		for i := range object.Spec.InitContainers {
			if object.Spec.InitContainers[i].Name == spec.Name {
				ct.sidecar = podutil.IsRestartableInitContainer(&object.Spec.InitContainers[i])
			}
		}
	}
	ct.reason = "ContainerCreating"
	if len(p.api.Spec.InitContainers) > 0 {
		ct.reason = "PodInitializing"
	}
	return ct
}

// adopt continues from the container's last reported status.
func (ct *container) adopt(statuses []corev1.ContainerStatus, now time.Time) {
	status, ok := ct.recall(statuses)
	if !ok {
		return
	}
	ct.imageAt = now
	if status.State.Running != nil {
		ct.state = waiting
		process, err := ct.prepare(now)
		if err != nil {
			return // starting it anew reports the error
		}
		process.Adopted, process.Started = true, status.State.Running.StartedAt.Time
		ct.launch(process, now)
		ct.startedAt = status.State.Running.StartedAt.Time
		ct.started, ct.ready = ptr.Deref(status.Started, false), status.Ready
		ct.startup.adopt(ct.started)
		ct.readiness.adopt(ct.ready)
	}
}

// recall restores the container's state from its last reported status.
func (ct *container) recall(statuses []corev1.ContainerStatus) (status corev1.ContainerStatus, ok bool) {
	if status, ok = podutil.GetContainerStatus(statuses, ct.spec.Name); !ok {
		return status, false
	}
	ct.restarts, ct.id, ct.last = status.RestartCount, status.ContainerID, status.LastTerminationState.Terminated
	switch {
	case status.State.Running != nil:
		ct.state, ct.startedAt = active, status.State.Running.StartedAt.Time
	case status.State.Terminated != nil:
		t := status.State.Terminated
		ct.state, ct.exitCode, ct.reason = terminated, t.ExitCode, t.Reason
		ct.startedAt, ct.finishedAt = t.StartedAt.Time, t.FinishedAt.Time
	}
	return status, true
}

func (ct *container) succeeded() bool {
	return ct.state == terminated && ct.exitCode == 0 && !ct.sidecar
}

// advance takes the container's next step, and says whether it is in transition.
func (ct *container) advance(now time.Time) (busy bool) {
	switch ct.state {
	case waiting:
		return ct.begin(now)
	case active:
		return ct.watch(now)
	case terminated:
		if !ct.willRestart() {
			return false
		}
		if ct.backoff.due(now) {
			ct.restart()
			return true
		}
		if ct.reason != "CrashLoopBackOff" {
			ct.state = waiting
			ct.reason = "CrashLoopBackOff"
			ct.message = fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
				ct.unscaled(ct.backoff.delay), ct.spec.Name, ct.pod.api.Name, ct.pod.api.Namespace, ct.pod.uid)
			ct.pod.containerEvent(ct, corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)",
				ct.spec.Name, ct.pod.api.Name, ct.pod.api.Namespace, ct.pod.uid)
		}
		return true
	}
	return false
}

// unscaled returns the delay that a real kubelet would report.
func (ct *container) unscaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(ct.pod.cluster.sim.pace)).Round(time.Second)
}

// willRestart says whether the kubelet restarts the container, which has ended.
func (ct *container) willRestart() bool {
	if ct.pod.ending || ct.pod.api.DeletionTimestamp != nil {
		return false
	}
	switch {
	case ct.sidecar:
		return true
	case ct.init:
		return ct.exitCode != 0 && ct.pod.restartPolicy() != corev1.RestartPolicyNever
	case ct.pod.restartPolicy() == corev1.RestartPolicyAlways:
		return true
	}
	return ct.pod.restartPolicy() == corev1.RestartPolicyOnFailure && ct.exitCode != 0
}

func (ct *container) restart() {
	ct.restarts++
	ct.state, ct.reason, ct.message = waiting, ct.waitingReason(), ""
	ct.started, ct.ready = false, false
	ct.imageAt = time.Time{}
}

func (ct *container) waitingReason() string {
	if ct.init {
		return "PodInitializing"
	}
	return "ContainerCreating"
}

// begin pulls the image, and creates and starts the container.
func (ct *container) begin(now time.Time) bool {
	if ct.reason == "CrashLoopBackOff" {
		if !ct.backoff.due(now) {
			return true
		}
		ct.restart()
	}
	if !ct.pulled(now) || !ct.create.due(now) {
		return true
	}
	process, err := ct.prepare(now)
	if err != nil {
		ct.reason, ct.message = "CreateContainerConfigError", err.Error()
		ct.create.failed(now, ct.pod.pace(5*time.Second), ct.pod.pace(time.Minute))
		if ct.create.told != err.Error() {
			ct.create.told = err.Error()
			ct.pod.containerEvent(ct, corev1.EventTypeWarning, "Failed", "Error: %s", err)
		}
		return true
	}
	ct.create = retry{}
	ct.pod.containerEvent(ct, corev1.EventTypeNormal, "Created", "Created container: %s", ct.spec.Name)
	ct.id = "containerd://" + strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")
	ct.launch(process, now)
	ct.pod.containerEvent(ct, corev1.EventTypeNormal, "Started", "Started container %s", ct.spec.Name)
	return true
}

// launch starts the program.
func (ct *container) launch(process *software.Process, now time.Time) {
	ct.process = process
	ct.program = software.Start(process, now)
	ct.state, ct.reason, ct.message = active, "", ""
	ct.startedAt, ct.finishedAt = now, time.Time{}
	ct.stopping, ct.stopSent, ct.restartMe, ct.hook = false, false, false, nil
	ct.startup = newProbe(ct, "Startup", ct.spec.StartupProbe, now)
	ct.liveness = newProbe(ct, "Liveness", ct.spec.LivenessProbe, now)
	ct.readiness = newProbe(ct, "Readiness", ct.spec.ReadinessProbe, now)
	ct.started = ct.startup == nil
	ct.ready = ct.started && ct.readiness == nil
}

// watch checks a running container: its exit, its stop and its probes.
func (ct *container) watch(now time.Time) (busy bool) {
	if exit := ct.program.Exit(); exit != nil {
		ct.exited(now, exit)
		return true
	}
	if ct.stopping {
		ct.end(now, ct.stopBy, "")
		return true
	}
	if !ct.started {
		switch ct.startup.check(now) {
		case passed:
			ct.started = true
			ct.liveness.begin(now)
			ct.readiness.begin(now)
		case givenUp:
			ct.condemn(now, "startup", ct.spec.StartupProbe)
		}
		if !ct.started {
			return true
		}
	}
	ct.probeReadiness(now)
	if ct.readiness == nil {
		ct.ready = true
	}
	if ct.liveness.check(now) == givenUp {
		ct.condemn(now, "liveness", ct.spec.LivenessProbe)
	}
	return !ct.ready
}

// probeReadiness also runs while the container stops, unlike the other probes: when no other pod is ready, a Service
// sends connections to a terminating pod that still is.
func (ct *container) probeReadiness(now time.Time) {
	switch ct.readiness.check(now) {
	case passed:
		ct.ready = true
	case givenUp:
		ct.ready = false
	}
}

// condemn stops a container whose probe has failed for good, so that it is restarted.
func (ct *container) condemn(now time.Time, kind string, spec *corev1.Probe) {
	grace := ptr.Deref(ct.pod.api.Spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	grace = ptr.Deref(spec.TerminationGracePeriodSeconds, grace)
	ct.stopBy = now.Add(ct.pod.pace(time.Duration(grace) * time.Second))
	ct.ready = false
	ct.end(now, ct.stopBy, fmt.Sprintf("Container %s failed %s probe, will be restarted", ct.spec.Name, kind))
}

// end stops a container with its preStop hook, SIGTERM and, at the deadline, SIGKILL. It says whether the container
// still runs.
func (ct *container) end(now, by time.Time, why string) (alive bool) {
	if ct.program == nil {
		if ct.state == waiting && ct.pod.ending {
			ct.ready = false
		}
		return false
	}
	if exit := ct.program.Exit(); exit != nil {
		ct.exited(now, exit)
		return false
	}
	if !ct.stopping {
		ct.stopping, ct.stopBy = true, by
		ct.pod.containerEvent(ct, corev1.EventTypeNormal, "Killing", "%s", why)
		ct.runHook(by)
	}
	if by.Before(ct.stopBy) {
		ct.stopBy = by
	}
	if !now.Before(ct.stopBy) {
		software.Kill(ct.program)
		ct.exited(now, &software.Exit{Code: 137, Reason: "killed"})
		return false
	}
	if !ct.stopSent && ct.hookDone() {
		ct.stopSent = true
		ct.program.Stop(now)
	}
	return true
}

// runHook starts the preStop hook, which may run until the container is killed.
func (ct *container) runHook(by time.Time) {
	ct.hook = make(chan struct{})
	if ct.spec.Lifecycle == nil || ct.spec.Lifecycle.PreStop == nil {
		close(ct.hook)
		return
	}
	ctx, cancel := context.WithDeadline(ct.pod.cluster.ctx, by)
	ct.hookStop = cancel
	action, process, done := ct.spec.Lifecycle.PreStop, ct.process, ct.hook
	pace := ct.pod.pace
	go func() {
		defer close(done)
		defer cancel()
		switch {
		case action.Sleep != nil:
			_ = sleep(ctx, pace(time.Duration(action.Sleep.Seconds)*time.Second))
		case action.Exec != nil:
			software.Run(ctx, process, action.Exec.Command)
		}
	}()
}

func (ct *container) hookDone() bool {
	select {
	case <-ct.hook:
		return true
	default:
		return false
	}
}

func (ct *container) cancelHook() {
	if ct.hookStop != nil {
		ct.hookStop()
	}
}

// exited records the container's exit.
func (ct *container) exited(now time.Time, exit *software.Exit) {
	ct.cancelHook()
	ct.program = nil
	ct.state, ct.finishedAt, ct.exitCode = terminated, now, int32(exit.Code)
	ct.reason, ct.message = "Completed", ""
	if exit.Code != 0 {
		ct.reason = "Error"
		if ct.spec.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError {
			ct.message = exit.Reason
		}
	}
	ct.started, ct.ready = false, false
	ct.last = &corev1.ContainerStateTerminated{
		ExitCode: ct.exitCode, Reason: ct.reason, Message: ct.message, ContainerID: ct.id,
		StartedAt: metav1.NewTime(ct.startedAt), FinishedAt: metav1.NewTime(now),
	}
	first := ct.backoff.delay == 0 && ct.backoff.next.IsZero()
	if now.Sub(ct.startedAt) > ct.pod.pace(backoffReset) {
		first, ct.backoff = true, retry{}
	}
	if first {
		ct.backoff.next = now
		return
	}
	ct.backoff.failed(now, ct.pod.pace(backoffFirst), ct.pod.pace(backoffLimit))
}

// status returns the container status that the kubelet reports.
func (ct *container) status() corev1.ContainerStatus {
	s := corev1.ContainerStatus{
		Name: ct.spec.Name, Image: ct.spec.Image, RestartCount: ct.restarts, Ready: ct.ready, Started: ptr.To(ct.started),
	}
	if ct.id != "" {
		s.ContainerID, s.ImageID = ct.id, imageID(ct.spec.Image)
		s.Resources = ct.spec.Resources.DeepCopy()
		s.AllocatedResources = ct.spec.Resources.Requests.DeepCopy()
	}
	switch ct.state {
	case waiting:
		s.State.Waiting = &corev1.ContainerStateWaiting{Reason: ct.reason, Message: ct.message}
		s.LastTerminationState.Terminated = ct.last
	case active:
		s.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(ct.startedAt)}
		s.LastTerminationState.Terminated = ct.last
	case terminated:
		s.State.Terminated = ct.last
		if ct.last == nil { // it ended before this simulator started
			s.State.Terminated = &corev1.ContainerStateTerminated{
				ExitCode: ct.exitCode, Reason: ct.reason, ContainerID: ct.id,
				StartedAt: metav1.NewTime(ct.startedAt), FinishedAt: metav1.NewTime(ct.finishedAt),
			}
		}
		// A completed init container counts as ready.
		s.Ready = ct.succeeded() && ct.init
	}
	return s
}

// ports returns the TCP ports that the container declares.
func (ct *container) ports() []int {
	var list []int
	for _, p := range ct.spec.Ports {
		if (p.Protocol == corev1.ProtocolTCP || p.Protocol == "") && !slices.Contains(list, int(p.ContainerPort)) {
			list = append(list, int(p.ContainerPort))
		}
	}
	return list
}
