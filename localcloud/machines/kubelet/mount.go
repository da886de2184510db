package kubelet

import (
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/volumes"
)

// The kubelet retries a failed mount after 0.5 s, with exponential back-off, and reports a timeout after about 2 min.
const (
	mountRetry    = 500 * time.Millisecond
	mountRetryMax = 2*time.Minute + 2*time.Second
	mountTimeout  = 2*time.Minute + 3*time.Second
	// mountPoll is the interval of checks for a volume that is not ready yet, in real time.
	mountPoll = 100 * time.Millisecond
	// refreshInterval is how often the kubelet writes the files of a pod's objects again (--sync-frequency).
	refreshInterval = time.Minute
)

// mountAll mounts the pod's volumes, and says whether all are mounted.
func (p *Pod) mountAll(now time.Time) bool {
	if !p.mount.due(now) {
		return false
	}
	mounted := map[string]*software.Volume{}
	for i := range p.api.Spec.Volumes {
		source := &p.api.Spec.Volumes[i]
		volume, err := p.kubelet.Volumes.Mount(p.mounting(), source)
		if err != nil {
			p.mountFailed(now, source, err)
			return false
		}
		mounted[source.Name] = volume
	}
	p.volumes = mounted
	return true
}

// refresh writes the files of the pod's ConfigMaps and Secrets again. If one is gone, its files stay.
func (p *Pod) refresh(now time.Time) {
	if now.Sub(p.refreshed) < p.pace(refreshInterval) {
		return
	}
	p.refreshed = now
	for i := range p.api.Spec.Volumes {
		source := &p.api.Spec.Volumes[i]
		if files, ok, err := p.env().Files(&source.VolumeSource); ok && err == nil {
			p.volumes[source.Name].Replace(files)
		}
	}
}

// remountAll restores the volumes of an adopted pod.
func (p *Pod) remountAll() {
	p.volumes = map[string]*software.Volume{}
	for i := range p.api.Spec.Volumes {
		source := &p.api.Spec.Volumes[i]
		p.volumes[source.Name] = p.kubelet.Volumes.Remount(p.mounting(), source)
	}
}

// Mounts says whether the pod has mounted a claim.
func (p *Pod) Mounts(claim *corev1.PersistentVolumeClaim) bool {
	return p.volumes != nil && !p.released && p.Up() && p.api.Namespace == claim.Namespace &&
		slices.ContainsFunc(p.api.Spec.Volumes, func(v corev1.Volume) bool {
			return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name
		})
}

func (p *Pod) mounting() volumes.Pod {
	machine := p.kubelet.Machine.Name
	return volumes.Pod{
		Pod: p.env(), Node: machine, Network: p.kubelet.Network.FromNode(p.kubelet.Client.Info.ID, machine),
		Adopted: p.adopted, Scratch: p.scratch,
	}
}

func (p *Pod) mountFailed(now time.Time, source *corev1.Volume, err error) {
	var message string
	if pending := (volumes.Pending{}); errors.As(err, &pending) {
		p.mount.next = now.Add(mountPoll)
		if now.Sub(p.started.Time) <= p.pace(mountTimeout) {
			return
		}
		message = fmt.Sprintf("Unable to attach or mount volumes: unmounted volumes=[%s], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition: %v", source.Name, err)
	} else {
		p.mount.failed(now, p.pace(mountRetry), p.pace(mountRetryMax))
		message = fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", source.Name, err)
	}
	if p.mount.isNew(err) {
		p.event(corev1.EventTypeWarning, "FailedMount", message)
	}
}
