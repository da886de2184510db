package volumes

import (
	"fmt"
	"net/url"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubeclient"
	"geo-wordpress/localcloud/machines/podenv"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/nfs"
)

// Pending is the error of a volume that is not ready yet, although nothing has failed.
type Pending struct{ what string }

func (p Pending) Error() string { return p.what }

// Disks are the contents of persistent disks, by CSI volume handle.
type Disks struct {
	dir string
	all map[string]*software.Volume
}

// NewDisks returns disks whose contents are kept in a directory; an empty name keeps them in memory only.
func NewDisks(dir string) Disks { return Disks{dir, map[string]*software.Volume{}} }

// content returns a disk's content. With opaque, a disk that is new to the simulator may hold more than was kept.
func (d Disks) content(handle string, opaque bool) *software.Volume {
	v := d.all[handle]
	if v == nil {
		v = software.NewVolume(software.Disk, nil)
		v.Opaque = opaque
		d.keep(v, handle)
		d.all[handle] = v
	}
	return v
}

// keep keeps a volume's content in the directory, under a name, after it has read what is there.
func (d Disks) keep(v *software.Volume, name string) {
	if d.dir == "" {
		return
	}
	if err := v.Keep(filepath.Join(d.dir, url.PathEscape(name))); err != nil {
		v.Opaque = true
	}
}

// Mounter mounts the volumes of a cluster's pods. Callers must not use it concurrently.
type Mounter struct {
	client *kubeclient.Client
	facts  func() cloud.Facts
	disks  Disks
}

// NewMounter creates a mounter.
func NewMounter(client *kubeclient.Client, facts func() cloud.Facts, disks Disks) *Mounter {
	return &Mounter{client, facts, disks}
}

// Pod is a pod whose volumes are mounted.
type Pod struct {
	podenv.Pod
	Node    string           // the machine's name
	Network software.Network // the machine's: it mounts NFS exports, not the pod
	Adopted bool             // it ran before this simulator started
	Mounted bool             // it has mounted its volumes before
	Scratch Scratch
}

// Scratch holds a pod's emptyDir volumes on its machine's disk, by name. They survive a reboot.
type Scratch map[string]*software.Volume

// Discard deletes the volumes: their pod has ended.
func (s Scratch) Discard() {
	for _, v := range s {
		v.Discard()
	}
}

// Mount returns a volume of a pod with its content.
func (m *Mounter) Mount(p Pod, source *corev1.Volume) (*software.Volume, error) {
	if files, ok, err := p.Files(&source.VolumeSource); ok {
		return software.NewVolume(software.Config, files), err
	}
	switch {
	case source.EmptyDir != nil:
		return m.emptyDir(p, source), nil
	case source.HostPath != nil:
		return opaque(software.Host), nil
	case source.NFS != nil:
		return p.mountNFS(source.NFS.Server, source.NFS.Path)
	case source.PersistentVolumeClaim != nil:
		return m.mountClaim(p, source.PersistentVolumeClaim.ClaimName)
	case source.Ephemeral != nil:
		return m.mountClaim(p, p.Name+"-"+source.Name)
	}
	return nil, fmt.Errorf("the local cloud's machines have no driver for this kind of volume")
}

// Remount returns a volume that a pod has mounted already. If its source is gone, it stays mounted, with unknown content.
func (m *Mounter) Remount(p Pod, source *corev1.Volume) *software.Volume {
	p.Mounted = true
	v, err := m.Mount(p, source)
	if err != nil {
		return opaque(software.Config)
	}
	return v
}

// opaque returns a volume with unknown content.
func opaque(kind software.Kind) *software.Volume {
	v := software.NewVolume(kind, nil)
	v.Opaque = true
	return v
}

// emptyDir returns a volume on the machine's own disk, or in its memory. Content on the disk survives a reboot, and the
// simulator.
func (m *Mounter) emptyDir(p Pod, source *corev1.Volume) *software.Volume {
	if v := p.Scratch[source.Name]; v != nil {
		return v
	}
	v := software.NewVolume(software.Empty, nil)
	inMemory := source.EmptyDir.Medium == corev1.StorageMediumMemory
	v.Opaque = p.Mounted || p.Adopted && !inMemory
	if !inMemory {
		m.disks.keep(v, "emptyDir "+string(p.UID)+" "+source.Name)
		p.Scratch[source.Name] = v
	}
	return v
}

// claimed finds the persistent volume behind a claim.
func (m *Mounter) claimed(namespace, claim string) (*corev1.PersistentVolume, error) {
	pvc, err := m.client.Claims.PersistentVolumeClaims(namespace).Get(claim)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("persistentvolumeclaim %q not found", claim)
	}
	if err != nil {
		return nil, err
	}
	if pvc.Status.Phase != corev1.ClaimBound || pvc.Spec.VolumeName == "" {
		return nil, Pending{fmt.Sprintf("error processing PVC %s/%s: PVC is not bound", namespace, claim)}
	}
	pv, err := m.client.Volumes.Get(pvc.Spec.VolumeName)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("error processing PVC %s/%s: failed to fetch PV %q from API server: not found", namespace, claim, pvc.Spec.VolumeName)
	}
	return pv, err
}

func (m *Mounter) mountClaim(p Pod, claim string) (*software.Volume, error) {
	pv, err := m.claimed(p.Namespace, claim)
	if err != nil {
		return nil, err
	}
	switch {
	case pv.Spec.NFS != nil:
		return p.mountNFS(pv.Spec.NFS.Server, pv.Spec.NFS.Path)
	case pv.Spec.CSI != nil && pv.Spec.CSI.Driver != DiskDriver:
		return nil, fmt.Errorf("driver name %s not found in the list of registered CSI drivers", pv.Spec.CSI.Driver)
	case pv.Spec.CSI != nil:
		if attached, why := m.attached(pv, p.Node); !attached && !p.Mounted {
			if why != "" {
				return nil, Pending{fmt.Sprintf("volume %s is not attached: %s", pv.Name, why)}
			}
			return nil, Pending{fmt.Sprintf("volume %s is not attached", pv.Name)}
		}
		v := m.disks.content(pv.Spec.CSI.VolumeHandle, p.Adopted)
		if !p.Mounted || v.SizeGB == 0 {
			m.Grow(pv.Spec.CSI.VolumeHandle) // as the driver does whenever it mounts a disk
		}
		return v, nil
	case pv.Spec.HostPath != nil:
		return opaque(software.Host), nil
	}
	return nil, fmt.Errorf("the local cloud's machines have no driver for the volume source of %s", pv.Name)
}

// Grow enlarges a disk's file system to the disk's size, and returns that size in GiB.
func (m *Mounter) Grow(handle string) int {
	v := m.disks.content(handle, false)
	if facts := m.facts(); facts != nil {
		if disk, ok := facts.Disk(handle); ok {
			v.SizeGB = max(v.SizeGB, disk.SizeGB)
		}
	}
	return v.SizeGB
}

// InUse returns the disks that a pod uses, as node.status.volumesInUse names them.
func (m *Mounter) InUse(object *corev1.Pod) []string {
	var found []string
	for _, source := range object.Spec.Volumes {
		if source.PersistentVolumeClaim == nil {
			continue
		}
		if pv, err := m.claimed(object.Namespace, source.PersistentVolumeClaim.ClaimName); err == nil && pv.Spec.CSI != nil {
			found = append(found, fmt.Sprintf("kubernetes.io/csi/%s^%s", pv.Spec.CSI.Driver, pv.Spec.CSI.VolumeHandle))
		}
	}
	return found
}

const nfsPort = 2049

// mountNFS mounts an export.
func (p Pod) mountNFS(server, export string) (*software.Volume, error) {
	v := opaque(software.NFS) // other clients' writes are not tracked
	dial := func() (*nfs.Server, error) {
		remote, err := p.Network.Dial(server, nfsPort)
		return nfs.AsServer(remote.Program), err
	}
	v.Answers = func() bool {
		nfs, err := dial()
		return err == nil && nfs != nil
	}
	if p.Mounted {
		return v, nil
	}
	failed := func(why string) error {
		return fmt.Errorf("mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t nfs %s:%s\nOutput: mount.nfs: %s", server, export, why)
	}
	nfs, err := dial()
	if err != nil {
		return nil, failed(err.Error())
	}
	if nfs == nil {
		return nil, failed("Protocol not supported")
	}
	if !nfs.Exports(export) {
		return nil, failed("access denied by server while mounting " + server + ":" + export)
	}
	return v, nil
}
