package kubelet

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/securitycontext"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software"
)

// security returns the container's security context, with what it takes from its pod's.
func (ct *container) security() *corev1.SecurityContext {
	return securitycontext.DetermineEffectiveSecurityContext(ct.pod.api, ct.spec)
}

// user returns the ID of the user that the program runs as, or an error if runAsNonRoot forbids it.
func (ct *container) user(image software.Image) (int64, error) {
	sc := ct.security()
	place := fmt.Sprintf("(pod: %q, container: %s)", ct.pod.api.Name+"_"+ct.pod.api.Namespace+"("+string(ct.pod.api.UID)+")", ct.spec.Name)
	must := ptr.Deref(sc.RunAsNonRoot, false)
	if user := sc.RunAsUser; user != nil {
		if must && *user == 0 {
			return 0, fmt.Errorf("container's runAsUser breaks non-root policy %s", place)
		}
		return *user, nil
	}
	if _, known := image.Defaults(); known && must {
		return 0, fmt.Errorf("container has runAsNonRoot and image will run as root %s", place)
	}
	return 0, nil
}

// defaultCapabilities are the capabilities that containerd gives a container.
var defaultCapabilities = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

func (ct *container) capabilities() map[string]bool {
	all := map[string]bool{}
	for _, name := range defaultCapabilities {
		all[name] = true
	}
	sc := ct.security()
	if ptr.Deref(sc.Privileged, false) {
		for _, name := range []string{"DAC_READ_SEARCH", "SYS_RESOURCE", "SYS_ADMIN", "NET_ADMIN"} {
			all[name] = true
		}
		return all
	}
	if sc.Capabilities == nil {
		return all
	}
	plain := func(c corev1.Capability) string { return strings.TrimPrefix(strings.ToUpper(string(c)), "CAP_") }
	for _, dropped := range sc.Capabilities.Drop {
		if plain(dropped) == "ALL" {
			clear(all)
		}
		delete(all, plain(dropped))
	}
	for _, added := range sc.Capabilities.Add {
		all[plain(added)] = true
	}
	return all
}
