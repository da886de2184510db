package kubelet

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
)

// kubeletConditions are the conditions that a kubelet owns. It does not change any others.
var kubeletConditions = []corev1.PodConditionType{
	corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady,
}

// status returns the pod status that the kubelet reports.
func (p *Pod) status(now time.Time) corev1.PodStatus {
	s := corev1.PodStatus{
		Phase:     p.phase,
		Reason:    p.reason,
		Message:   p.message,
		HostIP:    p.kubelet.Machine.IP.String(),
		HostIPs:   []corev1.HostIP{{IP: p.kubelet.Machine.IP.String()}},
		StartTime: &p.started,
		// Set by the API server and the scheduler, never by a kubelet.
		QOSClass:          p.api.Status.QOSClass,
		NominatedNodeName: p.api.Status.NominatedNodeName,
		Resize:            p.api.Status.Resize,
	}
	if p.ip.IsValid() {
		s.PodIP = p.ip.String()
		s.PodIPs = []corev1.PodIP{{IP: s.PodIP}}
	}
	for _, ct := range p.init {
		s.InitContainerStatuses = append(s.InitContainerStatuses, ct.status())
	}
	for _, ct := range p.main {
		s.ContainerStatuses = append(s.ContainerStatuses, ct.status())
	}
	s.Conditions = p.conditions(now)
	return s
}

// conditions returns the kubelet's own conditions, with their last transition times, and the others unchanged.
func (p *Pod) conditions(now time.Time) []corev1.PodCondition {
	own := []corev1.PodCondition{p.networkCondition(), p.initializedCondition(), p.readyCondition(), p.containersCondition()}
	var all []corev1.PodCondition
	for _, condition := range own {
		condition.LastTransitionTime = metav1.NewTime(now)
		_, old := podutil.GetPodCondition(&p.desired, condition.Type)
		if old != nil && old.Status == condition.Status {
			condition.LastTransitionTime = old.LastTransitionTime
		}
		all = append(all, condition)
	}
	for _, condition := range p.written.Conditions {
		if !slices.Contains(kubeletConditions, condition.Type) {
			all = append(all, condition)
		}
	}
	return all
}

func truth(ok bool) corev1.ConditionStatus {
	if ok {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}

func (p *Pod) networkCondition() corev1.PodCondition {
	return corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: truth(p.ip.IsValid() && !p.released)}
}

func (p *Pod) initializedCondition() corev1.PodCondition {
	var incomplete []string
	for _, ct := range p.init {
		if ct.sidecar && !ct.started || !ct.sidecar && !ct.succeeded() {
			incomplete = append(incomplete, ct.spec.Name)
		}
	}
	condition := corev1.PodCondition{Type: corev1.PodInitialized, Status: truth(len(incomplete) == 0)}
	switch {
	case p.phase == corev1.PodSucceeded:
		condition.Status, condition.Reason = corev1.ConditionTrue, "PodCompleted"
	case len(incomplete) > 0:
		condition.Reason = "ContainersNotInitialized"
		condition.Message = "containers with incomplete status: [" + strings.Join(incomplete, " ") + "]"
	}
	return condition
}

func (p *Pod) containersCondition() corev1.PodCondition {
	condition := corev1.PodCondition{Type: corev1.ContainersReady}
	var unready []string
	for _, ct := range p.all() {
		if (!ct.init || ct.sidecar) && !ct.ready {
			unready = append(unready, ct.spec.Name)
		}
	}
	switch {
	case p.phase == corev1.PodSucceeded:
		condition.Status, condition.Reason = corev1.ConditionFalse, "PodCompleted"
	case p.phase == corev1.PodFailed:
		condition.Status, condition.Reason = corev1.ConditionFalse, "PodFailed"
	case len(unready) > 0:
		condition.Status, condition.Reason = corev1.ConditionFalse, "ContainersNotReady"
		condition.Message = "containers with unready status: [" + strings.Join(unready, " ") + "]"
	default:
		condition.Status = corev1.ConditionTrue
	}
	return condition
}

// readyCondition adds the readiness gates to the containers' condition.
func (p *Pod) readyCondition() corev1.PodCondition {
	condition := p.containersCondition()
	condition.Type = corev1.PodReady
	if condition.Status != corev1.ConditionTrue {
		return condition
	}
	var closed []string
	for _, gate := range p.api.Spec.ReadinessGates {
		if _, c := podutil.GetPodCondition(&p.api.Status, gate.ConditionType); c == nil || c.Status != corev1.ConditionTrue {
			closed = append(closed, `corresponding condition of pod readiness gate "`+string(gate.ConditionType)+`" does not exist or is not True.`)
		}
	}
	if len(closed) > 0 {
		condition.Status, condition.Reason, condition.Message = corev1.ConditionFalse, "ReadinessGatesNotReady", strings.Join(closed, ", ")
	}
	return condition
}
