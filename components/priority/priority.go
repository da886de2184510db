// Package priority declares the priority classes of a region's pods. After the loss of a node, the database is
// scheduled before the file server, and the file server before WordPress.
package priority

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/internal/objectmeta"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	schedulingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/scheduling/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure a cluster's priority classes.
type Args struct {
	Cluster *cluster.Cluster
}

// Classes are the names of one cluster's priority classes, highest first. Each is known once the class exists: the API
// refuses a pod whose class does not.
type Classes struct {
	pulumi.ResourceState

	Database, Files, Sync, WordPress, Jobs pulumi.StringOutput
}

// New declares the classes.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Classes, error) {
	c := &Classes{}
	if err := ctx.RegisterComponentResource("geo-wordpress:priority:Classes", name, c, opts...); err != nil {
		return nil, err
	}
	for _, class := range []struct {
		name        *pulumi.StringOutput
		role        string
		value       int // below a billion: Kubernetes reserves the rest
		preemption  string
		description string
	}{
		{&c.Database, "database", 1_000_000, preempts, "PD, TiKV and TiDB: a region's part of the quorum"},
		{&c.Files, "files", 900_000, preempts, "the NFS server"},
		// Below the NFS server, whose node it must share: of the two, Syncthing is preempted.
		{&c.Sync, "sync", 800_000, preempts, "Syncthing"},
		{&c.WordPress, "wordpress", 700_000, preempts, "WordPress"},
		{&c.Jobs, "jobs", 600_000, "Never", "what runs to its end; it waits for room"},
	} {
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
			return nil, err
		}
		*class.name = object.Metadata.Name().Elem()
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

// preempts is Kubernetes' default, stated because the API answers with it.
const preempts = "PreemptLowerPriority"
