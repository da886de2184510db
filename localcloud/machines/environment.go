package machines

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	resourcehelper "k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/pkg/kubelet/envvars"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
)

// prepare collects the inputs of a container's program. Its errors are reported as CreateContainerConfigError.
func (ct *container) prepare(now time.Time) (*software.Process, error) {
	image, err := software.ParseImage(ct.spec.Image)
	if err != nil {
		return nil, err
	}
	user, err := ct.user(image)
	if err != nil {
		return nil, err
	}
	env, err := ct.environment()
	if err != nil {
		return nil, err
	}
	files, err := ct.filesystem()
	if err != nil {
		return nil, err
	}
	p, name := ct.pod, ct.spec.Name
	sim := p.cluster.sim
	return &software.Process{
		Image:        image,
		Command:      expandAll(ct.spec.Command, env),
		Args:         expandAll(ct.spec.Args, env),
		Env:          env,
		Ports:        ct.ports(),
		Files:        files,
		User:         user,
		Capabilities: ct.capabilities(),
		Address:      p.ip,
		Place: software.Place{
			Region: cloud.RegionOf(p.machine.zone), Node: p.machine.name, Namespace: p.api.Namespace, Pod: p.api.Name,
		},
		Pace:    sim.pace,
		Started: now,
		Outside: func(f func(software.Network)) {
			sim.mu.Lock()
			defer sim.mu.Unlock()
			f(sim.view(p))
			sim.poke()
		},
		Log: func(format string, args ...any) {
			line := fmt.Sprintf(format, args...)
			sim.logs.write(p.cluster.info.ID, logName(p, name), line)
			sim.log.Debug(line, "cluster", p.cluster.info.Name, "pod", p.name(), "container", name)
		},
	}, nil
}

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
	place := fmt.Sprintf("(pod: %q, container: %s)", ct.pod.api.Name+"_"+ct.pod.api.Namespace+"("+string(ct.pod.uid)+")", ct.spec.Name)
	must := ptr.Deref(nonRoot, false)
	if user != nil {
		if must && *user == 0 {
			return 0, fmt.Errorf("container's runAsUser breaks non-root policy %s", place)
		}
		return *user, nil
	}
	name, known := image.User()
	number, err := strconv.ParseInt(first(strings.Cut(name, ":")), 10, 64)
	switch {
	case name != "" && err != nil && must:
		return 0, fmt.Errorf("container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root %s", name, place)
	case name != "" && err != nil:
		return 1000, nil // an arbitrary non-root user
	case (name == "" || number == 0) && known && must:
		return 0, fmt.Errorf("container has runAsNonRoot and image will run as root %s", place)
	}
	return number, nil
}

func first(before, _ string, _ bool) string { return before }

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

// environment resolves the container's variables, including those of Services.
func (ct *container) environment() (map[string]string, error) {
	env := map[string]string{"HOSTNAME": ct.pod.api.Name}
	if ptr.Deref(ct.pod.api.Spec.EnableServiceLinks, true) {
		for _, v := range envvars.FromServices(ct.pod.linked()) {
			env[v.Name] = v.Value
		}
	}
	for _, source := range ct.spec.EnvFrom {
		data, err := ct.envFrom(source)
		if err != nil {
			return nil, err
		}
		for key, value := range data {
			env[source.Prefix+key] = string(value)
		}
	}
	for _, variable := range ct.spec.Env {
		if variable.ValueFrom == nil {
			env[variable.Name] = expand(variable.Value, env)
			continue
		}
		value, set, err := ct.valueFrom(variable.ValueFrom)
		if err != nil {
			return nil, err
		}
		if set {
			env[variable.Name] = value
		}
	}
	return env, nil
}

// linked returns the Services in the pod's environment variables: those of its namespace, and the API server's.
func (p *pod) linked() []*corev1.Service {
	services, _ := p.cluster.serviceLister.Services(p.api.Namespace).List(everything)
	services = slices.DeleteFunc(slices.Clone(services), func(s *corev1.Service) bool {
		return s.Spec.ClusterIP == "" || s.Spec.ClusterIP == corev1.ClusterIPNone || len(s.Spec.Ports) == 0
	})
	if api, err := p.cluster.serviceLister.Services(corev1.NamespaceDefault).Get("kubernetes"); err == nil && p.api.Namespace != corev1.NamespaceDefault {
		services = append(services, api)
	}
	return services
}

func (ct *container) envFrom(source corev1.EnvFromSource) (map[string][]byte, error) {
	var data map[string][]byte
	var err error
	optional := false
	switch {
	case source.ConfigMapRef != nil:
		optional = ptr.Deref(source.ConfigMapRef.Optional, false)
		data, err = ct.pod.configMapFiles(source.ConfigMapRef.Name, nil, optional)
	case source.SecretRef != nil:
		optional = ptr.Deref(source.SecretRef.Optional, false)
		data, err = ct.pod.secretFiles(source.SecretRef.Name, nil, optional)
	}
	return data, err
}

func (ct *container) valueFrom(source *corev1.EnvVarSource) (value string, set bool, err error) {
	p := ct.pod
	namespace := p.api.Namespace
	switch {
	case source.FieldRef != nil:
		value, err = p.field(source.FieldRef.FieldPath)
		return value, true, err
	case source.ResourceFieldRef != nil:
		if source.ResourceFieldRef.ContainerName == "" || source.ResourceFieldRef.ContainerName == ct.spec.Name {
			value, err = resourcehelper.ExtractContainerResourceValue(source.ResourceFieldRef, ct.spec)
		} else {
			value, err = resourcehelper.ExtractResourceValueByContainerName(source.ResourceFieldRef, p.api, source.ResourceFieldRef.ContainerName)
		}
		return value, true, err
	case source.ConfigMapKeyRef != nil:
		ref := source.ConfigMapKeyRef
		object, err := p.cluster.configMapLister.ConfigMaps(namespace).Get(ref.Name)
		if err != nil {
			return "", false, lenient(err, ref.Optional)
		}
		content, ok := configMapData(object)[ref.Key]
		if !ok && !ptr.Deref(ref.Optional, false) {
			return "", false, fmt.Errorf("couldn't find key %v in ConfigMap %v/%v", ref.Key, namespace, ref.Name)
		}
		return string(content), ok, nil
	case source.SecretKeyRef != nil:
		ref := source.SecretKeyRef
		object, err := p.cluster.secretLister.Secrets(namespace).Get(ref.Name)
		if err != nil {
			return "", false, lenient(err, ref.Optional)
		}
		content, ok := object.Data[ref.Key]
		if !ok && !ptr.Deref(ref.Optional, false) {
			return "", false, fmt.Errorf("couldn't find key %v in Secret %v/%v", ref.Key, namespace, ref.Name)
		}
		return string(content), ok, nil
	}
	return "", false, nil
}

// lenient ignores the absence of an optional object.
func lenient(err error, optional *bool) error {
	if apierrors.IsNotFound(err) && ptr.Deref(optional, false) {
		return nil
	}
	return err
}

// field returns a pod field of the downward API, such as status.podIP.
func (p *pod) field(name string) (string, error) {
	switch name {
	case "spec.nodeName":
		return p.api.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return p.api.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return p.machine.ip.String(), nil
	case "status.podIP", "status.podIPs":
		return p.ip.String(), nil
	}
	return fieldpath.ExtractFieldPathAsString(p.api, name)
}

func expand(text string, env map[string]string) string {
	return expansion.Expand(text, expansion.MappingFuncFor(env))
}

func expandAll(words []string, env map[string]string) []string {
	var all []string
	for _, word := range words {
		all = append(all, expand(word, env))
	}
	return all
}
