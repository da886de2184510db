package vpc

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
)

// party is the other end of a connection from a policy's view: a pod or node of the same cluster, or just an address.
type party struct {
	pod     *corev1.Pod // of the same cluster
	node    bool        // a node of the same cluster
	address netip.Addr
	ports   *corev1.Pod // the receiving pod, which resolves port names
}

// admitsIngress says whether the policies admit a packet to a pod; if not, it returns those that isolate the pod.
func (m *member) admitsIngress(pod *corev1.Pod, from party, protocol corev1.Protocol, port int) (policies string, ok bool) {
	var isolating []string
	for _, policy := range m.selecting(pod, networkingv1.PolicyTypeIngress) {
		isolating = append(isolating, policy.Namespace+"/"+policy.Name)
		for _, rule := range policy.Spec.Ingress {
			if portMatches(rule.Ports, pod, protocol, port) && m.peerMatches(policy.Namespace, rule.From, from) {
				return "", true
			}
		}
	}
	return strings.Join(isolating, ", "), len(isolating) == 0
}

// admitsEgress says whether the policies admit a packet from a pod; if not, it returns those that isolate the pod.
func (m *member) admitsEgress(pod *corev1.Pod, to party, protocol corev1.Protocol, port int) (policies string, ok bool) {
	var isolating []string
	for _, policy := range m.selecting(pod, networkingv1.PolicyTypeEgress) {
		isolating = append(isolating, policy.Namespace+"/"+policy.Name)
		for _, rule := range policy.Spec.Egress {
			if portMatches(rule.Ports, to.ports, protocol, port) && m.peerMatches(policy.Namespace, rule.To, to) {
				return "", true
			}
		}
	}
	return strings.Join(isolating, ", "), len(isolating) == 0
}

// metadataPort is the port of the metadata server's API.
const metadataPort = 80

// A GKE pod sends DNS queries to NodeLocal DNSCache if the cluster has it, else to the metadata server with Cloud DNS,
// else to the kube-dns pods.
var (
	metadataServer    = netip.MustParseAddr("169.254.169.254")
	nodeLocalDNSCache = netip.MustParseAddr("169.254.20.10")
)

// admitsDNS says whether a pod may send DNS queries; if not, it returns the policies that isolate the pod. With
// NodeLocal DNSCache, policies must admit both the cache's address and its pods: Dataplane V2 translates the address to
// a pod before it applies policies, other data paths do not, and no document says which applies where.
func (m *member) admitsDNS(pod *corev1.Pod) (policies string, ok bool) {
	admits := func(server party) bool {
		policies, ok = m.admitsEgress(pod, server, corev1.ProtocolUDP, 53)
		return ok
	}
	switch {
	case m.NodeLocalDNS:
		_ = admits(party{address: nodeLocalDNSCache}) && admits(systemPod("node-local-dns"))
	case m.VPCScope: // Cloud DNS
		admits(party{address: metadataServer})
	case admits(systemPod("kube-dns")):
	default:
		if service := m.services[metav1.NamespaceSystem+"/kube-dns"]; service != nil {
			if ip, err := netip.ParseAddr(service.Spec.ClusterIP); err == nil {
				admits(party{address: ip})
			}
		}
	}
	return policies, ok
}

func systemPod(app string) party {
	return party{pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem,
		Labels: map[string]string{"k8s-app": app}}}}
}

// AdmitsAPI returns nil if a pod may connect to its control plane: its egress is not isolated, or a rule admits TCP 443
// by address. (The control plane is not a pod, and the local cloud does not compare its address.)
func (w *World) AdmitsAPI(from Place) error {
	m, pod := w.byID[from.Cluster], from.isolable()
	if m == nil || pod == nil {
		return nil
	}
	var isolating []string
	for _, policy := range m.selecting(pod, networkingv1.PolicyTypeEgress) {
		isolating = append(isolating, policy.Namespace+"/"+policy.Name)
		for _, rule := range policy.Spec.Egress {
			byAddress := len(rule.To) == 0 || slices.ContainsFunc(rule.To, func(p networkingv1.NetworkPolicyPeer) bool { return p.IPBlock != nil })
			if byAddress && portMatches(rule.Ports, nil, corev1.ProtocolTCP, 443) {
				return nil
			}
		}
	}
	if len(isolating) == 0 {
		return nil
	}
	return failed(ErrTimeout, "NetworkPolicy %s denies pod %s/%s egress to the API server (TCP 443 by an ipBlock)", strings.Join(isolating, ", "), pod.Namespace, pod.Name)
}

// selecting lists the policies that isolate a pod in a direction.
func (m *member) selecting(pod *corev1.Pod, direction networkingv1.PolicyType) []*networkingv1.NetworkPolicy {
	var found []*networkingv1.NetworkPolicy
	for _, policy := range m.policies[pod.Namespace] {
		if slices.Contains(directions(policy), direction) && selects(&policy.Spec.PodSelector, pod.Labels) {
			found = append(found, policy)
		}
	}
	return found
}

// directions returns the directions in which a policy isolates: by default ingress, and egress if it has egress rules.
func directions(policy *networkingv1.NetworkPolicy) []networkingv1.PolicyType {
	if len(policy.Spec.PolicyTypes) > 0 {
		return policy.Spec.PolicyTypes
	}
	if len(policy.Spec.Egress) > 0 {
		return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	}
	return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
}

func selects(selector *metav1.LabelSelector, set map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}

func (m *member) peerMatches(namespace string, peers []networkingv1.NetworkPolicyPeer, other party) bool {
	if len(peers) == 0 {
		return true
	}
	return slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
		if peer.IPBlock != nil {
			return other.pod == nil && !other.node && inBlock(peer.IPBlock, other.address)
		}
		if other.pod == nil {
			return false
		}
		if peer.NamespaceSelector == nil {
			return other.pod.Namespace == namespace && (peer.PodSelector == nil || selects(peer.PodSelector, other.pod.Labels))
		}
		var of map[string]string
		if ns := m.namespaces[other.pod.Namespace]; ns != nil {
			of = ns.Labels
		} else {
			of = map[string]string{corev1.LabelMetadataName: other.pod.Namespace}
		}
		return selects(peer.NamespaceSelector, of) && (peer.PodSelector == nil || selects(peer.PodSelector, other.pod.Labels))
	})
}

func inBlock(block *networkingv1.IPBlock, address netip.Addr) bool {
	prefix, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !prefix.Contains(address) {
		return false
	}
	return !slices.ContainsFunc(block.Except, func(except string) bool {
		hole, err := netip.ParsePrefix(except)
		return err == nil && hole.Contains(address)
	})
}

// portMatches says whether a rule's ports include the given one. The receiving pod resolves named ports.
func portMatches(ports []networkingv1.NetworkPolicyPort, receiver *corev1.Pod, protocol corev1.Protocol, port int) bool {
	if len(ports) == 0 {
		return true
	}
	return slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		if p.Protocol != nil && *p.Protocol != protocol || p.Protocol == nil && protocol != corev1.ProtocolTCP {
			return false
		}
		switch {
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			if receiver == nil {
				return false
			}
			number, err := podutil.FindPort(receiver, &corev1.ServicePort{Protocol: protocol, TargetPort: *p.Port})
			return err == nil && number == port
		case p.EndPort != nil:
			return port >= p.Port.IntValue() && port <= int(*p.EndPort)
		}
		return port == p.Port.IntValue()
	})
}
