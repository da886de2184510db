package config

import (
	"regexp"
	"strings"
)

func (l *loader) namespaces() Namespaces {
	first := map[string]string{}
	namespace := func(key string) string {
		name, ok := l.top(key).checked(func(name string) string {
			if wrong := checkNamespace(name); wrong != "" {
				return wrong
			}
			if other, ok := first[name]; ok {
				return "is already " + l.project + ":" + other + ": choose another name, " +
					"because each namespace has its own pod security and network policies"
			}
			return ""
		})
		if ok {
			first[name] = key
		}
		return name
	}
	return Namespaces{
		Database:  namespace("databaseNamespace"),
		Files:     namespace("filesNamespace"),
		WordPress: namespace("wordpressNamespace"),
	}
}

// dnsLabel is a label of a DNS name, and the form of a namespace's name (RFC 1123).
var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// checkNamespace returns what is wrong with the name of a namespace, or nothing.
func checkNamespace(name string) string {
	if !dnsLabel.MatchString(name) {
		return "must be a namespace's name: 1 to 63 lower-case letters, digits and hyphens, " +
			"starting and ending with a letter or digit"
	}
	if name == "default" {
		return "exists in every cluster: choose another name"
	}
	for _, prefix := range []string{"kube-", "gke-", "gmp-"} {
		if strings.HasPrefix(name, prefix) {
			return "starts with " + prefix + ", which Kubernetes and GKE reserve: choose another name"
		}
	}
	return ""
}
