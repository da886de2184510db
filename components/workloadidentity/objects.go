package workloadidentity

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/tidb"
	"geo-wordpress/config"
	"geo-wordpress/ports"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PodArgs say what an application's pods need in a cluster.
type PodArgs struct {
	App       string // the pods' label
	Config    *config.Config
	Cluster   *cluster.Cluster
	Namespace *namespace.Namespace
	Scripts   map[string]string  // by file name
	Password  pulumi.StringInput // of their database user
}

// Pod is what an application's pods in a cluster use. Both objects are auto-named: a change makes a new one.
type Pod struct {
	Account *corev1.ServiceAccount
	Scripts *corev1.ConfigMap
	Secret  *corev1.Secret // the key password
	// Ready must exist before a pod starts.
	Ready []pulumi.Resource
}

// Pod declares what pods need that act as the identity and use the database and Cloud Storage: their service account, their
// scripts, their password, and a network policy that admits nothing else.
func (i *Identity) Pod(ctx *pulumi.Context, name string, parent pulumi.Resource, args PodArgs) (*Pod, error) {
	metadata := func() *metav1.ObjectMetaArgs {
		return &metav1.ObjectMetaArgs{Namespace: args.Namespace.Name, Annotations: objectmeta.Annotations()}
	}
	p := &Pod{}
	var err error
	if p.Account, err = i.inCluster(ctx, name, args.Cluster, parent, args.Namespace.Name); err != nil {
		return nil, err
	}
	p.Scripts, err = corev1.NewConfigMap(ctx, name, &corev1.ConfigMapArgs{
		Metadata: metadata(),
		Data:     pulumi.ToStringMap(args.Scripts),
	}, args.Cluster.Object(parent))
	if err != nil {
		return nil, err
	}
	p.Secret, err = corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata:   metadata(),
		StringData: pulumi.StringMap{"password": args.Password},
	}, args.Cluster.Object(parent))
	if err != nil {
		return nil, err
	}
	policy, err := networkingv1.NewNetworkPolicy(ctx, name, networkpolicy.Of(args.App, args.Namespace.Name, nil,
		networkingv1.NetworkPolicyEgressRuleArray{
			networkpolicy.To(networkpolicy.TCP(ports.TiDB), networkpolicy.PodsIn(args.Config.Namespaces.Database, tidb.TiDB)),
			toMetadataServer(),
			networkpolicy.To(networkpolicy.TCP(443), networkpolicy.Internet()),
		}), args.Cluster.Object(parent))
	p.Ready = append([]pulumi.Resource{policy}, args.Namespace.Policies()...)
	return p, err
}
