package vpc

import (
	"cmp"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
)

// Enter follows a TCP connection from an address outside the VPC to a port of a node, and returns the pod ports at one
// of which it arrives. No target and no error mean that the connection is for the machine itself.
//
// A connection to a node port goes to its Service, as with kube-proxy and Dataplane V2. With externalTrafficPolicy
// Local, only the node's own pods are endpoints, and they see the client's address. With Cluster, all pods are, and
// those on other nodes see this node's address. While no endpoint is ready, terminating ones that still serve are used.
func (w *World) Enter(from netip.Addr, cluster, node string, port int) ([]Target, error) {
	m := w.byID[cluster]
	if m == nil {
		return nil, failed(ErrTimeout, "cluster %s is gone", cluster)
	}
	n, ok := m.nodeByName[node]
	if !ok {
		return nil, failed(ErrTimeout, "machine %s is gone", node)
	}
	if err := n.answers(); err != nil {
		return nil, err
	}
	if !w.admits(m, from, n.Tags, port) {
		return nil, failed(ErrTimeout, "no firewall of the VPC admits %s to machine %s on TCP %d", from, node, port)
	}
	for _, service := range m.services {
		for _, p := range service.Spec.Ports {
			if int(p.NodePort) == port && cmp.Or(p.Protocol, corev1.ProtocolTCP) == corev1.ProtocolTCP {
				return m.enterService(from, n, service, p)
			}
		}
	}
	var targets []Target
	for _, pod := range m.Pods {
		if _, runs := PodIP(pod); runs && pod.Spec.HostNetwork && pod.Spec.NodeName == node {
			targets = append(targets, Target{Cluster: m.ID, Pod: pod, Address: n.IP, Port: port})
		}
	}
	return targets, nil
}

func (m *member) enterService(from netip.Addr, node Node, service *corev1.Service, port corev1.ServicePort) ([]Target, error) {
	name := service.Namespace + "/" + service.Name
	local := service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
	for _, serves := range []func(discoveryv1.Endpoint) bool{
		func(e discoveryv1.Endpoint) bool { return ready(service, e) },
		func(e discoveryv1.Endpoint) bool {
			return ptr.Deref(e.Conditions.Terminating, false) && ptr.Deref(e.Conditions.Serving, false)
		},
	} {
		var targets []Target
		var last error
		for _, e := range m.endpoints(service, port, serves) {
			if local && e.node != node.Name {
				continue
			}
			target, err := m.enterPod(from, node, e)
			if err != nil {
				last = err
				continue
			}
			targets = append(targets, target)
		}
		if len(targets) > 0 || last != nil {
			return targets, last
		}
	}
	if local {
		return nil, failed(ErrTimeout, "Service %s (externalTrafficPolicy Local) has no ready endpoint on node %s", name, node.Name)
	}
	return nil, failed(ErrRefused, "Service %s has no ready endpoint for port %d", name, port.Port)
}

// enterPod connects to an endpoint, if its pod's ingress policies admit that.
func (m *member) enterPod(from netip.Addr, node Node, e endpoint) (Target, error) {
	pod := m.podByIP[e.address]
	if pod == nil {
		return Target{}, failed(ErrTimeout, "endpoint %s is no running pod", e.address)
	}
	if err := m.nodeByName[e.node].answers(); err != nil {
		return Target{}, err
	}
	source := party{address: from}
	if e.node != node.Name { // source NAT, so that the answer returns through this node
		source = party{address: node.IP, node: true}
	}
	if policy, ok := m.admitsIngress(pod, source, corev1.ProtocolTCP, e.port); !ok {
		return Target{}, failed(ErrTimeout, "NetworkPolicy %s denies pod %s/%s ingress from %s on TCP %d", policy, pod.Namespace, pod.Name,
			source.address, e.port)
	}
	return Target{Cluster: m.ID, Pod: pod, Address: e.address, Port: e.port}, nil
}
