package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// report has the pod's status written if it has changed, or if the pod can be removed.
func (p *Pod) report(now time.Time) {
	status := p.desired
	if !p.frozen {
		status = p.status(now)
	}
	if equality.Semantic.DeepEqual(&status, &p.desired) && !p.removable() {
		return
	}
	p.desired = status
	p.kubelet.Report(p)
}

// removable says whether the API server waits for the kubelet to delete the pod, and not just for others' finalizers.
func (p *Pod) removable() bool {
	if !p.released || p.api.DeletionTimestamp == nil {
		return false
	}
	forced := p.api.DeletionGracePeriodSeconds != nil && *p.api.DeletionGracePeriodSeconds == 0
	return !forced || len(p.api.Finalizers) == 0
}

// Report is a change of a pod's status that is due to be written.
type Report struct {
	Object        *corev1.Pod
	Before, After corev1.PodStatus
	Remove        bool // the pod has ended, and is to be deleted
}

// Pending returns the report that is due.
func (p *Pod) Pending() Report {
	return Report{Object: p.api, Before: p.written, After: *p.desired.DeepCopy(), Remove: p.removable()}
}

// Written records that a status was written.
func (p *Pod) Written(status corev1.PodStatus) { p.written = status }
