package kubelet

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/machines/podenv"
	"geo-wordpress/localcloud/machines/software"
)

// prepare collects the inputs of a container's program. Its errors are reported as CreateContainerConfigError.
func (ct *container) prepare() (*software.Process, error) {
	image, err := software.ParseImage(ct.spec.Image)
	if err != nil {
		return nil, err
	}
	user, err := ct.user(image)
	if err != nil {
		return nil, err
	}
	p, k := ct.pod, ct.pod.kubelet
	env, err := p.env().Environment(ct.spec)
	if err != nil {
		return nil, err
	}
	files, err := ct.filesystem(env)
	if err != nil {
		return nil, err
	}
	object, cluster := p.api, k.Client.Info
	log := k.Client.Log.With("pod", object.Namespace+"/"+object.Name, "container", ct.spec.Name)
	logFile := fmt.Sprintf("%s_%s_%s", object.Namespace, object.Name, ct.spec.Name)
	return &software.Process{
		Image:        image,
		Command:      podenv.ExpandAll(ct.spec.Command, env),
		Args:         podenv.ExpandAll(ct.spec.Args, env),
		Env:          env,
		Ports:        ct.ports(),
		Files:        files,
		User:         user,
		Capabilities: ct.capabilities(),
		Place: software.Place{
			Region: googlecloud.RegionOf(k.Machine.Zone), Node: k.Machine.Name, Namespace: object.Namespace, Pod: object.Name,
		},
		Pace: k.Pace,
		Outside: func(f func(software.Network)) {
			k.Locked(func() { f(k.Network.From(p)) })
		},
		Log: func(format string, args ...any) {
			line := fmt.Sprintf(format, args...)
			k.Logs.write(cluster.ID, logFile, line)
			log.Debug(line)
		},
	}, nil
}

// filesystem returns the container's view of the pod's volumes.
func (ct *container) filesystem(env map[string]string) (*software.Filesystem, error) {
	files := &software.Filesystem{ReadOnly: ptr.Deref(ct.security().ReadOnlyRootFilesystem, false)}
	for _, mount := range ct.spec.VolumeMounts {
		volume := ct.pod.volumes[mount.Name]
		if volume == nil {
			return nil, fmt.Errorf("cannot find volume %q to mount into container %q", mount.Name, ct.spec.Name)
		}
		sub, err := subPath(mount, env)
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
		if sub != "" && volume.Kind == software.Config {
			volume = volume.Copy() // the mount stays on the file of the container's start
		}
		files.Mounts = append(files.Mounts, software.Mount{Path: mount.MountPath, Sub: sub, Volume: volume, ReadOnly: mount.ReadOnly})
	}
	return files, nil
}

// subPath returns the part of a volume that a mount shows.
func subPath(mount corev1.VolumeMount, env map[string]string) (string, error) {
	sub := mount.SubPath
	if mount.SubPathExpr != "" {
		sub = podenv.Expand(mount.SubPathExpr, env)
	}
	if path.IsAbs(sub) || slices.Contains(strings.Split(sub, "/"), "..") {
		//lint:ignore ST1005 the kubelet's own words
		return "", fmt.Errorf("subPath %q of volume %q must be a relative path without ..", sub, mount.Name)
	}
	return sub, nil
}
