package vpc

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/googlecloud"
)

// Connect follows a TCP connection to an address and port, and returns the pod ports at which it may arrive: several if
// a Service balances, in the order of their addresses. The caller checks whether a program listens there.
func (w *World) Connect(from Place, to netip.Addr, port int) ([]Target, error) {
	source, err := w.address(from)
	if err != nil {
		return nil, err
	}
	home := w.byID[from.Cluster]
	if service := home.serviceByIP[to]; service != nil {
		return w.connectService(from, source, home, service, port)
	}
	for _, m := range w.clusters {
		if m.Network != home.Network {
			continue
		}
		if pod := m.podByIP[to]; pod != nil {
			target, err := w.connectPod(from, source, m, pod, port)
			if err != nil {
				return nil, err
			}
			return []Target{target}, nil
		}
		if node, ok := m.nodeByIP[to]; ok {
			return w.connectNode(from, source, m, node, port)
		}
		if m != home && m.serviceByIP[to] != nil {
			return nil, failed(ErrTimeout, "%s is a ClusterIP of cluster %s, and leads nowhere outside of it", to, m.Name)
		}
	}
	// Every machine answers at the metadata server's address. Dataplane V2 applies policies before the address is
	// translated to that of GKE's own server (169.254.169.252:988).
	metadata := to == metadataServer && port == metadataPort
	if (to.IsPrivate() || to.IsLoopback() || to.IsLinkLocalUnicast()) && !metadata {
		return nil, failed(ErrTimeout, "nothing in the VPC has the address %s", to)
	}
	if pod := from.isolable(); pod != nil {
		if policy, ok := home.admitsEgress(pod, party{address: to}, corev1.ProtocolTCP, port); !ok {
			return nil, failed(ErrTimeout, "NetworkPolicy %s denies pod %s/%s egress to %s:%d", policy, pod.Namespace, pod.Name, to, port)
		}
	}
	if !metadata && (w.internet == nil || !w.internet(home.ID)) {
		return nil, failed(ErrTimeout, "cluster %s has no way to the Internet", home.Name)
	}
	return []Target{{Address: to, Port: port, External: true}}, nil
}

// endpoint is one address and port behind a Service.
type endpoint struct {
	address netip.Addr
	port    int
	node    string
}

// endpoints lists the addresses behind one port of a Service for which serves is true, in order.
func (m *member) endpoints(service *corev1.Service, port corev1.ServicePort, serves func(discoveryv1.Endpoint) bool) []endpoint {
	var found []endpoint
	for _, slice := range m.slices[service.Namespace+"/"+service.Name] {
		if slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, p := range slice.Ports {
			protocol := ptr.Deref(p.Protocol, corev1.ProtocolTCP)
			if ptr.Deref(p.Name, "") != port.Name || protocol != cmp.Or(port.Protocol, corev1.ProtocolTCP) || p.Port == nil {
				continue
			}
			for _, e := range slice.Endpoints {
				if !serves(e) {
					continue
				}
				for _, a := range e.Addresses {
					if ip, err := netip.ParseAddr(a); err == nil {
						found = append(found, endpoint{address: ip, port: int(*p.Port), node: ptr.Deref(e.NodeName, "")})
					}
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b endpoint) int { return a.address.Compare(b.address) })
	return found
}

func (w *World) connectService(from Place, source netip.Addr, home *member, service *corev1.Service, port int) ([]Target, error) {
	for _, p := range service.Spec.Ports {
		if int(p.Port) != port || cmp.Or(p.Protocol, corev1.ProtocolTCP) != corev1.ProtocolTCP {
			continue
		}
		local := ptr.Deref(service.Spec.InternalTrafficPolicy, "") == corev1.ServiceInternalTrafficPolicyLocal
		return w.balance(from, source, home, service, p, local, from.node())
	}
	return nil, failed(ErrRefused, "Service %s/%s has no TCP port %d", service.Namespace, service.Name, port)
}

// balance returns the endpoints of a Service's port that a connection may reach; if local, only those on the node.
func (w *World) balance(from Place, source netip.Addr, home *member, service *corev1.Service, port corev1.ServicePort, local bool, node string) ([]Target, error) {
	var targets []Target
	var last error
	endpoints := home.endpoints(service, port, func(e discoveryv1.Endpoint) bool { return ready(service, e) })
	if local {
		endpoints = slices.DeleteFunc(endpoints, func(e endpoint) bool { return e.node != node })
	}
	for _, e := range endpoints {
		pod := home.podByIP[e.address]
		if pod == nil {
			last = failed(ErrTimeout, "endpoint %s of Service %s/%s is no running pod", e.address, service.Namespace, service.Name)
			continue
		}
		target, err := w.connectPod(from, source, home, pod, e.port)
		if err != nil {
			last = err
			continue
		}
		targets = append(targets, target)
	}
	switch {
	case len(targets) > 0:
		return targets, nil
	case last != nil:
		return nil, last
	}
	return nil, failed(ErrRefused, "Service %s/%s has no ready endpoint for port %d", service.Namespace, service.Name, port.Port)
}

// connectNode connects to a NodePort of a machine.
func (w *World) connectNode(from Place, source netip.Addr, m *member, node Node, port int) ([]Target, error) {
	if err := w.arrives(from, m, node); err != nil {
		return nil, err
	}
	if m.ID != from.Cluster && !w.admits(m, source, node.Tags, port) {
		return nil, failed(ErrTimeout, "no firewall of the VPC admits %s to node %s on TCP %d", source, node.Name, port)
	}
	for _, service := range m.services {
		for _, p := range service.Spec.Ports {
			if int(p.NodePort) == port && cmp.Or(p.Protocol, corev1.ProtocolTCP) == corev1.ProtocolTCP {
				local := service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
				return w.balance(Place{Cluster: m.ID, Node: node.Name}, node.IP, m, service, p, local, node.Name)
			}
		}
	}
	return nil, failed(ErrRefused, "nothing listens on TCP %d of node %s", port, node.Name)
}

// connectPod connects to a pod's port, if the sender's policies, the firewall and the receiver's policies admit it.
func (w *World) connectPod(from Place, source netip.Addr, m *member, pod *corev1.Pod, port int) (Target, error) {
	ip, _ := PodIP(pod)
	home := w.byID[from.Cluster]
	near := m == home
	sender := from.isolable()
	if sender != nil {
		other := party{address: ip, ports: pod}
		if near {
			other.pod = pod
		}
		if policy, ok := home.admitsEgress(sender, other, corev1.ProtocolTCP, port); !ok && sender.UID != pod.UID {
			return Target{}, failed(ErrTimeout, "NetworkPolicy %s denies pod %s/%s egress to %s:%d", policy, sender.Namespace, sender.Name, ip, port)
		}
	}
	node := m.nodeByName[pod.Spec.NodeName]
	if err := w.arrives(from, m, node); err != nil {
		return Target{}, err
	}
	if !near && !w.admits(m, source, node.Tags, port) {
		return Target{}, failed(ErrTimeout, "no firewall of the VPC admits %s to pod %s/%s of cluster %s on TCP %d", source, pod.Namespace, pod.Name, m.Name, port)
	}
	ownNode := near && sender == nil && from.node() == pod.Spec.NodeName
	itself := sender != nil && sender.UID == pod.UID && near
	if !ownNode && !itself {
		other := party{address: source, ports: pod, node: near && sender == nil}
		if near && sender != nil {
			other.pod = sender
		}
		if policy, ok := m.admitsIngress(pod, other, corev1.ProtocolTCP, port); !ok {
			return Target{}, failed(ErrTimeout, "NetworkPolicy %s denies pod %s/%s ingress from %s on TCP %d", policy, pod.Namespace, pod.Name, source, port)
		}
	}
	return Target{Cluster: m.ID, Pod: pod, Address: ip, Port: port}, nil
}

// arrives returns nil, or the reason why a packet to a machine or to a pod on it is lost.
func (w *World) arrives(from Place, m *member, node Node) error {
	if here, there := googlecloud.RegionOf(w.byID[from.Cluster].Location), googlecloud.RegionOf(m.Location); w.failures.Apart(here, there) {
		return failed(ErrTimeout, "the network between %s and %s is cut", here, there)
	}
	return node.answers()
}

// answers returns an error if the machine is down.
func (n Node) answers() error {
	if n.Down {
		return failed(ErrTimeout, "machine %s is lost", n.Name)
	}
	return nil
}

func (w *World) admits(m *member, source netip.Addr, tags []string, port int) bool {
	return w.firewall == nil || w.firewall(m.Network, source, tags, "tcp", port)
}
