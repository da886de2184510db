// Package network declares the VPC that all regions share.
package network

import (
	"geo-wordpress/components/project"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NodeTag is the network tag of every machine; the firewalls target it.
const NodeTag = "geo-wordpress-node"

// Names of a subnetwork's secondary ranges.
const (
	PodRangeName     = "pods"
	ServiceRangeName = "services"
)

// Args configure the network.
type Args struct {
	Project *project.Project
	Regions []regions.Region
}

// Network is one VPC with a subnetwork, a router and a NAT in each region, and the firewalls between them.
type Network struct {
	pulumi.ResourceState

	// ID is the VPC's resource name, projects/P/global/networks/N.
	ID pulumi.IDOutput

	subnetworks map[string]*compute.Subnetwork
	nats        map[string]*compute.RouterNat
	firewalls   []pulumi.Resource
}

// New declares the network of the regions.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Network, error) {
	n := &Network{subnetworks: map[string]*compute.Subnetwork{}, nats: map[string]*compute.RouterNat{}}
	if err := ctx.RegisterComponentResource("geo-wordpress:network:Network", name, n, opts...); err != nil {
		return nil, err
	}
	vpc, err := compute.NewNetwork(ctx, name, &compute.NetworkArgs{
		Description:           pulumi.String("geo-wordpress: the regions' clusters"),
		AutoCreateSubnetworks: pulumi.Bool(false),
		RoutingMode:           pulumi.String("REGIONAL"),
	}, pulumi.Parent(n), args.Project.Ready())
	if err != nil {
		return nil, err
	}
	n.ID = vpc.ID()
	for _, region := range regions.Standing(args.Regions) {
		if err := n.region(ctx, name+"-"+region.Name, vpc, region); err != nil {
			return nil, err
		}
	}
	if err := n.firewall(ctx, name, vpc, args.Regions); err != nil {
		return nil, err
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"id": n.ID})
}

// Subnetwork is the resource name of a region's subnetwork.
func (n *Network) Subnetwork(region regions.Region) pulumi.IDOutput {
	return n.subnetworks[region.Name].ID()
}

// Ready are the resources that a region's machines need: the NAT through which they pull images, and the firewalls. On
// destroy these outlive the machines.
func (n *Network) Ready(region regions.Region) []pulumi.Resource {
	return append([]pulumi.Resource{n.nats[region.Name]}, n.firewalls...)
}

// region declares one region's subnetwork and its NAT: the machines have no public addresses.
func (n *Network) region(ctx *pulumi.Context, name string, vpc *compute.Network, region regions.Region) error {
	subnetwork, err := compute.NewSubnetwork(ctx, name, &compute.SubnetworkArgs{
		Network:     vpc.ID(),
		Region:      pulumi.String(region.Name),
		IpCidrRange: pulumi.String(region.Ranges.Nodes.String()),
		SecondaryIpRanges: compute.SubnetworkSecondaryIpRangeArray{
			&compute.SubnetworkSecondaryIpRangeArgs{
				RangeName:   pulumi.String(PodRangeName),
				IpCidrRange: pulumi.String(region.Ranges.Pods.String()),
			},
			&compute.SubnetworkSecondaryIpRangeArgs{
				RangeName:   pulumi.String(ServiceRangeName),
				IpCidrRange: pulumi.String(region.Ranges.Services.String()),
			},
		},
		PrivateIpGoogleAccess: pulumi.Bool(true),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	router, err := compute.NewRouter(ctx, name, &compute.RouterArgs{
		Network: vpc.ID(),
		Region:  pulumi.String(region.Name),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	// Listing the subnetwork, instead of "all", makes it a dependency: a destroy deletes the NAT before its subnetwork.
	nat, err := compute.NewRouterNat(ctx, name, &compute.RouterNatArgs{
		Router:                        router.Name,
		Region:                        router.Region,
		NatIpAllocateOption:           pulumi.String("AUTO_ONLY"),
		SourceSubnetworkIpRangesToNat: pulumi.String("LIST_OF_SUBNETWORKS"),
		Subnetworks: compute.RouterNatSubnetworkArray{
			&compute.RouterNatSubnetworkArgs{
				Name:                 subnetwork.ID(),
				SourceIpRangesToNats: pulumi.ToStringArray([]string{"ALL_IP_RANGES"}),
			},
		},
		LogConfig: &compute.RouterNatLogConfigArgs{
			Enable: pulumi.Bool(true),
			Filter: pulumi.String("ERRORS_ONLY"),
		},
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	n.subnetworks[region.Name] = subnetwork
	n.nats[region.Name] = nat
	return nil
}
