package kubelet

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/shell"
)

// The kubelet's restart back-off: none for the first restart, then 10 s, doubling up to 5 min. It resets after 10 min
// of running.
const (
	backoffFirst = 10 * time.Second
	backoffLimit = 5 * time.Minute
	backoffReset = 10 * time.Minute
)

// end stops a container with its preStop hook, SIGTERM and, at the deadline, SIGKILL. It says whether the container
// still runs.
func (ct *container) end(now, by time.Time, why string) (alive bool) {
	if ct.program == nil {
		if ct.stage == waiting && ct.pod.ending {
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
		ct.event(corev1.EventTypeNormal, "Killing", "%s", why)
		ct.runHook(by)
	}
	if by.Before(ct.stopBy) {
		ct.stopBy = by
	}
	if !now.Before(ct.stopBy) {
		ct.program.Kill()
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
	ctx, cancel := context.WithDeadline(ct.pod.kubelet.Client.Context(), by)
	ct.hookStop = cancel
	action, process, done := ct.spec.Lifecycle.PreStop, ct.process, ct.hook
	pace := ct.pod.pace
	go func() {
		defer close(done)
		defer cancel()
		switch {
		case action.Sleep != nil:
			select {
			case <-ctx.Done():
			case <-time.After(pace(time.Duration(action.Sleep.Seconds) * time.Second)):
			}
		case action.Exec != nil:
			shell.Run(ctx, process, action.Exec.Command)
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
	ct.stage, ct.finishedAt, ct.exitCode = terminated, now, int32(exit.Code)
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
	first := ct.crash.delay == 0 && ct.crash.next.IsZero()
	if now.Sub(ct.startedAt) > ct.pod.pace(backoffReset) {
		first, ct.crash = true, backoff{}
	}
	if first {
		ct.crash.next = now
		return
	}
	ct.crash.failed(now, ct.pod.pace(backoffFirst), ct.pod.pace(backoffLimit))
}
