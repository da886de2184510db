// Package networkpolicy builds network policies for the components' pods.
package networkpolicy

import (
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/regions"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Pods are an application's pods in the policy's own namespace.
func Pods(app string) networkingv1.NetworkPolicyPeerInput {
	return &networkingv1.NetworkPolicyPeerArgs{PodSelector: objectmeta.Selector(app)}
}

// PodsIn are an application's pods in another namespace of the same cluster.
func PodsIn(namespace, app string) networkingv1.NetworkPolicyPeerInput {
	return &networkingv1.NetworkPolicyPeerArgs{
		NamespaceSelector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{
			"kubernetes.io/metadata.name": pulumi.String(namespace),
		}},
		PodSelector: objectmeta.Selector(app),
	}
}

// Collectors are the pods of GKE's managed collection of metrics: one on each machine, with an address of the pods' range. Their
// namespace is gmp-system, and gke-gmp-system in newer clusters.
func Collectors() []networkingv1.NetworkPolicyPeerInput {
	const app = "collector"
	return []networkingv1.NetworkPolicyPeerInput{PodsIn("gmp-system", app), PodsIn("gke-gmp-system", app)}
}

// Block is an address range.
func Block(cidr string, except ...string) networkingv1.NetworkPolicyPeerInput {
	block := &networkingv1.IPBlockArgs{Cidr: pulumi.String(cidr)}
	if len(except) > 0 {
		block.Except = pulumi.ToStringArray(except)
	}
	return &networkingv1.NetworkPolicyPeerArgs{IpBlock: block}
}

// Internet are all public addresses: not the VPC, and not the metadata server.
func Internet() networkingv1.NetworkPolicyPeerInput {
	return Block("0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
}

// RemotePods are the other regions' pods, as address ranges: selectors match only pods of the same cluster.
func RemotePods(peers []regions.Region) []networkingv1.NetworkPolicyPeerInput {
	var blocks []networkingv1.NetworkPolicyPeerInput
	for _, peer := range peers {
		blocks = append(blocks, Block(peer.Ranges.Pods.String()))
	}
	return blocks
}

// Of is the network policy of an application's pods. It denies everything that it does not admit, in both
// directions.
func Of(app string, namespace pulumi.StringInput, ingress networkingv1.NetworkPolicyIngressRuleArray,
	egress networkingv1.NetworkPolicyEgressRuleArray,
) *networkingv1.NetworkPolicyArgs {
	return &networkingv1.NetworkPolicyArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(app), Namespace: namespace, Annotations: objectmeta.Annotations()},
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: objectmeta.Selector(app),
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress:     ingress,
			Egress:      egress,
		},
	}
}

// TCP are TCP ports.
func TCP(ports ...int) networkingv1.NetworkPolicyPortArray {
	a := networkingv1.NetworkPolicyPortArray{}
	for _, port := range ports {
		a = append(a, &networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String("TCP"), Port: pulumi.Int(port)})
	}
	return a
}

// From allows ingress from peers to ports.
func From(ports networkingv1.NetworkPolicyPortArray, peers ...networkingv1.NetworkPolicyPeerInput,
) *networkingv1.NetworkPolicyIngressRuleArgs {
	return &networkingv1.NetworkPolicyIngressRuleArgs{
		From:  networkingv1.NetworkPolicyPeerArray(peers),
		Ports: ports,
	}
}

// To allows egress to peers' ports.
func To(ports networkingv1.NetworkPolicyPortArray, peers ...networkingv1.NetworkPolicyPeerInput,
) *networkingv1.NetworkPolicyEgressRuleArgs {
	return &networkingv1.NetworkPolicyEgressRuleArgs{
		To:    networkingv1.NetworkPolicyPeerArray(peers),
		Ports: ports,
	}
}
