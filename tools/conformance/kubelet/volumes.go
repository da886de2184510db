package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/sandbox"

	corev1 "k8s.io/api/core/v1"
)

// volume makes one of the pod's volumes. It returns its directory, and whether it is read-only.
func (p *Pod) volume(v corev1.Volume) (directory string, readOnly bool, err error) {
	directory = filepath.Join(p.directory, "volumes", v.Name)
	group := fsGroup(p.Spec())
	switch {
	case v.EmptyDir != nil:
		if err := os.MkdirAll(directory, 0o777); err != nil {
			return "", false, err
		}
		if err := os.Chmod(directory, 0o777); err != nil {
			return "", false, err
		}
		return directory, false, own(directory, group, false)
	case v.ConfigMap != nil:
		key := declared.Key{Namespace: p.Namespace, Name: v.ConfigMap.Name}
		object := p.Region.ConfigMaps[key]
		if object == nil {
			return "", false, fmt.Errorf("the ConfigMap %s does not exist", key)
		}
		content := map[string][]byte{}
		for name, text := range object.Data {
			content[name] = []byte(text)
		}
		for name, data := range object.BinaryData {
			content[name] = data
		}
		files, err := project(content, v.ConfigMap.Items, v.ConfigMap.DefaultMode)
		if err == nil {
			err = write(directory, files)
		}
		if err != nil {
			return "", false, fmt.Errorf("the ConfigMap %s: %w", key, err)
		}
		return directory, true, own(directory, group, true)
	case v.Secret != nil:
		key := declared.Key{Namespace: p.Namespace, Name: v.Secret.SecretName}
		object := p.Region.Secrets[key]
		if object == nil && v.Secret.Optional != nil && *v.Secret.Optional {
			object = &corev1.Secret{}
		}
		if object == nil {
			return "", false, fmt.Errorf("the Secret %s does not exist", key)
		}
		files, err := project(object.Data, v.Secret.Items, v.Secret.DefaultMode)
		if err == nil {
			err = write(directory, files)
		}
		if err != nil {
			return "", false, fmt.Errorf("the Secret %s: %w", key, err)
		}
		return directory, true, own(directory, group, true)
	case v.PersistentVolumeClaim != nil:
		key := declared.Key{Namespace: p.Namespace, Name: v.PersistentVolumeClaim.ClaimName}
		directory, files, err := p.kubelet.Claim(p.Region, key)
		if err != nil {
			return "", false, err
		}
		if files {
			group = nil
		}
		return directory, v.PersistentVolumeClaim.ReadOnly, own(directory, group, false)
	}
	return "", false, errors.New("is of a kind that is not supported")
}

// file is a file of a volume.
type file struct {
	content []byte
	mode    os.FileMode
}

// project chooses the keys of a ConfigMap or Secret and gives them their paths and modes.
func project(content map[string][]byte, items []corev1.KeyToPath, mode *int32) (map[string]file, error) {
	standard := os.FileMode(0o644)
	if mode != nil {
		standard = os.FileMode(*mode)
	}
	files := map[string]file{}
	if items == nil {
		for name, data := range content {
			files[name] = file{data, standard}
		}
	}
	for _, item := range items {
		data, ok := content[item.Key]
		if !ok {
			return nil, fmt.Errorf("has no key %q", item.Key)
		}
		chosen := standard
		if item.Mode != nil {
			chosen = os.FileMode(*item.Mode)
		}
		files[item.Path] = file{data, chosen}
	}
	return files, nil
}

// write makes files as Kubernetes does: in a directory behind a symlink, so that all change at once, and with a symlink
// to each file.
func write(directory string, files map[string]file) error {
	const version = "..version"
	if err := os.MkdirAll(filepath.Join(directory, version), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(version, filepath.Join(directory, "..data")); err != nil {
		return err
	}
	for name, f := range files {
		path := filepath.Join(directory, version, name)
		if err := os.WriteFile(path, f.content, f.mode); err != nil {
			return err
		}
		if err := os.Chmod(path, f.mode); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(directory, name)); err != nil {
			return err
		}
	}
	return nil
}

// Refresh writes the pod's Secrets again, as a kubelet does within a minute or two after they have changed: all files of a volume
// at once, while containers use them.
func (p *Pod) Refresh() error {
	for _, v := range p.Spec().Volumes {
		if v.Secret == nil {
			continue
		}
		object := p.Region.Secrets[declared.Key{Namespace: p.Namespace, Name: v.Secret.SecretName}]
		if object == nil {
			continue // the kubelet keeps the files
		}
		files, err := project(object.Data, v.Secret.Items, v.Secret.DefaultMode)
		if err != nil {
			return err
		}
		directory := filepath.Join(p.directory, "volumes", v.Name)
		version, err := os.MkdirTemp(directory, "..version-")
		if err == nil {
			err = os.Chmod(version, 0o755)
		}
		for name, f := range files {
			if err == nil {
				err = os.WriteFile(filepath.Join(version, name), f.content, f.mode)
			}
		}
		next := filepath.Join(directory, "..data_tmp")
		if err == nil {
			err = os.Symlink(filepath.Base(version), next)
		}
		if err == nil {
			err = own(directory, fsGroup(p.Spec()), true)
		}
		if err == nil {
			err = os.Rename(next, filepath.Join(directory, "..data"))
		}
		if err != nil {
			return fmt.Errorf("the volume %s: %w", v.Name, err)
		}
	}
	return nil
}

func fsGroup(spec *corev1.PodSpec) *int64 {
	if spec.SecurityContext == nil {
		return nil
	}
	return spec.SecurityContext.FSGroup
}

// own gives a volume to the pod's fsGroup.
func own(directory string, group *int64, readOnly bool) error {
	if group == nil {
		return nil
	}
	read := os.FileMode(0o660)
	if readOnly {
		read = 0o440
	}
	return filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := os.Lchown(path, -1, int(*group)); err != nil || entry.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode() | read
		if entry.IsDir() {
			mode |= os.ModeSetgid | 0o110
		}
		return os.Chmod(path, mode)
	})
}

// mounts returns a container's mounts of the pod's volumes.
func (p *Pod) mounts(c *corev1.Container) ([]sandbox.Mount, error) {
	var mounts []sandbox.Mount
	for _, m := range c.VolumeMounts {
		v, ok := p.volumes[m.Name]
		if !ok {
			return nil, fmt.Errorf("mounts the volume %s, which the pod does not have", m.Name)
		}
		source := v.directory
		if m.SubPath != "" {
			source = filepath.Join(source, m.SubPath)
			if _, err := os.Stat(source); errors.Is(err, os.ErrNotExist) {
				if v.readOnly {
					return nil, fmt.Errorf("mounts %s of the volume %s, which has no such file", m.SubPath, m.Name)
				}
				if err := os.MkdirAll(source, 0o750); err != nil {
					return nil, err
				}
			}
			resolved, err := filepath.EvalSymlinks(source)
			if err != nil {
				return nil, err
			}
			source = resolved
		}
		mounts = append(mounts, sandbox.Mount{Source: source, Target: m.MountPath, ReadOnly: m.ReadOnly || v.readOnly})
	}
	return mounts, nil
}

// made is a volume that has been made.
type made struct {
	directory string
	readOnly  bool
}

// prepare makes the pod's volumes, and the files that Kubernetes gives every container.
func (p *Pod) prepare() error {
	p.volumes = map[string]made{}
	for _, v := range p.Spec().Volumes {
		directory, readOnly, err := p.volume(v)
		if err != nil {
			return fmt.Errorf("the volume %s: %w", v.Name, err)
		}
		p.volumes[v.Name] = made{directory, readOnly}
	}
	if err := os.MkdirAll(p.directory, 0o755); err != nil {
		return err
	}
	resolver := "nameserver " + p.resolver() + "\nsearch"
	for _, domain := range p.kubelet.Search(p.Region, p.Namespace) {
		resolver += " " + domain
	}
	resolver += "\noptions ndots:5"
	if own := p.Spec().DNSConfig; own != nil {
		for _, option := range own.Options {
			resolver += " " + option.Name
			if option.Value != nil {
				resolver += ":" + *option.Value
			}
		}
	}
	resolver += "\n"
	hosts := fmt.Sprintf("127.0.0.1\tlocalhost\n%s\t%s\n", p.Network.Address, p.FullName)
	for name, text := range map[string]string{"resolv.conf": resolver, "hosts": hosts, "hostname": p.FullName + "\n"} {
		if err := os.WriteFile(filepath.Join(p.directory, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// givenFiles returns the mounts of the files that every container gets.
func (p *Pod) givenFiles(c *corev1.Container) (mounts []sandbox.Mount) {
	for _, name := range []string{"resolv.conf", "hosts", "hostname"} {
		target := "/etc/" + name
		if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == target }) {
			mounts = append(mounts, sandbox.Mount{Source: filepath.Join(p.directory, name), Target: target})
		}
	}
	return mounts
}
