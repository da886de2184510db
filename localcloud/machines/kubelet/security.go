package kubelet

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/software"
)

// user returns the ID of the user that the program runs as, or an error if runAsNonRoot forbids it.
func (ct *container) user(image software.Image) (int64, error) {
	var user *int64
	var nonRoot *bool
	if sc := ct.pod.api.Spec.SecurityContext; sc != nil {
		user, nonRoot = sc.RunAsUser, sc.RunAsNonRoot
	}
	if sc := ct.spec.SecurityContext; sc != nil {
		if sc.RunAsUser != nil {
			user = sc.RunAsUser
		}
		if sc.RunAsNonRoot != nil {
			nonRoot = sc.RunAsNonRoot
		}
	}
	place := fmt.Sprintf("(pod: %q, container: %s)", ct.pod.api.Name+"_"+ct.pod.api.Namespace+"("+string(ct.pod.api.UID)+")", ct.spec.Name)
	must := ptr.Deref(nonRoot, false)
	if user != nil {
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
	sc := ct.spec.SecurityContext
	if sc == nil {
		return all
	}
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
