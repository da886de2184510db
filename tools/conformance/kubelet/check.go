package kubelet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// check returns what a pod asks for that this package does not support.
func check(spec *corev1.PodSpec) error {
	if spec.HostNetwork || spec.HostPID || spec.HostIPC {
		return fmt.Errorf("asks for the machine's own namespaces, which is not supported")
	}
	if len(spec.EphemeralContainers) > 0 || len(spec.HostAliases) > 0 ||
		spec.DNSConfig != nil && len(spec.DNSConfig.Nameservers)+len(spec.DNSConfig.Searches) > 0 ||
		spec.DNSPolicy != "" && spec.DNSPolicy != corev1.DNSClusterFirst {
		return fmt.Errorf("asks for ephemeral containers, host aliases or name servers of its own, which are not supported")
	}
	if spec.ShareProcessNamespace != nil && *spec.ShareProcessNamespace {
		return fmt.Errorf("shares its process namespace, which is not supported")
	}
	for _, c := range spec.InitContainers {
		if c.RestartPolicy != nil || c.Lifecycle != nil || c.StartupProbe != nil || c.ReadinessProbe != nil || c.LivenessProbe != nil {
			return fmt.Errorf("the init container %s stays beside the others, which is not supported", c.Name)
		}
	}
	for _, c := range append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...) {
		if err := checkContainer(&c); err != nil {
			return fmt.Errorf("the container %s %w", c.Name, err)
		}
	}
	return nil
}

func checkContainer(c *corev1.Container) error {
	if len(c.EnvFrom) > 0 || len(c.VolumeDevices) > 0 || c.TTY || c.Stdin {
		return fmt.Errorf("has envFrom, a raw device or a terminal, which are not supported")
	}
	if c.Lifecycle != nil && (c.Lifecycle.PostStart != nil || c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Exec == nil) {
		return fmt.Errorf("has a hook other than a preStop command, which is not supported")
	}
	if s := c.SecurityContext; s != nil && s.Privileged != nil && *s.Privileged {
		return fmt.Errorf("is privileged, which is not supported")
	}
	for _, m := range c.VolumeMounts {
		if m.SubPathExpr != "" || m.MountPropagation != nil {
			return fmt.Errorf("mounts %s with an expression or propagation, which is not supported", m.Name)
		}
	}
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if p != nil && p.Exec == nil && p.TCPSocket == nil && p.HTTPGet == nil {
			return fmt.Errorf("has a probe that is no command, TCP or HTTP one, which is not supported")
		}
	}
	return nil
}
