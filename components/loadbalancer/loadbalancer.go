// Package loadbalancer declares the one global HTTP load balancer in front of all regions.
package loadbalancer

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/project"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scheme is Google's global external Application Load Balancer, the one built on Envoy.
const scheme = pulumi.String("EXTERNAL_MANAGED")

// HealthPath is what the health checks ask for, at regions.HealthNodePort: a page that reads from the database.
const HealthPath = "/healthz.php"

// The health check takes an instance out after UnhealthyThreshold failures, NoticeSeconds at most: each comes an
// interval after the one before, and takes its timeout. It may be this quick because the page does not fail while the
// database elects new leaders.
const (
	CheckIntervalSeconds = 5
	CheckTimeoutSeconds  = 5
	healthyThreshold     = 2
	UnhealthyThreshold   = 2
	NoticeSeconds        = (CheckIntervalSeconds + CheckTimeoutSeconds) * UnhealthyThreshold
)

// DrainingSeconds is how long requests that are under way have when their instance leaves, and RequestSeconds the longest
// that any request may take: uploads, and updates of plugins.
const (
	DrainingSeconds = 30
	RequestSeconds  = 120
)

// Backend is one region's instance group.
type Backend struct {
	Region  regions.Region
	Cluster *cluster.Cluster
	// RequestsPerMachine is what each of its machines serves in a second.
	RequestsPerMachine float64
}

// Args configure the load balancer.
type Args struct {
	Project  *project.Project
	Backends []Backend
	// Domain, when set, is served by HTTPS with a certificate of Google's, and HTTP redirects to it. Without it the
	// site is plain HTTP on the address.
	Domain string
}

// LoadBalancer is one address for all regions.
type LoadBalancer struct {
	pulumi.ResourceState

	// Address is the IP address, and SiteURL the address as WordPress is to call itself. Both are known as soon as the
	// address is reserved, long before the rest stands.
	Address pulumi.StringOutput
	SiteURL pulumi.StringOutput
}

// New declares the load balancer.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*LoadBalancer, error) {
	l := &LoadBalancer{}
	if err := ctx.RegisterComponentResource("geo-wordpress:loadbalancer:LoadBalancer", name, l, opts...); err != nil {
		return nil, err
	}
	address, err := compute.NewGlobalAddress(ctx, name, &compute.GlobalAddressArgs{
		Description: pulumi.String("geo-wordpress: the site"),
	}, pulumi.Parent(l), args.Project.Ready())
	if err != nil {
		return nil, err
	}
	l.Address = address.Address
	l.SiteURL = pulumi.Sprintf("http://%s", address.Address)
	if args.Domain != "" {
		l.SiteURL = pulumi.String("https://" + args.Domain).ToStringOutput()
	}
	service, err := l.backendService(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := l.frontEnd(ctx, name, args, address, service); err != nil {
		return nil, err
	}
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"address": l.Address, "siteUrl": l.SiteURL})
}
