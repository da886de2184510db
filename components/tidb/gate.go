package tidb

import (
	_ "embed"
	"fmt"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/priority"
	"geo-wordpress/regions"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// gate is the label of a gate's pod.
	gate = "gate"
	// stands is the ConfigMap that a region has once the database was complete, and its key.
	stands, standsKey = "database-stands", "stands"
	// gatePatience is how long the database may take until it is well after its region's machines were replaced: a disk
	// that moves to another machine takes minutes, and TiKV replays its log. The Job ends with an error then.
	gatePatience = 15 * 60
)

//go:embed files/gate.sh
var gateScript string

// GateArgs configure a region's gate.
type GateArgs struct {
	Config    *regions.Config
	Region    regions.Region
	Cluster   *cluster.Cluster
	Namespace *namespace.Namespace // the database's
	Priority  *priority.Classes
}

// Gate stands between one region's machines and the next region's. It runs again whenever what its region's machines
// are made of has changed, and lets the update go on once the whole database is well: of three voters no two may be
// away at once. An update whose gate does not open fails, and leaves the other regions' machines alone.
//
// It waits only in a region that has a database: see Arm.
type Gate struct {
	pulumi.ResourceState

	// Open is what the next region's machines wait for.
	Open pulumi.Resource

	args GateArgs
	name string
}

// NewGate declares the gate behind a region's machines.
func NewGate(ctx *pulumi.Context, name string, args GateArgs, opts ...pulumi.ResourceOption) (*Gate, error) {
	g := &Gate{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:tidb:Gate", name, g, opts...); err != nil {
		return nil, err
	}
	var err error
	g.Open, err = well{name: name, app: gate, args: args, fingerprint: args.Cluster.Machines}.declare(ctx, g)
	if err != nil {
		return nil, err
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{})
}

// well is a wait until the whole database is well: a Job that ends then.
type well struct {
	name string
	app  string // its pod's label
	args GateArgs
	// fingerprint is of what may have made the database unwell: Kubernetes does not change a Job's pods, so another
	// fingerprint makes another Job.
	fingerprint pulumi.StringInput
}

func (w well) declare(ctx *pulumi.Context, parent pulumi.Resource, after ...pulumi.Resource) (pulumi.Resource, error) {
	policy, err := networkingv1.NewNetworkPolicy(ctx, w.name, podspec.Policy(w.app, w.args.Namespace.Name,
		ingress{}, egress{podspec.To(podspec.TCP(regions.PDClientPort), podspec.Pods(PD))}), w.args.Cluster.Object(parent))
	if err != nil {
		return nil, err
	}
	c := podspec.Container(gate, w.args.Config.Images.Tools, regions.Sizes.Job)
	c.Command = pulumi.ToStringArray([]string{"sh", "-ec", gateScript})
	c.Env = corev1.EnvVarArray{
		&corev1.EnvVarArgs{
			Name: pulumi.String("DATABASE_STANDS"),
			ValueFrom: &corev1.EnvVarSourceArgs{ConfigMapKeyRef: &corev1.ConfigMapKeySelectorArgs{
				Name: pulumi.String(stands), Key: pulumi.String(standsKey), Optional: pulumi.Bool(true),
			}},
		},
		// Its own region's Placement Driver answers for all members and stores, or not at all without a quorum.
		podspec.Env("PD", pulumi.String("http://"+address(w.args.Config, w.args.Region, PD, regions.PDClientPort))),
	}
	annotations := podspec.Annotations()
	// A gate that did not open is tried anew by the next update.
	annotations["pulumi.com/replaceUnready"] = pulumi.String("true")
	after = append(append(after, w.args.Namespace.Policies()...), policy)
	return batchv1.NewJob(ctx, w.name, &batchv1.JobArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace:   w.args.Namespace.Name,
			Labels:      podspec.Labels(w.app),
			Annotations: annotations,
		},
		Spec: &batchv1.JobSpecArgs{
			BackoffLimit:          pulumi.Int(6),
			ActiveDeadlineSeconds: pulumi.Int(gatePatience),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{
					Labels:      podspec.Labels(w.app),
					Annotations: pulumi.StringMap{"geo-wordpress/behind": w.fingerprint},
				},
				Spec: &corev1.PodSpecArgs{
					RestartPolicy:                pulumi.String("Never"),
					PriorityClassName:            w.args.Priority.Jobs,
					SecurityContext:              podspec.User(unprivileged),
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					Containers:                   corev1.ContainerArray{c},
				},
			},
		},
	}, w.args.Cluster.Object(parent, pulumi.DependsOn(after),
		// The Job's own end comes first, and says more than the provider's.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: fmt.Sprintf("%ds", gatePatience+300)})))
}

// Arm declares, after the database is complete, that from now on the gate has something to wait for. It cannot be
// asked of the database itself, which answers as little while it is made as while it is lost: in a first update, in
// one that was interrupted, and in a region that is made anew, a gate would wait for what the graph makes behind it.
func (g *Gate) Arm(ctx *pulumi.Context, database ...pulumi.Resource) error {
	_, err := corev1.NewConfigMap(ctx, g.name, &corev1.ConfigMapArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(stands), // its reader comes first, and knows it by this name
			Namespace:   g.args.Namespace.Name,
			Annotations: podspec.Annotations(),
		},
		Data: pulumi.StringMap{standsKey: pulumi.String("yes")},
	}, g.args.Cluster.Object(g, pulumi.DependsOn(database)))
	return err
}
