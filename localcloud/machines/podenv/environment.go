package podenv

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	resourcehelper "k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/kubelet/envvars"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"
)

// Environment returns a container's variables, including those of Services.
func (p Pod) Environment(c *corev1.Container) (map[string]string, error) {
	env := map[string]string{"HOSTNAME": p.Name}
	if ptr.Deref(p.Spec.EnableServiceLinks, true) {
		for _, v := range envvars.FromServices(p.linked()) {
			env[v.Name] = v.Value
		}
	}
	for _, source := range c.EnvFrom {
		data, err := p.envFrom(source)
		if err != nil {
			return nil, err
		}
		for key, value := range data {
			env[source.Prefix+key] = string(value)
		}
	}
	for _, variable := range c.Env {
		if variable.ValueFrom == nil {
			env[variable.Name] = Expand(variable.Value, env)
			continue
		}
		value, set, err := p.valueFrom(c, variable.ValueFrom)
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
func (p Pod) linked() []*corev1.Service {
	services, _ := p.Objects.Services.Services(p.Namespace).List(labels.Everything())
	services = slices.DeleteFunc(slices.Clone(services), func(s *corev1.Service) bool {
		return s.Spec.ClusterIP == "" || s.Spec.ClusterIP == corev1.ClusterIPNone || len(s.Spec.Ports) == 0
	})
	if api, err := p.Objects.Services.Services(corev1.NamespaceDefault).Get("kubernetes"); err == nil && p.Namespace != corev1.NamespaceDefault {
		services = append(services, api)
	}
	return services
}

func (p Pod) envFrom(source corev1.EnvFromSource) (map[string][]byte, error) {
	switch {
	case source.ConfigMapRef != nil:
		return p.configMap(source.ConfigMapRef.Name, source.ConfigMapRef.Optional)
	case source.SecretRef != nil:
		return p.secret(source.SecretRef.Name, source.SecretRef.Optional)
	}
	return nil, nil
}

// valueFrom returns the value of a variable. An optional one without a value is not set.
func (p Pod) valueFrom(c *corev1.Container, source *corev1.EnvVarSource) (value string, set bool, err error) {
	switch {
	case source.FieldRef != nil:
		value, err = p.field(source.FieldRef.FieldPath)
		return value, true, err
	case source.ResourceFieldRef != nil:
		value, err = p.resource(source.ResourceFieldRef, c.Name)
		return value, true, err
	case source.ConfigMapKeyRef != nil:
		ref := source.ConfigMapKeyRef
		data, err := p.configMap(ref.Name, ref.Optional)
		return p.key(data, err, ref.Key, ref.Optional, "ConfigMap", ref.Name)
	case source.SecretKeyRef != nil:
		ref := source.SecretKeyRef
		data, err := p.secret(ref.Name, ref.Optional)
		return p.key(data, err, ref.Key, ref.Optional, "Secret", ref.Name)
	}
	return "", false, nil
}

// resource returns a request or limit of a container: of the named one, or else of the referring one.
func (p Pod) resource(ref *corev1.ResourceFieldSelector, container string) (string, error) {
	return resourcehelper.ExtractResourceValueByContainerName(ref, p.Pod, cmp.Or(ref.ContainerName, container))
}

// Expand replaces $(NAME) by the values of variables.
func Expand(text string, env map[string]string) string {
	return expansion.Expand(text, expansion.MappingFuncFor(env))
}

// ExpandAll replaces $(NAME) in every word.
func ExpandAll(words []string, env map[string]string) []string {
	var all []string
	for _, word := range words {
		all = append(all, Expand(word, env))
	}
	return all
}
