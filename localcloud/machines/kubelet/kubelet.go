// Package kubelet simulates the kubelets of machines: they mount the volumes of pods, pull images, run containers as
// models of their software, probe them, restart and stop them, and report the pods' statuses.
//
// Its methods are called by one goroutine at a time, except those of Logs.
package kubelet

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"geo-wordpress/localcloud/machines/kubeclient"
	"geo-wordpress/localcloud/machines/network"
	"geo-wordpress/localcloud/machines/nodes"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/volumes"
)

// Cluster is what the kubelets of a cluster share.
type Cluster struct {
	Client  *kubeclient.Client
	Network *network.Network
	Volumes *volumes.Mounter
	Pace    software.Pace
	Logs    *Logs
	// Locked runs f while nothing else in the simulation runs. Goroutines of programs call it.
	Locked func(f func())
	// Changed wakes the simulation after a change that other programs may notice.
	Changed func()
	// Report is called with a pod whose status must be written to the API server.
	Report func(p *Pod)
	// ReportVolumes is called with a kubelet whose volumes in use must be written to the API server.
	ReportVolumes func(k *Kubelet)
}

// Kubelet runs the pods of one machine.
type Kubelet struct {
	*Cluster
	Machine *nodes.Machine
	pods    map[types.UID]*Pod
	images  map[string]time.Time // when each image's pull completes
	inUse   []string             // the volumes in use, as last reported; nil if unknown
}

// New creates the kubelet of a machine.
func New(c *Cluster, m *nodes.Machine) *Kubelet {
	return &Kubelet{Cluster: c, Machine: m, pods: map[types.UID]*Pod{}, images: map[string]time.Time{}}
}

// Update replaces the pods that the API server has for the machine. Pods that are gone are killed.
func (k *Kubelet) Update(objects []*corev1.Pod, now time.Time) {
	seen := map[types.UID]bool{}
	for _, object := range objects {
		seen[object.UID] = true
		if p := k.pods[object.UID]; p != nil {
			p.api = object
			continue
		}
		k.pods[object.UID] = newPod(k, object, now)
	}
	for uid, p := range k.pods {
		if !seen[uid] {
			p.kill()
			delete(k.pods, uid)
		}
	}
}

// Pods lists the pods, in no order.
func (k *Kubelet) Pods() (all []*Pod) {
	for _, p := range k.pods {
		all = append(all, p)
	}
	return all
}

// Pod finds a pod, nil if the machine does not run it.
func (k *Kubelet) Pod(uid types.UID) *Pod { return k.pods[uid] }

// Kill kills all programs at once, without signal or report, as the loss of the machine does. The API server keeps
// showing the pods' last reported statuses.
func (k *Kubelet) Kill() {
	for _, p := range k.pods {
		p.kill()
	}
}

// Reboot restarts the pods after the loss of the machine.
func (k *Kubelet) Reboot(now time.Time) {
	for _, p := range k.pods {
		p.reboot(now)
	}
}

// UpdateVolumes has the disks that the machine uses reported if they have changed, so that the attach-detach controller
// detaches none of them.
func (k *Kubelet) UpdateVolumes() {
	node, err := k.Client.Nodes.Get(k.Machine.Name)
	if err != nil || k.Machine.Power != nodes.On {
		return
	}
	if k.inUse == nil {
		for _, volume := range node.Status.VolumesInUse {
			k.inUse = append(k.inUse, string(volume))
		}
	}
	inUse := []string{}
	for _, p := range k.pods {
		if !p.released {
			inUse = append(inUse, k.Volumes.InUse(p.api)...)
		}
	}
	slices.Sort(inUse)
	inUse = slices.Compact(inUse)
	if !slices.Equal(k.inUse, inUse) {
		k.inUse = inUse
		k.ReportVolumes(k)
	}
}

// VolumesInUse returns the disks that the machine uses, as node.status.volumesInUse names them. It is never nil after
// UpdateVolumes has found a change.
func (k *Kubelet) VolumesInUse() []string { return k.inUse }
