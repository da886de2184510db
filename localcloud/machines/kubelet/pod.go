package kubelet

import (
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/nodes"
	"geo-wordpress/localcloud/machines/podenv"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/nfs"
	"geo-wordpress/localcloud/machines/volumes"
	"geo-wordpress/localcloud/machines/vpc"
)

// Pod is a pod on a machine.
type Pod struct {
	kubelet *Kubelet
	api     *corev1.Pod     // as last seen from the API server
	adopted bool            // it ran before this simulator started
	scratch volumes.Scratch // emptyDir volumes on the machine's disk

	started   metav1.Time // when the kubelet accepted it
	ip        netip.Addr
	volumes   map[string]*software.Volume // by name; nil until all are mounted
	mount     backoff
	mountedAt time.Time
	refreshed time.Time // when the files of its objects were written
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
	located *corev1.Pod // api with the pod's address, until the API server shows that
	kind    string      // software.State.Kind of the program last seen in it
	pages   int         // how many requests its WordPress has answered
}

// newPod creates the record of a new pod, or adopts one that ran before.
func newPod(k *Kubelet, object *corev1.Pod, now time.Time) *Pod {
	p := &Pod{kubelet: k, api: object, scratch: volumes.Scratch{}, phase: corev1.PodPending}
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
func (p *Pod) adopt(now time.Time) {
	status := &p.api.Status
	p.adopted, p.started, p.phase = true, *status.StartTime, status.Phase
	p.ip, _ = netip.ParseAddr(status.PodIP)
	p.reason, p.message = status.Reason, status.Message
	if p.finished() {
		p.released, p.frozen = true, true
		return
	}
	if !p.Up() {
		// Its containers have ended with the machine, but nothing has reported that.
		for _, ct := range p.init {
			ct.recall(status.InitContainerStatuses)
		}
		for _, ct := range p.main {
			ct.recall(status.ContainerStatuses)
		}
		return
	}
	if !p.ip.IsValid() {
		return // it never got past mounting its volumes
	}
	p.mountedAt = now.Add(-p.pace(sandboxStart))
	p.remountAll()
	for _, ct := range p.init {
		ct.adopt(status.InitContainerStatuses, now)
	}
	for _, ct := range p.main {
		ct.adopt(status.ContainerStatuses, now)
	}
}

func (p *Pod) pace(d time.Duration) time.Duration { return p.kubelet.Pace.Of(d) }

func (p *Pod) all() []*container { return slices.Concat(p.init, p.main) }

func (p *Pod) finished() bool { return podutil.IsPodPhaseTerminal(p.phase) }

// Object returns the pod as last seen from the API server.
func (p *Pod) Object() *corev1.Pod { return p.api }

// Up says whether the pod's machine is on.
func (p *Pod) Up() bool { return p.kubelet.Machine.Power == nodes.On }

// Count implements network.Pod.
func (p *Pod) Count(kind string) {
	if kind == "wordpress" {
		p.pages++
	}
}

// Pages returns how many requests the pod's WordPress has answered.
func (p *Pod) Pages() int { return p.pages }

// Ready says whether the kubelet counts the pod as ready.
func (p *Pod) Ready() bool { return podutil.IsPodReadyConditionTrue(p.desired) }

// Place returns the pod's location, with its address, which the API server may not show yet.
func (p *Pod) Place() vpc.Place {
	object := p.api
	if p.ip.IsValid() && object.Status.PodIP != p.ip.String() {
		if p.located == nil || p.located.ResourceVersion != object.ResourceVersion {
			p.located = object.DeepCopy()
			p.located.Status.PodIP = p.ip.String()
		}
		object = p.located
	}
	return vpc.Place{Cluster: p.kubelet.Client.Info.ID, Node: p.kubelet.Machine.Name, Pod: object}
}

// Workload is the pod as its machine's metadata server knows it.
func (p *Pod) Workload() cloud.Workload {
	w := cloud.Workload{NodePool: p.kubelet.Machine.Pool, Namespace: p.api.Namespace, ServiceAccount: p.api.Spec.ServiceAccountName}
	if account, err := p.kubelet.Client.Accounts.ServiceAccounts(w.Namespace).Get(w.ServiceAccount); err == nil {
		w.Email = account.Annotations["iam.gke.io/gcp-service-account"]
	}
	return w
}

// Listener returns the program that accepts connections on a port, nil if there is none; local: from the pod itself.
func (p *Pod) Listener(port int, local bool) software.Program {
	for _, ct := range p.all() {
		if ct.program != nil && ct.program.Accepts(port, local) {
			return ct.program
		}
	}
	return nil
}

// State returns the state of the pod's main program. Its kind is known even while the program does not run.
func (p *Pod) State() (state software.State) {
	for _, ct := range p.main {
		if s := software.StateOf(ct.program); s.Kind != "" {
			state, p.kind = s, s.Kind
		}
	}
	state.Kind = p.kind
	return state
}

// NFSServer returns the NFS server that runs in the pod, nil if there is none.
func (p *Pod) NFSServer() *nfs.Server {
	for _, ct := range p.main {
		if ct.program != nil {
			if server := nfs.AsServer(ct.program); server != nil {
				return server
			}
		}
	}
	return nil
}

// env returns what the pod's containers and volumes get from API objects.
func (p *Pod) env() podenv.Pod {
	client := p.kubelet.Client
	return podenv.Pod{
		Pod: p.api, IP: p.ip.String(), HostIP: p.kubelet.Machine.IP.String(),
		Objects: podenv.Objects{ConfigMaps: client.ConfigMaps, Secrets: client.Secrets, Services: client.Services},
	}
}

// event reports an event about the pod.
func (p *Pod) event(kind, reason, message string) {
	p.kubelet.Client.Recorder("kubelet", p.kubelet.Machine.Name).Event(p.api, kind, reason, message)
}
