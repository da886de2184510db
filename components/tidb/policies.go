package tidb

import (
	"slices"

	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/ports"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Clients are the labels of the pods that may query the database, in WordPress's namespace.
var Clients = []string{"wordpress", "wordpress-install", "wordpress-cli"}

// metricsPorts are where the servers' metrics are, besides much else that only their operator should see.
var metricsPorts = map[string]int{PD: ports.PDClient, TiKV: ports.TiKVStatus, TiDB: ports.TiDBStatus}

type (
	peers   = []networkingv1.NetworkPolicyPeerInput
	ingress = networkingv1.NetworkPolicyIngressRuleArray
	egress  = networkingv1.NetworkPolicyEgressRuleArray
)

// policies admits the servers to each other, and WordPress to TiDB. Nothing else reaches the database.
func (p *Part) policies(ctx *pulumi.Context) error {
	remote := networkpolicy.RemotePods(p.peers())
	local := func(apps ...string) peers {
		all := append(peers{}, remote...)
		for _, app := range apps {
			all = append(all, networkpolicy.Pods(app))
		}
		return all
	}
	clients := peers{networkpolicy.Pods(initializer)}
	apps := slices.Clone(Clients)
	if p.args.Config.Backup != nil {
		clients = append(clients, networkpolicy.Pods(reader))
		apps = append(apps, "backup")
	}
	if p.args.Config.Restore != nil {
		apps = append(apps, "restore")
	}
	for _, app := range apps {
		clients = append(clients, networkpolicy.PodsIn(p.args.Config.Namespaces.WordPress, app))
	}
	toPD := networkpolicy.To(networkpolicy.TCP(ports.PDClient), local(PD)...)
	toTiKV := networkpolicy.To(networkpolicy.TCP(ports.TiKV), local(TiKV)...)

	for _, policy := range []struct {
		app     string
		ingress ingress
		egress  egress
	}{
		{PD,
			ingress{
				networkpolicy.From(networkpolicy.TCP(ports.PDClient), local(PD, TiKV, TiDB, gate, gateOf(PD), gateOf(TiKV), membership)...),
				networkpolicy.From(networkpolicy.TCP(ports.PDPeer), remote...),
			},
			egress{networkpolicy.To(networkpolicy.TCP(ports.PDClient, ports.PDPeer), local(PD)...)},
		},
		{TiKV,
			ingress{networkpolicy.From(networkpolicy.TCP(ports.TiKV), local(TiKV, TiDB)...)},
			egress{toPD, toTiKV},
		},
		{TiDB,
			ingress{networkpolicy.From(networkpolicy.TCP(ports.TiDB), clients...)},
			egress{toPD, toTiKV},
		},
		{initializer,
			ingress{},
			egress{networkpolicy.To(networkpolicy.TCP(ports.TiDB), networkpolicy.Pods(TiDB))},
		},
	} {
		if port, ok := metricsPorts[policy.app]; ok && p.args.Config.Monitoring != nil {
			policy.ingress = append(policy.ingress, networkpolicy.From(networkpolicy.TCP(port), networkpolicy.Collectors()...))
		}
		np, err := networkingv1.NewNetworkPolicy(ctx, p.name+"-"+policy.app, networkpolicy.Of(policy.app,
			p.args.Namespace.Name, policy.ingress, policy.egress), p.args.Cluster.Object(p))
		if err != nil {
			return err
		}
		p.ready = append(p.ready, np)
	}
	return nil
}
