// Package namespace declares a namespace with a Pod Security level and default-deny network policies: its pods reach
// only the DNS, and nothing reaches them, until another policy allows it.
package namespace

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Level is a Pod Security Standard (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
type Level string

const (
	Restricted Level = "restricted"
	// Privileged is for software that needs capabilities which the other levels forbid.
	Privileged Level = "privileged"
)

// Args configure a namespace.
type Args struct {
	Cluster *cluster.Cluster
	Name    string // in Kubernetes
	Level   Level
}

// Namespace is one namespace of one cluster.
type Namespace struct {
	pulumi.ResourceState

	// Name is the namespace's name, known once it exists.
	Name pulumi.StringOutput

	policies []pulumi.Resource
}

// New declares the namespace.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Namespace, error) {
	n := &Namespace{}
	if err := ctx.RegisterComponentResource("geo-wordpress:namespace:Namespace", name, n, opts...); err != nil {
		return nil, err
	}
	namespace, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String(args.Name),
			Labels: pulumi.StringMap{
				"pod-security.kubernetes.io/enforce": pulumi.String(args.Level),
				"pod-security.kubernetes.io/warn":    pulumi.String(args.Level),
			},
			Annotations: objectmeta.Annotations(),
		},
	}, args.Cluster.Object(n))
	if err != nil {
		return nil, err
	}
	n.Name = namespace.Metadata.Name().Elem()
	if err := n.close(ctx, name, args.Cluster); err != nil {
		return nil, err
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"name": n.Name})
}

// Policies are the namespace's own network policies. Pods must start only after these exist.
func (n *Namespace) Policies() []pulumi.Resource { return n.policies }

// close denies all traffic of the namespace's pods in both directions, except DNS.
func (n *Namespace) close(ctx *pulumi.Context, name string, in *cluster.Cluster) error {
	all := &metav1.LabelSelectorArgs{}
	closed, err := networkingv1.NewNetworkPolicy(ctx, name+"-closed", &networkingv1.NetworkPolicyArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String("closed"),
			Namespace:   n.Name,
			Annotations: objectmeta.Annotations(),
		},
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: all,
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
		},
	}, in.Object(n))
	if err != nil {
		return err
	}
	dns := networkingv1.NetworkPolicyPortArray{
		&networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String("UDP"), Port: pulumi.Int(53)},
		&networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String("TCP"), Port: pulumi.Int(53)},
	}
	resolve, err := networkingv1.NewNetworkPolicy(ctx, name+"-dns", &networkingv1.NetworkPolicyArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String("dns"),
			Namespace:   n.Name,
			Annotations: objectmeta.Annotations(),
		},
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: all,
			PolicyTypes: pulumi.ToStringArray([]string{"Egress"}),
			Egress: networkingv1.NetworkPolicyEgressRuleArray{
				&networkingv1.NetworkPolicyEgressRuleArgs{
					Ports: dns,
					To:    nameServers(),
				},
			},
		},
	}, in.Object(n))
	n.policies = []pulumi.Resource{closed, resolve}
	return err
}

// nameServers are all name servers that a cluster may use. Cloud DNS answers on the metadata server's address, with
// kube-dns as a fallback. NodeLocal DNSCache (on by default from GKE 1.34.1 on, off in this program's clusters) answers
// on its own address, which Dataplane V2 translates to one of its pods before it applies the policies.
func nameServers() networkingv1.NetworkPolicyPeerArray {
	var peers networkingv1.NetworkPolicyPeerArray
	for _, cidr := range []string{"169.254.169.254/32", "169.254.20.10/32"} {
		peers = append(peers, &networkingv1.NetworkPolicyPeerArgs{
			IpBlock: &networkingv1.IPBlockArgs{Cidr: pulumi.String(cidr)},
		})
	}
	for _, app := range []string{"kube-dns", "node-local-dns"} {
		peers = append(peers, &networkingv1.NetworkPolicyPeerArgs{
			NamespaceSelector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{
				"kubernetes.io/metadata.name": pulumi.String("kube-system"),
			}},
			PodSelector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"k8s-app": pulumi.String(app)}},
		})
	}
	return peers
}
