package tidb

import (
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/regions"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Clients are the labels of the pods that may query the database, in WordPress's namespace.
var Clients = []string{"wordpress", "wordpress-install"}

type (
	peers   = []networkingv1.NetworkPolicyPeerInput
	ingress = networkingv1.NetworkPolicyIngressRuleArray
	egress  = networkingv1.NetworkPolicyEgressRuleArray
)

// policies admits the servers to each other, and WordPress to TiDB. Nothing else reaches the database.
func (p *Part) policies(ctx *pulumi.Context) error {
	remote := podspec.RemotePods(p.peers())
	local := func(apps ...string) peers {
		all := append(peers{}, remote...)
		for _, app := range apps {
			all = append(all, podspec.Pods(app))
		}
		return all
	}
	clients := peers{podspec.Pods(initializer)}
	for _, app := range Clients {
		clients = append(clients, podspec.PodsIn(p.args.Config.Namespaces.WordPress, app))
	}
	toPD := podspec.To(podspec.TCP(regions.PDClientPort), local(PD)...)
	toTiKV := podspec.To(podspec.TCP(regions.TiKVPort), local(TiKV)...)

	for _, policy := range []struct {
		app     string
		ingress ingress
		egress  egress
	}{
		{PD,
			ingress{
				podspec.From(podspec.TCP(regions.PDClientPort), local(PD, TiKV, TiDB, gate, gateOf(PD), gateOf(TiKV))...),
				podspec.From(podspec.TCP(regions.PDPeerPort), remote...),
			},
			egress{podspec.To(podspec.TCP(regions.PDClientPort, regions.PDPeerPort), local(PD)...)},
		},
		{TiKV,
			ingress{podspec.From(podspec.TCP(regions.TiKVPort), local(TiKV, TiDB)...)},
			egress{toPD, toTiKV},
		},
		{TiDB,
			ingress{podspec.From(podspec.TCP(regions.TiDBPort), clients...)},
			egress{toPD, toTiKV},
		},
		{initializer,
			ingress{},
			egress{podspec.To(podspec.TCP(regions.TiDBPort), podspec.Pods(TiDB))},
		},
	} {
		np, err := networkingv1.NewNetworkPolicy(ctx, p.name+"-"+policy.app, podspec.Policy(policy.app,
			p.args.Namespace.Name, policy.ingress, policy.egress), p.args.Cluster.Object(p))
		if err != nil {
			return err
		}
		p.ready = append(p.ready, np)
	}
	return nil
}
