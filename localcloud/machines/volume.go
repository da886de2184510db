package machines

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	resourcehelper "k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software"
)

// The kubelet retries a failed mount after 0.5 s, with exponential back-off, and reports a timeout after about 2 min.
const (
	mountRetry    = 500 * time.Millisecond
	mountRetryMax = 2*time.Minute + 2*time.Second
	mountPatience = 2*time.Minute + 3*time.Second
	nfsPort       = 2049
)

// notYet is the error of a volume that is not ready yet, although nothing has failed.
type notYet struct{ what string }

func (e notYet) Error() string { return e.what }

// mountAll mounts the pod's volumes, and says whether all are mounted.
func (p *pod) mountAll(now time.Time) bool {
	if !p.mount.due(now) {
		return false
	}
	volumes := map[string]*software.Volume{}
	for i := range p.api.Spec.Volumes {
		source := &p.api.Spec.Volumes[i]
		volume, err := p.volume(source, false)
		if err != nil {
			p.mountFailed(now, source, err)
			return false
		}
		volumes[source.Name] = volume
	}
	p.volumes = volumes
	return true
}

func (p *pod) mountFailed(now time.Time, source *corev1.Volume, err error) {
	var waiting notYet
	if errors.As(err, &waiting) {
		if now.Sub(p.started.Time) > p.pace(mountPatience) && p.mount.told != err.Error() {
			p.mount.told = err.Error()
			p.event(corev1.EventTypeWarning, "FailedMount", fmt.Sprintf(
				"Unable to attach or mount volumes: unmounted volumes=[%s], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition: %v", source.Name, err))
		}
		p.mount.next = now.Add(brisk)
		return
	}
	p.mount.failed(now, p.pace(mountRetry), p.pace(mountRetryMax))
	if p.mount.told != err.Error() {
		p.mount.told = err.Error()
		p.event(corev1.EventTypeWarning, "FailedMount", fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", source.Name, err))
	}
}

// adoptVolumes returns the volumes of a pod that has them mounted already. If the source of one is gone, it stays
// mounted, with unknown content.
func (p *pod) adoptVolumes() map[string]*software.Volume {
	volumes := map[string]*software.Volume{}
	for i := range p.api.Spec.Volumes {
		source := &p.api.Spec.Volumes[i]
		volume, err := p.volume(source, true)
		if err != nil {
			volume = software.NewVolume(software.Config, nil)
			volume.Opaque = true
		}
		volumes[source.Name] = volume
	}
	return volumes
}

// volume returns a volume with its content. mounted says that the pod has mounted it before.
func (p *pod) volume(source *corev1.Volume, mounted bool) (*software.Volume, error) {
	namespace := p.api.Namespace
	switch {
	case source.ConfigMap != nil:
		files, err := p.configMapFiles(source.ConfigMap.Name, source.ConfigMap.Items, ptr.Deref(source.ConfigMap.Optional, false))
		return software.NewVolume(software.Config, files), err
	case source.Secret != nil:
		files, err := p.secretFiles(source.Secret.SecretName, source.Secret.Items, ptr.Deref(source.Secret.Optional, false))
		return software.NewVolume(software.Config, files), err
	case source.DownwardAPI != nil:
		files, err := p.downwardFiles(source.DownwardAPI.Items)
		return software.NewVolume(software.Config, files), err
	case source.Projected != nil:
		files, err := p.projectedFiles(source.Projected)
		return software.NewVolume(software.Config, files), err
	case source.EmptyDir != nil:
		return p.emptyDir(source, mounted), nil
	case source.HostPath != nil:
		v := software.NewVolume(software.Host, nil)
		v.Opaque = true
		return v, nil
	case source.NFS != nil:
		return p.mountNFS(source.NFS.Server, source.NFS.Path, mounted)
	case source.PersistentVolumeClaim != nil:
		return p.mountClaim(namespace, source.PersistentVolumeClaim.ClaimName, mounted)
	case source.Ephemeral != nil:
		return p.mountClaim(namespace, p.api.Name+"-"+source.Name, mounted)
	}
	return nil, fmt.Errorf("the local cloud's machines have no driver for this kind of volume")
}

// emptyDir returns a volume on the machine's own disk, or in its memory. Content on the disk survives a reboot.
func (p *pod) emptyDir(source *corev1.Volume, mounted bool) *software.Volume {
	if v := p.scratch[source.Name]; v != nil {
		return v
	}
	v := software.NewVolume(software.Empty, nil)
	inMemory := source.EmptyDir.Medium == corev1.StorageMediumMemory
	v.Opaque = mounted || p.adopted && !inMemory
	if !inMemory {
		if p.scratch == nil {
			p.scratch = map[string]*software.Volume{}
		}
		p.scratch[source.Name] = v
	}
	return v
}

// claimed finds the persistent volume behind a claim.
func (p *pod) claimed(namespace, claim string) (*corev1.PersistentVolume, error) {
	pvc, err := p.cluster.claimLister.PersistentVolumeClaims(namespace).Get(claim)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("persistentvolumeclaim %q not found", claim)
	}
	if err != nil {
		return nil, err
	}
	if pvc.Status.Phase != corev1.ClaimBound || pvc.Spec.VolumeName == "" {
		return nil, notYet{fmt.Sprintf("error processing PVC %s/%s: PVC is not bound", namespace, claim)}
	}
	pv, err := p.cluster.volumeLister.Get(pvc.Spec.VolumeName)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("error processing PVC %s/%s: failed to fetch PV %q from API server: not found", namespace, claim, pvc.Spec.VolumeName)
	}
	return pv, err
}

func (p *pod) mountClaim(namespace, claim string, mounted bool) (*software.Volume, error) {
	pv, err := p.claimed(namespace, claim)
	if err != nil {
		return nil, err
	}
	switch {
	case pv.Spec.NFS != nil:
		return p.mountNFS(pv.Spec.NFS.Server, pv.Spec.NFS.Path, mounted)
	case pv.Spec.CSI != nil && pv.Spec.CSI.Driver != diskDriver:
		return nil, fmt.Errorf("driver name %s not found in the list of registered CSI drivers", pv.Spec.CSI.Driver)
	case pv.Spec.CSI != nil:
		if attached, why := p.cluster.attached(pv, p.machine.name); !attached && !mounted {
			if why != "" {
				return nil, notYet{fmt.Sprintf("volume %s is not attached: %s", pv.Name, why)}
			}
			return nil, notYet{fmt.Sprintf("volume %s is not attached", pv.Name)}
		}
		return p.cluster.sim.disk(pv.Spec.CSI.VolumeHandle, p.adopted), nil
	case pv.Spec.HostPath != nil:
		v := software.NewVolume(software.Host, nil)
		v.Opaque = true
		return v, nil
	}
	return nil, fmt.Errorf("the local cloud's machines have no driver for the kind of volume that %s is", pv.Name)
}

// mountNFS mounts an export. The node mounts it, not the pod.
func (p *pod) mountNFS(server, export string, mounted bool) (*software.Volume, error) {
	v := software.NewVolume(software.NFS, nil)
	v.Opaque = true // other clients' writes are not tracked
	dial := func() (*software.NFSServer, error) {
		remote, err := p.cluster.nodeView(p.machine).Dial(server, nfsPort)
		return software.AsNFSServer(remote.Program), err
	}
	v.Answers = func() bool {
		nfs, err := dial()
		return err == nil && nfs != nil
	}
	if mounted {
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

// diskVolumes returns the pod's persistent volumes that are disks.
func (p *pod) diskVolumes() []*corev1.PersistentVolume {
	var found []*corev1.PersistentVolume
	for _, source := range p.api.Spec.Volumes {
		if source.PersistentVolumeClaim == nil {
			continue
		}
		if pv, err := p.claimed(p.api.Namespace, source.PersistentVolumeClaim.ClaimName); err == nil && pv.Spec.CSI != nil {
			found = append(found, pv)
		}
	}
	return found
}

// selected returns a volume's files: all of data, or only the keys that items select.
func selected(data map[string][]byte, items []corev1.KeyToPath, optional bool, missing string) (map[string][]byte, error) {
	if len(items) == 0 {
		return data, nil
	}
	files := map[string][]byte{}
	for _, item := range items {
		content, ok := data[item.Key]
		if !ok {
			if optional {
				continue
			}
			return nil, fmt.Errorf("references non-existent %s key: %s", missing, item.Key)
		}
		files[item.Path] = content
	}
	return files, nil
}

func (p *pod) configMapFiles(name string, items []corev1.KeyToPath, optional bool) (map[string][]byte, error) {
	object, err := p.cluster.configMapLister.ConfigMaps(p.api.Namespace).Get(name)
	if apierrors.IsNotFound(err) && optional {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return selected(configMapData(object), items, optional, "config")
}

func configMapData(object *corev1.ConfigMap) map[string][]byte {
	data := map[string][]byte{}
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	for key, value := range object.BinaryData {
		data[key] = value
	}
	return data
}

func (p *pod) secretFiles(name string, items []corev1.KeyToPath, optional bool) (map[string][]byte, error) {
	object, err := p.cluster.secretLister.Secrets(p.api.Namespace).Get(name)
	if apierrors.IsNotFound(err) && optional {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return selected(object.Data, items, optional, "secret")
}

func (p *pod) downwardFiles(items []corev1.DownwardAPIVolumeFile) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, item := range items {
		var value string
		var err error
		switch {
		case item.FieldRef != nil:
			value, err = p.field(item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			value, err = resourcehelper.ExtractResourceValueByContainerName(item.ResourceFieldRef, p.api, item.ResourceFieldRef.ContainerName)
		}
		if err != nil {
			return nil, err
		}
		files[item.Path] = []byte(value)
	}
	return files, nil
}

func (p *pod) projectedFiles(source *corev1.ProjectedVolumeSource) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, part := range source.Sources {
		var files map[string][]byte
		var err error
		switch {
		case part.ConfigMap != nil:
			files, err = p.configMapFiles(part.ConfigMap.Name, part.ConfigMap.Items, ptr.Deref(part.ConfigMap.Optional, false))
		case part.Secret != nil:
			files, err = p.secretFiles(part.Secret.Name, part.Secret.Items, ptr.Deref(part.Secret.Optional, false))
		case part.DownwardAPI != nil:
			files, err = p.downwardFiles(part.DownwardAPI.Items)
		case part.ServiceAccountToken != nil: // no program here reads the token
			files = map[string][]byte{part.ServiceAccountToken.Path: nil}
		}
		if err != nil {
			return nil, err
		}
		for name, content := range files {
			all[name] = content
		}
	}
	return all, nil
}

// filesystem returns the container's view of the pod's volumes.
func (ct *container) filesystem() (*software.Filesystem, error) {
	files := &software.Filesystem{}
	if sc := ct.spec.SecurityContext; sc != nil {
		files.ReadOnly = ptr.Deref(sc.ReadOnlyRootFilesystem, false)
	}
	for _, mount := range ct.spec.VolumeMounts {
		volume := ct.pod.volumes[mount.Name]
		if volume == nil {
			return nil, fmt.Errorf("cannot find volume %q to mount into container %q", mount.Name, ct.spec.Name)
		}
		sub, err := ct.subPath(mount)
		if err != nil {
			return nil, err
		}
		if sub != "" && !volume.Opaque {
			if _, exists := volume.Has(sub); !exists {
				if volume.Kind == software.Config {
					return nil, fmt.Errorf("failed to prepare subPath for volumeMount %q of container %q: %s: %w", mount.Name, ct.spec.Name, sub, fs.ErrNotExist)
				}
				volume.Mkdir(sub)
			}
		}
		files.Mounts = append(files.Mounts, software.Mount{Path: mount.MountPath, Sub: sub, Volume: volume, ReadOnly: mount.ReadOnly})
	}
	return files, nil
}

// subPath returns the part of a volume that a mount shows.
func (ct *container) subPath(mount corev1.VolumeMount) (string, error) {
	sub := mount.SubPath
	if mount.SubPathExpr != "" {
		env, err := ct.environment()
		if err != nil {
			return "", err
		}
		sub = expand(mount.SubPathExpr, env)
	}
	if path.IsAbs(sub) || slices.Contains(strings.Split(sub, "/"), "..") {
		//lint:ignore ST1005 the kubelet's own words
		return "", fmt.Errorf("subPath %q of volume %q must be a relative path without ..", sub, mount.Name)
	}
	return sub, nil
}
