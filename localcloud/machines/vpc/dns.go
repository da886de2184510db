package vpc

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
)

// searchThreshold is ndots: a pod's resolver first tries a name with at least this many dots as it is.
const searchThreshold = 5

// internetAddress is what every name outside the clusters resolves to: a documentation address (RFC 5737). The model
// has no Internet; it only knows whether a route to it exists.
var internetAddress = netip.MustParseAddr("192.0.2.1")

// Lookup resolves a name as the resolver of a pod or a node would. It returns a literal address unchanged.
func (w *World) Lookup(from Place, name string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{ip}, nil
	}
	home := w.byID[from.Cluster]
	if home == nil {
		return nil, failed(ErrTimeout, "cluster %s is gone", from.Cluster)
	}
	if name == "" {
		return nil, failed(ErrNoSuchHost, "the name is empty")
	}
	if pod := from.isolable(); pod != nil {
		if policy, ok := home.admitsDNS(pod); !ok {
			return nil, failed(ErrTimeout, "NetworkPolicy %s isolates pod %s/%s and no rule allows it DNS (UDP 53)", policy, pod.Namespace, pod.Name)
		}
	}
	for _, candidate := range candidates(from, home.DNSDomain, name) {
		if addresses, known := w.resolve(from, home, candidate, 0); known && len(addresses) > 0 {
			return addresses, nil
		}
	}
	if w.outside(home, name) {
		if w.internet != nil && w.internet(home.ID) {
			return []netip.Addr{internetAddress}, nil
		}
		return nil, failed(ErrTimeout, "cluster %s has no way to the Internet", home.Name)
	}
	return nil, failed(ErrNoSuchHost, "no cluster of the VPC that %s can see has an address for %q", home.Name, name)
}

// candidates lists the full names that a resolver tries in turn.
func candidates(from Place, domain, name string) []string {
	absolute := strings.TrimSuffix(name, ".")
	if absolute != name || from.Pod == nil || !clusterFirst(from.Pod) {
		return []string{absolute}
	}
	var searched []string
	for _, suffix := range []string{from.Pod.Namespace + ".svc." + domain, "svc." + domain, domain} {
		searched = append(searched, name+"."+suffix)
	}
	if strings.Count(name, ".") >= searchThreshold {
		return append([]string{name}, searched...)
	}
	return append(searched, name)
}

// clusterFirst says whether a pod's resolver searches the cluster's domain.
func clusterFirst(pod *corev1.Pod) bool {
	switch pod.Spec.DNSPolicy {
	case corev1.DNSDefault, corev1.DNSNone:
		return false
	case corev1.DNSClusterFirst, "":
		return !pod.Spec.HostNetwork
	}
	return true
}

// resolve returns the addresses of a full name. known says that a cluster's zone is authoritative for the name.
func (w *World) resolve(from Place, home *member, name string, depth int) (addresses []netip.Addr, known bool) {
	for _, zone := range w.visible(home) {
		rest, ok := strings.CutSuffix(name, ".svc."+zone.DNSDomain)
		if !ok {
			continue
		}
		known = true
		labels := strings.Split(rest, ".")
		// A node resolves names of its own cluster only with VPC scope.
		if zone == home && from.Pod == nil && !zone.VPCScope {
			continue
		}
		switch len(labels) {
		case 2:
			service := zone.services[labels[1]+"/"+labels[0]]
			if service == nil {
				continue
			}
			if service.Spec.Type == corev1.ServiceTypeExternalName && depth < 8 {
				if found, ok := w.resolve(from, home, strings.TrimSuffix(service.Spec.ExternalName, "."), depth+1); ok {
					return found, true
				}
				if w.outside(home, service.Spec.ExternalName) && w.internet != nil && w.internet(home.ID) {
					return []netip.Addr{internetAddress}, true
				}
				continue
			}
			if found := zone.serviceAddresses(service, ""); len(found) > 0 {
				return found, true
			}
		case 3: // a per-pod record
			if service := zone.services[labels[2]+"/"+labels[1]]; service != nil && zone == home {
				if found := zone.serviceAddresses(service, labels[0]); len(found) > 0 {
					return found, true
				}
			}
		}
	}
	return nil, known
}

// visible lists the clusters whose zones a cluster sees, its own first.
func (w *World) visible(home *member) []*member {
	zones := []*member{home}
	for _, other := range w.clusters {
		if other != home && other.VPCScope && other.Network == home.Network && other.DNSDomain != home.DNSDomain {
			zones = append(zones, other)
		}
	}
	return zones
}

// outside says whether a name can only be on the Internet: qualified, and in no cluster's domain.
func (w *World) outside(home *member, name string) bool {
	name = strings.TrimSuffix(name, ".")
	for _, c := range w.clusters {
		if name == c.DNSDomain || strings.HasSuffix(name, "."+c.DNSDomain) {
			return false
		}
	}
	last := name[strings.LastIndex(name, ".")+1:]
	return strings.Contains(name, ".") && !slices.Contains([]string{"svc", "local", "internal", "localhost", "invalid", "test", "example"}, last) &&
		!strings.HasSuffix(name, ".svc."+home.DNSDomain) && !w.namespaced(home, name)
}

// namespaced says whether a name has the form service.namespace, with a namespace of the cluster.
func (w *World) namespaced(home *member, name string) bool {
	parts := strings.Split(name, ".")
	return len(parts) == 2 && home.namespaces[parts[1]] != nil
}

// serviceAddresses returns a Service's addresses, in order: its ClusterIP, or the ready endpoints of a headless
// Service. With a hostname, it returns only the endpoints of that name.
func (m *member) serviceAddresses(service *corev1.Service, hostname string) []netip.Addr {
	if service.Spec.ClusterIP != corev1.ClusterIPNone {
		if ip, err := netip.ParseAddr(service.Spec.ClusterIP); err == nil && hostname == "" {
			return []netip.Addr{ip}
		}
		return nil
	}
	var addresses []netip.Addr
	for _, slice := range m.slices[service.Namespace+"/"+service.Name] {
		if slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			if !ready(service, endpoint) || hostname != "" && ptr.Deref(endpoint.Hostname, "") != hostname {
				continue
			}
			for _, address := range endpoint.Addresses {
				if ip, err := netip.ParseAddr(address); err == nil {
					addresses = append(addresses, ip)
				}
			}
		}
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return slices.Compact(addresses)
}

// ready says whether an endpoint receives traffic. An unset condition means ready. The endpoint controller also sets
// the condition for Services that publish addresses before they are ready.
func ready(service *corev1.Service, endpoint discoveryv1.Endpoint) bool {
	return service.Spec.PublishNotReadyAddresses || ptr.Deref(endpoint.Conditions.Ready, true)
}
