// Package podenv computes what a pod's objects give its containers: environment variables, and the files of ConfigMaps,
// Secrets and the downward API. Errors are the kubelet's. It is pure: objects in, values out.
package podenv

import (
	corev1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
)

// Objects finds the objects to which pods refer.
type Objects struct {
	ConfigMaps corelisters.ConfigMapLister
	Secrets    corelisters.SecretLister
	Services   corelisters.ServiceLister
}

// Pod is a pod with its addresses, which its kubelet knows before the API server does.
type Pod struct {
	*corev1.Pod
	IP, HostIP string
	Objects    Objects
}

// field returns a field of the downward API, such as status.podIP.
func (p Pod) field(path string) (string, error) {
	switch path {
	case "spec.nodeName":
		return p.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return p.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return p.HostIP, nil
	case "status.podIP", "status.podIPs":
		return p.IP, nil
	}
	return fieldpath.ExtractFieldPathAsString(p.Pod, path)
}
