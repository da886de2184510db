package kubelet

import (
	"fmt"
	"strings"

	"geo-wordpress/tools/conformance/declared"

	corev1 "k8s.io/api/core/v1"
)

// environment returns a container's variables: the image's, Kubernetes' own, then the declared ones, of which a later
// one may use an earlier one. It also returns the declared variables by name, for the command.
func (p *Pod) environment(c *corev1.Container, image *Image) (list []string, byName map[string]string, err error) {
	var order []string
	values := map[string]string{}
	set := func(name, value string) {
		if _, known := values[name]; !known {
			order = append(order, name)
		}
		values[name] = value
	}
	for _, variable := range image.Env {
		name, value, _ := strings.Cut(variable, "=")
		set(name, value)
	}
	set("HOSTNAME", p.FullName)
	byName = map[string]string{}
	for _, variable := range c.Env {
		value := Expand(variable.Value, byName)
		if variable.ValueFrom != nil {
			if value, err = p.valueFrom(variable.ValueFrom); err != nil {
				if optional := variable.ValueFrom.ConfigMapKeyRef; optional != nil && optional.Optional != nil && *optional.Optional {
					continue
				}
				return nil, nil, fmt.Errorf("the variable %s: %w", variable.Name, err)
			}
		}
		set(variable.Name, value)
		byName[variable.Name] = value
	}
	for _, name := range order {
		list = append(list, name+"="+values[name])
	}
	return list, byName, nil
}

func (p *Pod) valueFrom(source *corev1.EnvVarSource) (string, error) {
	switch {
	case source.ConfigMapKeyRef != nil:
		key := declared.Key{Namespace: p.Namespace, Name: source.ConfigMapKeyRef.Name}
		if object := p.Region.ConfigMaps[key]; object != nil {
			if value, ok := object.Data[source.ConfigMapKeyRef.Key]; ok {
				return value, nil
			}
		}
		return "", fmt.Errorf("there is no key %s in a ConfigMap %s", source.ConfigMapKeyRef.Key, key)
	case source.SecretKeyRef != nil:
		key := declared.Key{Namespace: p.Namespace, Name: source.SecretKeyRef.Name}
		if object := p.Region.Secrets[key]; object != nil {
			if value, ok := object.Data[source.SecretKeyRef.Key]; ok {
				return string(value), nil
			}
		}
		return "", fmt.Errorf("there is no key %s in a Secret %s", source.SecretKeyRef.Key, key)
	case source.FieldRef != nil:
		switch source.FieldRef.FieldPath {
		case "status.podIP":
			return p.Network.Address.String(), nil
		case "metadata.name":
			return p.FullName, nil
		case "metadata.namespace":
			return p.Namespace, nil
		}
		return "", fmt.Errorf("the field %s is not supported", source.FieldRef.FieldPath)
	}
	return "", fmt.Errorf("comes from a place that is not supported")
}

// Expand replaces $(NAME) by a variable's value, as Kubernetes does in commands, arguments and variables: $$ is a
// dollar sign, and a reference to an unknown variable stays as it is.
func Expand(text string, variables map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		end := strings.IndexByte(rest, ')')
		switch {
		case strings.HasPrefix(rest, "$$"):
			b.WriteByte('$')
			i++
		case strings.HasPrefix(rest, "$(") && end >= 0:
			value, known := variables[rest[2:end]]
			if !known {
				value = rest[:end+1]
			}
			b.WriteString(value)
			i += end
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

func expandAll(texts []string, variables map[string]string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, Expand(text, variables))
	}
	return all
}
