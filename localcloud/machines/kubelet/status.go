package kubelet

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	kubeletstatus "k8s.io/kubernetes/pkg/kubelet/status"
	kubelettypes "k8s.io/kubernetes/pkg/kubelet/types"
)

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
	s.Conditions = p.conditions(now, slices.Concat(s.InitContainerStatuses, s.ContainerStatuses))
	return s
}

// conditions returns the kubelet's own conditions, with their last transition times, and the others unchanged.
func (p *Pod) conditions(now time.Time, containers []corev1.ContainerStatus) []corev1.PodCondition {
	network := corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionFalse}
	if p.ip.IsValid() && !p.released {
		network.Status = corev1.ConditionTrue
	}
	all := []corev1.PodCondition{
		network,
		kubeletstatus.GeneratePodInitializedCondition(p.api, &p.desired, containers, p.phase),
		kubeletstatus.GeneratePodReadyCondition(p.api, &p.desired, p.api.Status.Conditions, containers, p.phase),
		kubeletstatus.GenerateContainersReadyCondition(p.api, &p.desired, containers, p.phase),
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, // kubelets report it too
	}
	for i := range all {
		all[i].LastTransitionTime = metav1.NewTime(now)
		_, old := podutil.GetPodCondition(&p.desired, all[i].Type)
		if old != nil && old.Status == all[i].Status {
			all[i].LastTransitionTime = old.LastTransitionTime
		}
	}
	for _, condition := range p.written.Conditions {
		if !kubelettypes.PodConditionByKubelet(condition.Type) {
			all = append(all, condition)
		}
	}
	return all
}
