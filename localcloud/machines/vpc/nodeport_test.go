package vpc

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"
)

var frontEnd = netip.MustParseAddr("35.191.0.1")

// nodePort returns a cluster of two nodes with a pod on the first, behind node port 30080.
func nodePort() (*builder, *corev1.Service) {
	a := newCluster("a", "vpc", true).node("n1", "10.0.0.2").node("n2", "10.0.0.3")
	a.pod("ns", "web", "10.1.0.3", "n1")
	s := a.service("ns", "web", "10.9.0.1", 80, 8080, true, "10.1.0.3")
	s.Spec.Ports[0].NodePort = 30080
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	return a, s
}

func TestEnter(t *testing.T) {
	type change = func(*builder, *corev1.Service)
	from := func(cidrs ...string) change {
		return func(b *builder, _ *corev1.Service) {
			var peers []networkingv1.NetworkPolicyPeer
			for _, cidr := range cidrs {
				peers = append(peers, block(cidr))
			}
			b.policy("ns", ingress(port(8080), peers...))
		}
	}
	cluster := func(_ *builder, s *corev1.Service) {
		s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyCluster
	}
	for name, c := range map[string]struct {
		change   change
		node     string
		port     int
		firewall Firewall
		want     error
		why      string
	}{
		"as it should be":                            {node: "n1"},
		"a node without a pod":                       {node: "n2", want: ErrTimeout, why: "no ready endpoint on node n2"},
		"another port":                               {node: "n1", port: 8080},
		"no such node":                               {node: "n3", want: ErrTimeout, why: "n3 is gone"},
		"any node, by the cluster's policy":          {node: "n2", change: cluster},
		"the front ends' range in the pod's policy":  {node: "n1", change: from("35.191.0.0/16")},
		"another range in the pod's policy":          {node: "n1", change: from("130.211.0.0/22"), want: ErrTimeout, why: "NetworkPolicy ns/policy"},
		"the pod's policy sees a node, and no range": {node: "n2", change: func(b *builder, s *corev1.Service) { cluster(b, s); from("35.191.0.0/16")(b, s) }, want: ErrTimeout, why: "from 10.0.0.3"},
		"no firewall": {
			node: "n1", want: ErrTimeout, why: "no firewall of the VPC admits 35.191.0.1 to machine n1 on TCP 30080",
			firewall: func(_ string, from netip.Addr, _ []string, _ string, port int) bool {
				return port != 30080 || from != frontEnd
			},
		},
		"the firewall of the pod's port does not matter": {
			node: "n1", firewall: func(_ string, _ netip.Addr, _ []string, _ string, port int) bool { return port == 30080 },
		},
		"the firewall of the machine's tags": {
			node: "n1", want: ErrTimeout, why: "no firewall",
			firewall: func(_ string, _ netip.Addr, tags []string, _ string, _ int) bool { return tags[0] != "a" },
		},
		"not ready": {
			node: "n1", want: ErrTimeout, why: "no ready endpoint",
			change: func(b *builder, _ *corev1.Service) { b.Slices[0].Endpoints[0].Conditions.Ready = ptr.To(false) },
		},
		"ending, and serving still": {
			node: "n1",
			change: func(b *builder, _ *corev1.Service) {
				b.Slices[0].Endpoints[0].Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(true), Terminating: ptr.To(true)}
			},
		},
		"ending": {
			node: "n1", want: ErrTimeout, why: "no ready endpoint",
			change: func(b *builder, _ *corev1.Service) {
				b.Slices[0].Endpoints[0].Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(false), Terminating: ptr.To(true)}
			},
		},
		"a node port of another protocol": {
			node: "n1", change: func(_ *builder, s *corev1.Service) { s.Spec.Ports[0].Protocol = corev1.ProtocolUDP },
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, s := nodePort()
			if c.change != nil {
				c.change(a, s)
			}
			firewall, port := c.firewall, c.port
			if firewall == nil {
				firewall = open
			}
			if port == 0 {
				port = 30080
			}
			targets, err := build(firewall, a).Enter(frontEnd, "a", c.node, port)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.why)
				return
			}
			require.NoError(t, err)
			if port != 30080 || s.Spec.Ports[0].Protocol == corev1.ProtocolUDP {
				require.Empty(t, targets, "the machine itself")
				return
			}
			require.Len(t, targets, 1)
			require.Equal(t, 8080, targets[0].Port, "the target port, not the Service's")
			require.Equal(t, "web", targets[0].Pod.Name)
		})
	}
}

func TestAPodOnTheHostsNetworkIsReachedAtItsMachine(t *testing.T) {
	a, _ := nodePort()
	agent := a.pod("ns", "agent", "10.0.0.2", "n1")
	agent.Spec.HostNetwork = true
	targets, err := build(open, a).Enter(frontEnd, "a", "n1", 9100)
	require.NoError(t, err)
	require.Len(t, targets, 1)
	require.Equal(t, "agent", targets[0].Pod.Name)
	targets, err = build(open, a).Enter(frontEnd, "a", "n2", 9100)
	require.NoError(t, err)
	require.Empty(t, targets)
}
