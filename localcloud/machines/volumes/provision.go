package volumes

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/kubeclient"
	"geo-wordpress/localcloud/machines/software/nfs"
)

const (
	annotationProvisioner   = "volume.kubernetes.io/storage-provisioner"
	annotationProvisionedBy = "pv.kubernetes.io/provisioned-by"
)

// NFSServer is a running nfs-provisioner and its pod.
type NFSServer struct {
	Pod     *corev1.Pod
	Program *nfs.Server
	Network error // why it cannot reach the control plane
}

// Provisioner acts for the provisioners of a cluster's storage classes: it provisions claims and reclaims volumes.
type Provisioner struct {
	client *kubeclient.Client
	// server finds a ready nfs-provisioner by its name, nil if there is none.
	server func(name string) *NFSServer
	queue  *kubeclient.Queue
}

// NewProvisioner creates a provisioner. server finds a ready nfs-provisioner by its name, nil if there is none.
func NewProvisioner(client *kubeclient.Client, server func(name string) *NFSServer) *Provisioner {
	p := &Provisioner{client: client, server: server}
	p.queue = client.NewQueue("provisioning", p.process)
	return p
}

// ClaimChanged queues a claim.
func (p *Provisioner) ClaimChanged(claim *corev1.PersistentVolumeClaim) {
	p.queue.Add("claim/" + claim.Namespace + "/" + claim.Name)
}

// VolumeChanged queues a persistent volume.
func (p *Provisioner) VolumeChanged(volume *corev1.PersistentVolume) {
	p.queue.Add("volume/" + volume.Name)
}

// ServerChanged queues all claims and volumes, because a provisioner may have become ready.
func (p *Provisioner) ServerChanged() {
	claims, _ := p.client.Claims.List(labels.Everything())
	for _, claim := range claims {
		p.ClaimChanged(claim)
	}
	volumes, _ := p.client.Volumes.List(labels.Everything())
	for _, volume := range volumes {
		p.VolumeChanged(volume)
	}
}

// process provisions a claim, or reclaims a released volume.
func (p *Provisioner) process(ctx context.Context, key string) error {
	kind, name, _ := strings.Cut(key, "/")
	if kind == "volume" {
		return p.reclaim(ctx, name)
	}
	namespace, name, _ := strings.Cut(name, "/")
	claim, err := p.client.Claims.PersistentVolumeClaims(namespace).Get(name)
	if err != nil || claim.Status.Phase != corev1.ClaimPending || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
		return kubeclient.IgnoreNotFound(err)
	}
	// The volume binder names the provisioner in this annotation.
	provisioner := claim.Annotations[annotationProvisioner]
	if provisioner == "" {
		return nil
	}
	class, err := p.client.Classes.Get(ptr.Deref(claim.Spec.StorageClassName, ""))
	if err != nil {
		return kubeclient.IgnoreNotFound(err)
	}
	events := p.client.Recorder(provisioner, "")
	if provisioner == DiskDriver {
		events.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed",
			"failed to provision volume with StorageClass %q: the local cloud makes no disk that nobody declared: declare the disk and a PersistentVolume for it", class.Name)
		return nil
	}
	server := p.server(provisioner)
	if server == nil {
		return nil // no provisioner of that name is ready; the binder's own event says that the claim waits
	}
	if p.queue.NumRequeues(key) == 0 {
		events.Eventf(claim, corev1.EventTypeNormal, "Provisioning", "External provisioner is provisioning volume for claim %q", namespace+"/"+name)
	}
	volume, err := p.provisionNFS(ctx, server, class, claim)
	if err != nil {
		// Early failures are expected: the endpoint of a server that has just become ready takes a moment to appear.
		if p.queue.NumRequeues(key) >= provisionRetries {
			events.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "failed to provision volume with StorageClass %q: %v", class.Name, err)
		}
		return err
	}
	events.Eventf(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", volume)
	return nil
}

// provisionRetries is the number of retries before a failure becomes an event; they take about two seconds.
const provisionRetries = 4

// reclaim deletes a released volume and its content, if its reclaim policy says so.
func (p *Provisioner) reclaim(ctx context.Context, name string) error {
	volume, err := p.client.Volumes.Get(name)
	if err != nil || volume.Status.Phase != corev1.VolumeReleased || volume.Spec.NFS == nil ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete || volume.DeletionTimestamp != nil {
		return kubeclient.IgnoreNotFound(err)
	}
	by := volume.Annotations[annotationProvisionedBy]
	if by == "" {
		return nil
	}
	server := p.server(by)
	if server == nil {
		return nil
	}
	client, err := p.actingFor(ctx, server)
	if err != nil {
		return err
	}
	server.Program.Unexport(name)
	return kubeclient.IgnoreNotFound(client.CoreV1().PersistentVolumes().Delete(ctx, name, metav1.DeleteOptions{}))
}
