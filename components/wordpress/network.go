package wordpress

import (
	"net/netip"

	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/network"
	"geo-wordpress/components/tidb"
	"geo-wordpress/ports"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// service declares the node ports that the load balancer calls: one for visitors, one for its health check. A node
// without a ready pod does not answer and fails the health check, so no request takes a second hop.
func (w *WordPress) service(ctx *pulumi.Context) error {
	service, err := corev1.NewService(ctx, w.name, &corev1.ServiceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(app),
			Namespace:   w.args.Namespace.Name,
			Annotations: objectmeta.Unawaited(),
		},
		Spec: &corev1.ServiceSpecArgs{
			Type:                  pulumi.String("NodePort"),
			ExternalTrafficPolicy: pulumi.String("Local"),
			Selector:              pulumi.StringMap{objectmeta.Label: pulumi.String(app)},
			Ports: corev1.ServicePortArray{
				&corev1.ServicePortArgs{
					Name:     pulumi.String("http"),
					Port:     pulumi.Int(ports.HTTP),
					NodePort: pulumi.Int(ports.WordPressNode),
					Protocol: pulumi.String("TCP"),
				},
				&corev1.ServicePortArgs{
					Name:     pulumi.String(healthContainer),
					Port:     pulumi.Int(ports.Health),
					NodePort: pulumi.Int(ports.HealthNode),
					Protocol: pulumi.String("TCP"),
				},
			},
		},
	}, w.args.Cluster.Object(w))
	w.ready = append(w.ready, service)
	return err
}

// outside lets WordPress reach the internet for plugins and themes, and the mail server. A name may lead anywhere on the
// internet; an address is that one alone, and may be in the VPC.
func (w *WordPress) outside() networkingv1.NetworkPolicyEgressRuleArray {
	rules := networkingv1.NetworkPolicyEgressRuleArray{networkpolicy.To(networkpolicy.TCP(80, 443), networkpolicy.Internet())}
	if mail := w.args.Config.Mail; mail != nil {
		server := networkpolicy.Internet()
		if address, ok := mail.Address(); ok {
			server = networkpolicy.Block(netip.PrefixFrom(address, address.BitLen()).String())
		}
		rules = append(rules, networkpolicy.To(networkpolicy.TCP(mail.Port), server))
	}
	return rules
}

// policies admits the load balancer and the cron to WordPress. It lets WordPress, and the shell, reach the database,
// the internet and the mail server.
func (w *WordPress) policies(ctx *pulumi.Context) error {
	var frontEnds []networkingv1.NetworkPolicyPeerInput
	for _, cidr := range network.FrontEndRanges {
		frontEnds = append(frontEnds, networkpolicy.Block(cidr))
	}
	http := networkpolicy.TCP(ports.HTTP)
	toDatabase := networkpolicy.To(networkpolicy.TCP(ports.TiDB), networkpolicy.PodsIn(w.args.Config.Namespaces.Database, tidb.TiDB))

	for _, policy := range []struct {
		app     string
		ingress networkingv1.NetworkPolicyIngressRuleArray
		egress  networkingv1.NetworkPolicyEgressRuleArray
	}{
		{app,
			networkingv1.NetworkPolicyIngressRuleArray{
				networkpolicy.From(networkpolicy.TCP(ports.HTTP, ports.Health), frontEnds...),
				networkpolicy.From(http, networkpolicy.Pods(cronApp)),
			},
			append(networkingv1.NetworkPolicyEgressRuleArray{toDatabase}, w.outside()...),
		},
		{cronApp, nil, networkingv1.NetworkPolicyEgressRuleArray{networkpolicy.To(http, networkpolicy.Pods(app))}},
		{shellApp, nil, append(networkingv1.NetworkPolicyEgressRuleArray{toDatabase}, w.outside()...)},
		{installApp, nil, networkingv1.NetworkPolicyEgressRuleArray{toDatabase}},
	} {
		if policy.app == app && w.args.Config.Monitoring != nil {
			policy.ingress = append(policy.ingress, networkpolicy.From(networkpolicy.TCP(ports.Health), networkpolicy.Collectors()...))
		}
		if policy.app == installApp && w.args.Config.Site == nil {
			continue
		}
		np, err := networkingv1.NewNetworkPolicy(ctx, w.name+"-"+policy.app, networkpolicy.Of(policy.app,
			w.args.Namespace.Name, policy.ingress, policy.egress), w.args.Cluster.Object(w))
		if err != nil {
			return err
		}
		w.ready = append(w.ready, np)
	}
	return nil
}
