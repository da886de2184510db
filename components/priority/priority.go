// Package priority declares the priority classes of a region's pods. After the loss of a node, the database is
// scheduled before the file server, and the file server before WordPress.
package priority

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/sizing"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	schedulingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/scheduling/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure a cluster's priority classes.
type Args struct {
	Cluster *cluster.Cluster
	Growth  sizing.Growth
}

// Classes are the names of one cluster's priority classes, highest first. Each is known once the class exists: the API
// refuses a pod whose class does not.
type Classes struct {
	pulumi.ResourceState

	Database, TiDB, Files, Sync, WordPress, Jobs pulumi.StringOutput
}

// class is a priority class.
type class struct {
	name        *pulumi.StringOutput
	role        string
	value       int // below a billion: Kubernetes reserves the rest
	preemption  string
	description string
}

// New declares the classes.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Classes, error) {
	c := &Classes{}
	if err := ctx.RegisterComponentResource("geo-wordpress:priority:Classes", name, c, opts...); err != nil {
		return nil, err
	}
	for _, class := range []class{
		{&c.Database, "database", database, preempts, "PD, TiKV and TiDB: a region's part of the quorum"},
		{&c.Files, "files", 900_000, preempts, "the NFS server"},
		// Below the NFS server, whose node it must share: of the two, Syncthing is preempted.
		{&c.Sync, "sync", 800_000, preempts, "Syncthing"},
		{&c.WordPress, "wordpress", wordpress, preempts, "WordPress"},
		{&c.Jobs, "jobs", 600_000, waits, "what runs to its end; it waits for room"},
	} {
		if err := c.declare(ctx, name, args, class); err != nil {
			return nil, err
		}
	}
	c.TiDB = c.Database
	for _, class := range growing(c, args.Growth) {
		if err := c.declare(ctx, name, args, class); err != nil {
			return nil, err
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// growing are the classes of pods whose number grows on machines whose number grows: they wait for a machine. The cluster
// autoscaler adds none for a pod that waits for the preemption of others, so each of these would first end a pod that serves.
// They are classes of their own because a class's policy cannot change. On machines whose number stays, no class waits: there is
// room for the most pods, unless a machine is lost, and then the database goes first.
func growing(c *Classes, growth sizing.Growth) (all []class) {
	if growth.Nodes == 0 {
		return nil
	}
	if growth.TiDB > 0 {
		all = append(all, class{&c.TiDB, "growing-tidb", database, waits, "TiDB, for which machines are added"})
	}
	if growth.WordPress > 0 {
		all = append(all, class{&c.WordPress, "growing-wordpress", wordpress, waits, "WordPress, for which machines are added"})
	}
	return all
}

// declare declares a class, and sets its name.
func (c *Classes) declare(ctx *pulumi.Context, name string, args Args, class class) error {
	object, err := schedulingv1.NewPriorityClass(ctx, name+"-"+class.role, &schedulingv1.PriorityClassArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:        pulumi.String("geo-wordpress-" + class.role),
			Annotations: objectmeta.Annotations(),
		},
		Value:            pulumi.Int(class.value),
		PreemptionPolicy: pulumi.String(class.preemption),
		Description:      pulumi.String(class.description),
	}, args.Cluster.Object(c))
	if err != nil {
		return err
	}
	*class.name = object.Metadata.Name().Elem()
	return nil
}

// Values of two kinds of classes each.
const (
	database  = 1_000_000
	wordpress = 700_000
)

// Policies of preemption. The first is Kubernetes' default, stated because the API answers with it.
const (
	preempts = "PreemptLowerPriority"
	waits    = "Never"
)
