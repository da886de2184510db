// Package cluster declares a region's GKE cluster: its control plane, its machines, and the way in.
package cluster

import (
	"geo-wordpress/components/network"
	"geo-wordpress/components/project"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure a cluster.
type Args struct {
	Config  *regions.Config
	Region  regions.Region
	Project *project.Project
	Network *network.Network
	// Disks outlive the machines: on destroy these are gone before a disk is deleted.
	Disks []pulumi.Resource
	// After is what a change of the machines waits for: the regions before this one.
	After []pulumi.Resource
}

// Cluster is one region's GKE cluster with its node pool and its Kubernetes provider.
type Cluster struct {
	pulumi.ResourceState

	// Name and Kubeconfig (a secret: it says how to get in, though it holds no credential) are for the operator.
	Name       pulumi.StringOutput
	Kubeconfig Kubeconfig
	// InstanceGroup is the URL of the node pool's instance group, the load balancer's backend.
	InstanceGroup pulumi.StringOutput
	// Machines is a fingerprint of the node pool: it differs when its machines are replaced.
	Machines pulumi.StringOutput

	control  *container.Cluster
	provider *kubernetes.Provider
}

// New declares the cluster.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	c := &Cluster{}
	if err := ctx.RegisterComponentResource("geo-wordpress:cluster:Cluster", name, c, opts...); err != nil {
		return nil, err
	}
	account, role, err := c.nodeIdentity(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if c.control, err = c.controlPlane(ctx, name, args, account, role); err != nil {
		return nil, err
	}
	pool, err := c.nodePool(ctx, name, args, account, role)
	if err != nil {
		return nil, err
	}
	// The SDK's two names are inverted: ManagedInstanceGroupUrls are the instance groups, InstanceGroupUrls their
	// managers. One zone, one group.
	c.InstanceGroup = pool.ManagedInstanceGroupUrls.Index(pulumi.Int(0))
	c.Name = c.control.Name
	c.Kubeconfig = newKubeconfig(args, c.control)

	c.provider, err = kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig: c.Kubeconfig.File(),
		// Only another cluster is another provider; a new endpoint or certificate authority is not.
		ClusterIdentifier:     c.control.ID(),
		EnableServerSideApply: pulumi.Bool(true),
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{pool}))
	if err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name})
}

// Object is the option of every object inside the cluster: its parent, this region's provider, and that it goes with
// the cluster. Destroying the stack therefore asks nothing of the Kubernetes API, and works when it cannot be reached.
// That leaks nothing because no object in the cluster owns anything outside it.
func (c *Cluster) Object(parent pulumi.Resource, opts ...pulumi.ResourceOption) pulumi.ResourceOption {
	return pulumi.Composite(
		pulumi.Parent(parent),
		pulumi.Provider(c.provider),
		pulumi.DeletedWith(c.control),
		pulumi.Composite(opts...),
	)
}
