package network

import (
	"strconv"

	"geo-wordpress/ports"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FrontEndRanges are the sources of both the requests and the health checks of Google's global external Application
// Load Balancer (https://cloud.google.com/load-balancing/docs/https#firewall-rules).
var FrontEndRanges = []string{"130.211.0.0/22", "35.191.0.0/16"}

// firewall admits the other regions and the load balancer: GKE's own rules cover one cluster each.
func (n *Network) firewall(ctx *pulumi.Context, name string, vpc *compute.Network, all []regions.Region) error {
	var sources []string
	for _, region := range all {
		// The node range too: packets from the host network carry the node's address.
		sources = append(sources, region.Ranges.Pods.String(), region.Ranges.Nodes.String())
	}
	var between []string
	for _, port := range ports.BetweenRegions() {
		between = append(between, strconv.Itoa(port))
	}
	peers, err := compute.NewFirewall(ctx, name+"-peers", &compute.FirewallArgs{
		Network:      vpc.ID(),
		Description:  pulumi.String("Database and file synchronisation between the regions"),
		Direction:    pulumi.String("INGRESS"),
		SourceRanges: pulumi.ToStringArray(sources),
		TargetTags:   pulumi.ToStringArray([]string{NodeTag}),
		Allows: compute.FirewallAllowArray{
			&compute.FirewallAllowArgs{Protocol: pulumi.String("tcp"), Ports: pulumi.ToStringArray(between)},
			// For path MTU discovery, and ping for debugging.
			&compute.FirewallAllowArgs{Protocol: pulumi.String("icmp")},
		},
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	frontEnds, err := compute.NewFirewall(ctx, name+"-front-ends", &compute.FirewallArgs{
		Network:      vpc.ID(),
		Description:  pulumi.String("Requests and health checks of the load balancer"),
		Direction:    pulumi.String("INGRESS"),
		SourceRanges: pulumi.ToStringArray(FrontEndRanges),
		TargetTags:   pulumi.ToStringArray([]string{NodeTag}),
		Allows: compute.FirewallAllowArray{
			&compute.FirewallAllowArgs{
				Protocol: pulumi.String("tcp"),
				Ports: pulumi.ToStringArray([]string{
					strconv.Itoa(ports.WordPressNode), strconv.Itoa(ports.HealthNode),
				}),
			},
		},
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	n.firewalls = []pulumi.Resource{peers, frontEnds}
	return nil
}
