package kubelet

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software"
)

type stage int

const (
	waiting stage = iota
	active
	terminated
)

type container struct {
	pod     *Pod
	spec    *corev1.Container
	init    bool
	sidecar bool // an init container that keeps running

	stage    stage
	reason   string // of waiting and terminated
	message  string
	program  software.Program
	process  *software.Process
	id       string
	imageAt  time.Time // when the pull completes; zero before it starts
	pull     backoff
	create   backoff
	restarts int32
	crash    backoff
	started  bool
	ready    bool

	startedAt  time.Time
	finishedAt time.Time
	exitCode   int32
	last       *corev1.ContainerStateTerminated

	startup, liveness, readiness *probe

	stopping bool
	stopSent bool
	stopBy   time.Time
	hook     chan struct{} // closed when the preStop hook is done
	hookStop context.CancelFunc
}

func newContainer(p *Pod, spec *corev1.Container, init bool) *container {
	ct := &container{pod: p, spec: spec, init: init, sidecar: init && podutil.IsRestartableInitContainer(spec)}
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
		ct.stage = waiting
		process, err := ct.prepare()
		if err != nil {
			return // starting it anew reports the error
		}
		process.Adopted = true
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
		ct.stage, ct.startedAt = active, status.State.Running.StartedAt.Time
	case status.State.Terminated != nil:
		t := status.State.Terminated
		ct.stage, ct.exitCode, ct.reason = terminated, t.ExitCode, t.Reason
		ct.startedAt, ct.finishedAt = t.StartedAt.Time, t.FinishedAt.Time
	}
	return status, true
}

func (ct *container) succeeded() bool {
	return ct.stage == terminated && ct.exitCode == 0 && !ct.sidecar
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
	switch ct.stage {
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

// event reports an event about the container.
func (ct *container) event(kind, reason, format string, args ...any) {
	field := "spec.containers{" + ct.spec.Name + "}"
	if ct.init {
		field = "spec.initContainers{" + ct.spec.Name + "}"
	}
	object := ct.pod.api
	reference := &corev1.ObjectReference{
		APIVersion: "v1", Kind: "Pod", Namespace: object.Namespace, Name: object.Name, UID: object.UID,
		ResourceVersion: object.ResourceVersion, FieldPath: field,
	}
	kubelet := ct.pod.kubelet
	kubelet.Client.Recorder("kubelet", kubelet.Machine.Name).Eventf(reference, kind, reason, format, args...)
}
