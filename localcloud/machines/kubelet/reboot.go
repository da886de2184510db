package kubelet

import (
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/localcloud/machines/software"
)

// reboot starts the pod again, as a kubelet does after a reboot: its network is gone, its containers have ended, and
// its emptyDir volumes on the machine's disk remain.
func (p *Pod) reboot(now time.Time) {
	if p.released {
		return
	}
	if p.ip.IsValid() && p.api.DeletionTimestamp == nil {
		p.event(corev1.EventTypeNormal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
	}
	p.ip, p.located = netip.Addr{}, nil
	p.volumes, p.mount = nil, backoff{}
	p.deadline = time.Time{}
	for _, ct := range p.all() {
		ct.afterReboot(now)
	}
}

// Exit code and reason that the container runtime reports after a reboot for a container that ran until then.
const (
	lostExitCode = 255
	lostReason   = "Unknown"
)

// afterReboot puts the container into the state that the kubelet finds: a running container has ended, and init
// containers run again because the pod's sandbox is new.
func (ct *container) afterReboot(now time.Time) {
	ran := ct.stage == active
	if ran {
		ct.exited(now, &software.Exit{Code: lostExitCode})
		ct.reason, ct.last.Reason = lostReason, lostReason
	}
	switch {
	case ct.pod.api.Spec.RestartPolicy == corev1.RestartPolicyNever && ct.stage == terminated:
	case ct.init && ct.stage == terminated, ran && ct.willRestart():
		ct.crash = backoff{next: now} // the loss of the machine does not count as a crash
		ct.restart()
	case ct.stage == waiting:
		ct.imageAt, ct.pull, ct.create = time.Time{}, backoff{}, backoff{}
	}
}
