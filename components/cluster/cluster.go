// Package cluster declares a region's GKE cluster: its control plane, its node pool and its kubeconfig.
package cluster

import (
	"geo-wordpress/components/network"
	"geo-wordpress/components/project"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure a cluster.
type Args struct {
	Config  *config.Config
	Region  regions.Region
	Project *project.Project
	Network *network.Network
	// Least is the fewest machines after the last update; 0 before the first.
	Least int
	// Disks are the region's. The node pool depends on them, so a destroy deletes the machines before any disk.
	Disks []pulumi.Resource
	// After is what the node pool depends on: the gate of the previous region.
	After []pulumi.Resource
}

// Cluster is one region's GKE cluster with its node pool and its Kubernetes provider.
type Cluster struct {
	pulumi.ResourceState

	// Name and Kubeconfig are for the operator. Kubeconfig is a secret: it gives the endpoint, though no credential.
	Name       pulumi.StringOutput
	Kubeconfig Kubeconfig
	// InstanceGroup is the URL of the node pool's instance group, the load balancer's backend.
	InstanceGroup pulumi.StringOutput
	// Machines is a fingerprint of the node pool; it changes when the machines are replaced.
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
		// Replace the provider only with its cluster, not for a new endpoint or certificate authority.
		ClusterIdentifier:     c.control.ID(),
		EnableServerSideApply: pulumi.Bool(true),
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{pool}))
	if err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name})
}

// Object is the option of every object in the cluster: its parent, this region's provider, and DeletedWith the cluster.
// With DeletedWith, a destroy makes no call to the Kubernetes API and works while the API is unreachable. Nothing
// leaks, because no object in the cluster owns anything outside it.
func (c *Cluster) Object(parent pulumi.Resource, opts ...pulumi.ResourceOption) pulumi.ResourceOption {
	return pulumi.Composite(
		pulumi.Parent(parent),
		pulumi.Provider(c.provider),
		pulumi.DeletedWith(c.control),
		pulumi.Composite(opts...),
	)
}
