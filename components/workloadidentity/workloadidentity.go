// Package workloadidentity lets pods act as a service account of Google Cloud, without a key
// (https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity).
package workloadidentity

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/project"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure an identity.
type Args struct {
	Purpose string // the first part of the accounts' name
	Config  *config.Config
	Project *project.Project
	// Clusters are the stack's. The project has a pool of identities only since its first cluster.
	Clusters []*cluster.Cluster
}

// Identity is a service account of Google Cloud that pods in WordPress's namespaces of the stack's clusters act as.
type Identity struct {
	// Member is the account as a member of a policy: serviceAccount:EMAIL.
	Member pulumi.StringOutput
	// Name is the name of the account in Google Cloud, without the domain, and of the clusters' service account.
	Name string

	config  *config.Config
	account *serviceaccount.Account
	binding pulumi.Resource
}

// New declares the account and who may act as it.
func New(ctx *pulumi.Context, name string, parent pulumi.Resource, args Args) (*Identity, error) {
	i := &Identity{Name: regions.ServiceAccountID(args.Purpose, ctx.Stack()), config: args.Config}
	var err error
	i.account, err = serviceaccount.NewAccount(ctx, name, &serviceaccount.AccountArgs{
		AccountId:   pulumi.String(i.Name),
		DisplayName: pulumi.Sprintf("geo-wordpress: %s", args.Purpose),
	}, pulumi.Parent(parent), args.Project.Ready())
	if err != nil {
		return nil, err
	}
	i.Member = i.account.Member
	var clusters []pulumi.Resource
	for _, c := range args.Clusters {
		clusters = append(clusters, c)
	}
	// All clusters of a project share one pool: a service account of the same namespace and name in any of them is the
	// same identity. Its name therefore holds the stack's.
	i.binding, err = serviceaccount.NewIAMMember(ctx, name, &serviceaccount.IAMMemberArgs{
		ServiceAccountId: i.account.Name,
		Role:             pulumi.String("roles/iam.workloadIdentityUser"),
		Member:           pulumi.Sprintf("serviceAccount:%s.svc.id.goog[%s/%s]", args.Config.Project, args.Config.Namespaces.WordPress, i.Name),
	}, pulumi.Parent(parent), pulumi.DependsOn(clusters))
	return i, err
}

// inCluster declares the identity's service account in a cluster. Pods that name it act as the account of Google Cloud.
func (i *Identity) inCluster(ctx *pulumi.Context, name string, in *cluster.Cluster, parent pulumi.Resource, namespace pulumi.StringInput,
) (*corev1.ServiceAccount, error) {
	annotations := objectmeta.Annotations()
	annotations["iam.gke.io/gcp-service-account"] = i.account.Email
	return corev1.NewServiceAccount(ctx, name, &corev1.ServiceAccountArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(i.Name),
			Namespace:   namespace,
			Annotations: annotations,
		},
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, in.Object(parent, pulumi.DependsOn([]pulumi.Resource{i.binding})))
}

// toMetadataServer lets pods ask the machine's metadata server for their account's tokens. On Dataplane V2 that is port 80
// of its address (https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#troubleshoot-timeout).
func toMetadataServer() *networkingv1.NetworkPolicyEgressRuleArgs {
	return networkpolicy.To(networkpolicy.TCP(80), networkpolicy.Block("169.254.169.254/32"))
}
