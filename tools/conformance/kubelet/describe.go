package kubelet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/tools/conformance/sandbox"

	corev1 "k8s.io/api/core/v1"
)

// standardCapabilities are the capabilities that a container runtime gives root by default.
var standardCapabilities = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

// describe returns the process that a declared container asks for.
func (p *Pod) describe(c *corev1.Container) (sandbox.Container, *Image, error) {
	none := sandbox.Container{}
	image, err := p.kubelet.Image(c.Image)
	if err != nil {
		return none, nil, err
	}
	env, variables, err := p.environment(c, image)
	if err != nil {
		return none, nil, err
	}
	mounts, err := p.mounts(c)
	if err != nil {
		return none, nil, err
	}
	args := expandAll(c.Command, variables)
	if len(args) == 0 {
		args = slices.Clone(image.Entrypoint)
	}
	if len(c.Args) > 0 {
		args = append(args, expandAll(c.Args, variables)...)
	} else if len(c.Command) == 0 {
		args = append(args, image.Command...)
	}
	if len(args) == 0 {
		return none, nil, fmt.Errorf("neither the container %s nor its image %s has a command", c.Name, c.Image)
	}
	s := sandbox.Container{
		Name:     p.Region.Name + " " + p.FullName + " " + c.Name,
		Hostname: p.FullName,
		Root:     image.Root,
		Mounts:   slices.Concat(image.Mounts, p.givenFiles(c), mounts),
		Args:     args,
		Env:      env,
		Dir:      image.Dir,
		UID:      image.User,
	}
	if c.WorkingDir != "" {
		s.Dir = c.WorkingDir
	}
	return s, image, p.confine(&s, c)
}

// confine applies the security contexts of the pod and of the container.
func (p *Pod) confine(s *sandbox.Container, c *corev1.Container) error {
	var user, group *int64
	var nonRoot *bool
	if pod := p.Spec().SecurityContext; pod != nil {
		user, group, nonRoot = pod.RunAsUser, pod.RunAsGroup, pod.RunAsNonRoot
		for _, supplementary := range pod.SupplementalGroups {
			s.Groups = append(s.Groups, int(supplementary))
		}
		if pod.FSGroup != nil {
			s.Groups = append(s.Groups, int(*pod.FSGroup))
		}
	}
	s.Capabilities = standardCapabilities
	if own := c.SecurityContext; own != nil {
		user, group, nonRoot = first(own.RunAsUser, user), first(own.RunAsGroup, group), first(own.RunAsNonRoot, nonRoot)
		s.ReadOnlyRoot = own.ReadOnlyRootFilesystem != nil && *own.ReadOnlyRootFilesystem
		s.NoNewPrivileges = own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation
		if own.Capabilities != nil {
			s.Capabilities = bounded(own.Capabilities)
		}
	}
	if user != nil {
		s.UID = int(*user)
	}
	if group != nil {
		s.GID = int(*group)
	}
	if nonRoot != nil && *nonRoot && s.UID == 0 {
		return errors.New("container has runAsNonRoot and image will run as root")
	}
	return nil
}

func first[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

func bounded(c *corev1.Capabilities) []string {
	kept := map[string]bool{}
	for _, name := range standardCapabilities {
		kept[name] = true
	}
	for _, name := range c.Drop {
		if name == "ALL" {
			clear(kept)
		}
		delete(kept, strings.TrimPrefix(string(name), "CAP_"))
	}
	for _, name := range c.Add {
		kept[strings.TrimPrefix(string(name), "CAP_")] = true
	}
	var all []string
	for name := range kept {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
