package workloadidentity

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/networkpolicy"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/priority"
	"geo-wordpress/components/tidb"
	"geo-wordpress/config"
	"geo-wordpress/ports"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// passwordKey is the password's key in the Secret.
	passwordKey = "password"
	// AuthorityFile is, among the scripts, the certificate of the authority that vouches for the database. AuthorityPath is
	// where pods have it.
	AuthorityFile = "database-ca.crt"
	AuthorityPath = "/scripts/" + AuthorityFile
)

// PodArgs say what an application's pods need in a cluster.
type PodArgs struct {
	App       string // the pods' label
	Region    regions.Region
	Cluster   *cluster.Cluster
	Namespace *namespace.Namespace // WordPress's, which has the files
	Files     *nfs.Server
	Priority  *priority.Classes
	Scripts   map[string]string  // by file name
	User      string             // of the database
	Password  pulumi.StringInput // the user's
	Authority pulumi.StringInput // that vouches for the database, in PEM
}

// Pod is what an application's pods in a cluster use.
type Pod struct {
	config  *config.Config
	args    PodArgs
	account *corev1.ServiceAccount
	scripts *corev1.ConfigMap
	secret  *corev1.Secret
	// Ready must exist before a pod starts.
	Ready []pulumi.Resource
}

// Pod declares what pods need that act as the identity and use the database and Cloud Storage: their service account, their
// scripts, their password, and a network policy that admits nothing else. The ConfigMap and the Secret are auto-named: a change
// makes a new one.
func (i *Identity) Pod(ctx *pulumi.Context, name string, parent pulumi.Resource, args PodArgs) (*Pod, error) {
	metadata := func() *metav1.ObjectMetaArgs {
		return &metav1.ObjectMetaArgs{Namespace: args.Namespace.Name, Annotations: objectmeta.Annotations()}
	}
	p := &Pod{config: i.config, args: args}
	var err error
	if p.account, err = i.inCluster(ctx, name, args.Cluster, parent, args.Namespace.Name); err != nil {
		return nil, err
	}
	files := pulumi.ToStringMap(args.Scripts)
	files[AuthorityFile] = args.Authority
	p.scripts, err = corev1.NewConfigMap(ctx, name, &corev1.ConfigMapArgs{
		Metadata: metadata(),
		Data:     files,
	}, args.Cluster.Object(parent))
	if err != nil {
		return nil, err
	}
	p.secret, err = corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata:   metadata(),
		StringData: pulumi.StringMap{passwordKey: args.Password},
	}, args.Cluster.Object(parent))
	if err != nil {
		return nil, err
	}
	policy, err := networkingv1.NewNetworkPolicy(ctx, name, networkpolicy.Of(args.App, args.Namespace.Name, nil,
		networkingv1.NetworkPolicyEgressRuleArray{
			networkpolicy.To(networkpolicy.TCP(ports.TiDB), networkpolicy.PodsIn(i.config.Namespaces.Database, tidb.TiDB)),
			toMetadataServer(),
			networkpolicy.To(networkpolicy.TCP(443), networkpolicy.Internet()),
		}), args.Cluster.Object(parent))
	p.Ready = append([]pulumi.Resource{policy}, args.Namespace.Policies()...)
	return p, err
}

// Database is the environment of containers that use the database, with the password by reference.
func (p *Pod) Database() corev1.EnvVarArray {
	return corev1.EnvVarArray{
		podspec.Env("DATABASE_HOST", pulumi.String(tidb.Address(p.config, p.args.Region))),
		podspec.Env("DATABASE_CA", pulumi.String(AuthorityPath)),
		podspec.Env("DATABASE_USER", pulumi.String(p.args.User)),
		podspec.Env("DATABASE_NAME", pulumi.String(tidb.Database)),
		podspec.EnvFromSecret("DATABASE_PASSWORD", p.secret.Metadata.Name(), passwordKey),
	}
}

// Spec is a pod that runs containers one after the other. Its volumes are scripts; wp-content; work, in which the containers
// leave something for one another; and tmp.
func (p *Pod) Spec(initial corev1.ContainerArray, last *corev1.ContainerArgs) *corev1.PodSpecArgs {
	security := podspec.User(podspec.WWWData)
	security.FsGroup, security.FsGroupChangePolicy = nil, nil // the files are on NFS, and www-data's already
	return &corev1.PodSpecArgs{
		RestartPolicy:                pulumi.String("Never"),
		ServiceAccountName:           p.account.Metadata.Name(),
		PriorityClassName:            p.args.Priority.Jobs,
		SecurityContext:              security,
		AutomountServiceAccountToken: pulumi.Bool(false), // the machine's metadata server knows the pod's account
		EnableServiceLinks:           pulumi.Bool(false),
		InitContainers:               initial,
		Containers:                   corev1.ContainerArray{last},
		Volumes: corev1.VolumeArray{
			podspec.FromConfigMap("scripts", p.scripts.Metadata.Name()),
			podspec.FromClaim("wp-content", p.args.Files.Claim),
			podspec.Scratch("work", "256Mi"), // rclone itself
			podspec.Scratch("tmp", "1Gi"),
		},
	}
}
