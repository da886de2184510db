package kubelet

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/models"
)

// advance takes the container's next step, and says whether it is in transition.
func (ct *container) advance(now time.Time) (busy bool) {
	switch ct.stage {
	case waiting:
		return ct.begin(now)
	case active:
		return ct.watch(now)
	case terminated:
		if !ct.willRestart() {
			return false
		}
		if ct.crash.due(now) {
			ct.restart()
			return true
		}
		if ct.reason != "CrashLoopBackOff" {
			ct.stage = waiting
			ct.reason = "CrashLoopBackOff"
			ct.message = fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
				ct.unscaled(ct.crash.delay), ct.spec.Name, ct.pod.api.Name, ct.pod.api.Namespace, ct.pod.api.UID)
			ct.event(corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)",
				ct.spec.Name, ct.pod.api.Name, ct.pod.api.Namespace, ct.pod.api.UID)
		}
		return true
	}
	return false
}

// unscaled returns the delay that a real kubelet would report.
func (ct *container) unscaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(ct.pod.kubelet.Pace)).Round(time.Second)
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
		return ct.exitCode != 0 && ct.pod.api.Spec.RestartPolicy != corev1.RestartPolicyNever
	case ct.pod.api.Spec.RestartPolicy == corev1.RestartPolicyAlways:
		return true
	}
	return ct.pod.api.Spec.RestartPolicy == corev1.RestartPolicyOnFailure && ct.exitCode != 0
}

func (ct *container) restart() {
	ct.restarts++
	ct.stage, ct.reason, ct.message = waiting, ct.waitingReason(), ""
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
		if !ct.crash.due(now) {
			return true
		}
		ct.restart()
	}
	if !ct.pulled(now) || !ct.create.due(now) {
		return true
	}
	process, err := ct.prepare()
	if err != nil {
		ct.reason, ct.message = "CreateContainerConfigError", err.Error()
		ct.create.failed(now, ct.pod.pace(5*time.Second), ct.pod.pace(time.Minute))
		if ct.create.isNew(err) {
			ct.event(corev1.EventTypeWarning, "Failed", "Error: %s", err)
		}
		return true
	}
	ct.create = backoff{}
	ct.event(corev1.EventTypeNormal, "Created", "Created container: %s", ct.spec.Name)
	ct.id = "containerd://" + strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")
	ct.launch(process, now)
	ct.event(corev1.EventTypeNormal, "Started", "Started container %s", ct.spec.Name)
	return true
}

// launch starts the program.
func (ct *container) launch(process *software.Process, now time.Time) {
	ct.process = process
	ct.program = models.Start(process, now)
	ct.stage, ct.reason, ct.message = active, "", ""
	ct.startedAt, ct.finishedAt = now, time.Time{}
	ct.stopping, ct.stopSent, ct.hook = false, false, nil
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
			ct.restartAfterProbe(now, "startup", ct.spec.StartupProbe)
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
		ct.restartAfterProbe(now, "liveness", ct.spec.LivenessProbe)
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

// restartAfterProbe stops a container whose probe has failed for good, so that it is restarted.
func (ct *container) restartAfterProbe(now time.Time, kind string, spec *corev1.Probe) {
	grace := ptr.Deref(ct.pod.api.Spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	grace = ptr.Deref(spec.TerminationGracePeriodSeconds, grace)
	ct.stopBy = now.Add(ct.pod.pace(time.Duration(grace) * time.Second))
	ct.ready = false
	ct.end(now, ct.stopBy, fmt.Sprintf("Container %s failed %s probe, will be restarted", ct.spec.Name, kind))
}
