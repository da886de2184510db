// Package loadbalancer declares the one global HTTP load balancer in front of all regions.
package loadbalancer

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/project"
	"geo-wordpress/regions"
	"geo-wordpress/shield"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scheme is that of Google's global external Application Load Balancer, the one built on Envoy.
const scheme = pulumi.String("EXTERNAL_MANAGED")

// Paths of the health checks, on ports.HealthNode. HealthPath is a page that reads from the database. LeaderPath passes
// where that one does and the database's leaders are in the region.
const (
	HealthPath = "/healthz.php"
	LeaderPath = "/leaderz.php"
)

// The health check removes an instance after UnhealthyThreshold failures, within NoticeSeconds: each check starts an
// interval after the previous one and takes up to its timeout. It can be this quick because the page does not fail
// while the database elects new leaders.
const (
	CheckIntervalSeconds = 5
	CheckTimeoutSeconds  = 5
	healthyThreshold     = 2
	UnhealthyThreshold   = 2
	NoticeSeconds        = (CheckIntervalSeconds + CheckTimeoutSeconds) * UnhealthyThreshold
)

// DrainingSeconds is the time for requests in progress when their instance is removed. RequestSeconds is the timeout of
// any request, long enough for uploads and plugin updates.
const (
	DrainingSeconds = 30
	RequestSeconds  = 120
)

// LeaveSeconds is how long a region must go on serving after it is no backend any more: until all of Google's front ends
// know that, which takes minutes at most, and the requests in progress have ended.
const LeaveSeconds = 180 + RequestSeconds

// Backend is one region's instance group.
type Backend struct {
	Region  regions.Region
	Cluster *cluster.Cluster
	// RequestsPerMachine is the rate that each machine serves, in requests per second.
	RequestsPerMachine float64
}

// Args configure the load balancer.
type Args struct {
	Project  *project.Project
	Backends []Backend
	// Domain, when set, is served over HTTPS with a Google-managed certificate, and HTTP redirects to it. Without a
	// domain the site is plain HTTP on the address.
	Domain string
	// CDN makes Cloud CDN keep what the answers' headers allow.
	CDN bool
	// FollowLeaders sends what writes to the region with the database's leaders.
	FollowLeaders bool
	// Shield are the rules of the security policy; none for no policy.
	Shield []shield.Rule
	// After is what the backend services depend on, beside its backends.
	After []pulumi.Resource
}

// LoadBalancer is one address for all regions.
type LoadBalancer struct {
	pulumi.ResourceState

	// Address is the IP address, SiteURL the URL that WordPress uses for itself. Both are known as soon as the address
	// is reserved, long before the rest exists.
	Address pulumi.StringOutput
	SiteURL pulumi.StringOutput
	// Services are the backend services: once they are updated, a region that is no backend gets no new requests.
	Services []pulumi.Resource

	args               Args
	name               string
	address            *compute.GlobalAddress
	policy             *compute.SecurityPolicy // nil without rules
	everybody, leaders *compute.BackendService // leaders is nil without FollowLeaders
}

// New declares the address and the backend services.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*LoadBalancer, error) {
	l := &LoadBalancer{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:loadbalancer:LoadBalancer", name, l, opts...); err != nil {
		return nil, err
	}
	var err error
	l.address, err = compute.NewGlobalAddress(ctx, name, &compute.GlobalAddressArgs{
		Description: pulumi.String("geo-wordpress: the site"),
	}, pulumi.Parent(l), args.Project.Ready())
	if err != nil {
		return nil, err
	}
	l.Address = l.address.Address
	l.SiteURL = pulumi.Sprintf("http://%s", l.Address)
	if args.Domain != "" {
		l.SiteURL = pulumi.String("https://" + args.Domain).ToStringOutput()
	}
	if err := l.shield(ctx); err != nil {
		return nil, err
	}
	if err := l.services(ctx); err != nil {
		return nil, err
	}
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"address": l.Address, "siteUrl": l.SiteURL})
}
