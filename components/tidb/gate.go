package tidb

import (
	_ "embed"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/priority"
	"geo-wordpress/config"
	"geo-wordpress/ports"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// gate is the label of a gate's pod.
	gate = "gate"
	// stands is the ConfigMap that a region gets once the database is complete, standsKey its key.
	stands, standsKey = "database-stands", "stands"
	// gatePatience is the timeout, in seconds, for the database to become healthy after its region's machines were
	// replaced. Moving a disk to another node takes minutes, and TiKV replays its log. The Job fails at the timeout.
	gatePatience = 15 * 60
)

//go:embed files/gate.sh
var gateScript string

// GateArgs configure a region's gate.
type GateArgs struct {
	Config    *config.Config
	Region    regions.Region
	Cluster   *cluster.Cluster
	Namespace *namespace.Namespace // the database's
	Priority  *priority.Classes
}

// Gate blocks the next region's machines until the whole database is healthy after a change of this region's machines:
// no two of three voters may be down at once. It runs again whenever the machines' fingerprint changes. If it does not
// open, the update fails, and the other regions' machines stay as they are.
//
// It waits only in a region that has a database: see Arm.
type Gate struct {
	pulumi.ResourceState

	// Open is the Job that the next region's machines depend on.
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

// well is a Job that ends once the whole database is healthy.
type well struct {
	name string
	app  string // its pod's label
	args GateArgs
	// fingerprint is that of whatever may disturb the database. A Job's pod template is immutable, so another
	// fingerprint makes another Job.
	fingerprint pulumi.StringInput
}

func (w well) declare(ctx *pulumi.Context, parent pulumi.Resource, after ...pulumi.Resource) (pulumi.Resource, error) {
	return job{
		name: w.name, app: w.app, container: gate, args: w.args, parent: parent,
		command: []string{"sh", "-ec", callScript + gateScript},
		env: corev1.EnvVarArray{
			databaseStands(),
			// The region's own Placement Driver reports on all members and stores. Without a quorum it does not answer.
			podspec.Env("PD", pulumi.String("https://"+address(w.args.Config, w.args.Region, PD, ports.PDClient))),
		},
		retries: 6, deadline: gatePatience,
		annotations: pulumi.StringMap{"geo-wordpress/behind": w.fingerprint},
	}.declare(ctx, after...)
}

// databaseStands is the variable that is not empty once the region's database has been complete.
func databaseStands() *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{
		Name: pulumi.String("DATABASE_STANDS"),
		ValueFrom: &corev1.EnvVarSourceArgs{ConfigMapKeyRef: &corev1.ConfigMapKeySelectorArgs{
			Name: pulumi.String(stands), Key: pulumi.String(standsKey), Optional: pulumi.Bool(true),
		}},
	}
}

// Arm declares the ConfigMap that makes the gate wait from now on, after the database is complete. The gate cannot ask
// the database itself, which does not answer before it exists, just as when it is down: in a first update, in an
// interrupted one and in a recreated region, the gate would wait for what the graph creates after it.
func (g *Gate) Arm(ctx *pulumi.Context, database ...pulumi.Resource) error {
	_, err := corev1.NewConfigMap(ctx, g.name, &corev1.ConfigMapArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String(stands), // fixed, because the gate that reads it is declared first
			Namespace:   g.args.Namespace.Name,
			Annotations: objectmeta.Annotations(),
		},
		Data: pulumi.StringMap{standsKey: pulumi.String("yes")},
	}, g.args.Cluster.Object(g, pulumi.DependsOn(database)))
	return err
}
