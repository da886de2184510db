// Package loadbalancer declares the one global HTTP load balancer in front of all regions.
package loadbalancer

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/project"
	"geo-wordpress/regions"
	"geo-wordpress/shield"
	"geo-wordpress/state"

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
	// domain the site is plain HTTP on the address. Aliases redirect to the domain.
	Domain  string
	Aliases []string
	// Zone is the Cloud DNS zone in which the names' records are set; empty leaves them to the operator.
	Zone string
	// IPv6 adds an IPv6 address.
	IPv6 bool
	// HSTSSeconds is for how long browsers use nothing but HTTPS; 0 does not ask for it.
	HSTSSeconds int
	// Last is what the last update left. It decides which of the names WordPress can use.
	Last state.Entrance
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
	// Home is the name in SiteURL; empty for plain HTTP at the address.
	Home string
	// URLs are those that WordPress answers to as its own: none but SiteURL if empty. While the site moves, they are the old
	// one and the new one.
	URLs pulumi.StringArrayOutput
	// IPv6 is the IPv6 address; nil without one.
	IPv6 pulumi.StringPtrInput
	// Records are the DNS records of the names, each with name, type and data. They and Ready are set by Route.
	Records pulumi.MapArray
	// Ready is what WordPress waits for before it uses its URL, apart from the address: the listener, and published IPv4 addresses.
	Ready []pulumi.Resource
	// Services are the backend services: once they are updated, a region that is no backend gets no new requests.
	Services []pulumi.Resource

	args               Args
	name               string
	names              names
	reserved           []*compute.GlobalAddress // IPv4, and IPv6 if there is one
	listeners          []pulumi.Resource        // the forwarding rules
	policy             *compute.SecurityPolicy  // nil without rules
	everybody, leaders *compute.BackendService  // leaders is nil without FollowLeaders
}

// New declares the address and the backend services.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*LoadBalancer, error) {
	l := &LoadBalancer{args: args, name: name, names: namesOf(args)}
	if err := ctx.RegisterComponentResource("geo-wordpress:loadbalancer:LoadBalancer", name, l, opts...); err != nil {
		return nil, err
	}
	if err := l.reserve(ctx); err != nil {
		return nil, err
	}
	plain := pulumi.Sprintf("http://%s", l.Address)
	l.SiteURL = plain
	l.Home = l.names.home
	if l.names.home != "" {
		l.SiteURL = pulumi.String("https://" + l.names.home).ToStringOutput()
	}
	l.URLs = pulumi.StringArray{}.ToStringArrayOutput()
	if l.names.wanted != "" {
		urls := pulumi.StringArray{plain, pulumi.String("https://" + l.names.wanted)}
		if l.names.home != "" && l.names.home != l.names.wanted {
			urls = append(urls, pulumi.String("https://"+l.names.home))
		}
		l.URLs = urls.ToStringArrayOutput()
	}
	if err := l.tell(ctx); err != nil {
		return nil, err
	}
	if err := l.shield(ctx); err != nil {
		return nil, err
	}
	if err := l.services(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// Serve registers the URLs of WordPress, once the last region serves with them: the next update decides by them where the
// site can move. If this one fails before, the engine keeps those that the last one registered.
func (l *LoadBalancer) Serve(ctx *pulumi.Context, last pulumi.Resource) error {
	siteURL := pulumi.All(last.URN(), l.SiteURL).ApplyT(func(all []any) string { return all[1].(string) }).(pulumi.StringOutput)
	return ctx.RegisterResourceOutputs(l, pulumi.Map{
		"siteUrl": siteURL,
		"urls":    l.URLs,
		"issued":  pulumi.ToStringArray(l.names.having(l.names.issued)),
	})
}

// reserve declares the addresses.
func (l *LoadBalancer) reserve(ctx *pulumi.Context) error {
	address, err := compute.NewGlobalAddress(ctx, l.name, &compute.GlobalAddressArgs{
		Description: pulumi.String("geo-wordpress: the site"),
	}, pulumi.Parent(l), l.args.Project.Ready())
	if err != nil {
		return err
	}
	l.Address, l.reserved = address.Address, []*compute.GlobalAddress{address}
	if !l.args.IPv6 {
		return nil
	}
	address, err = compute.NewGlobalAddress(ctx, l.name+"-ipv6", &compute.GlobalAddressArgs{
		Description: pulumi.String("geo-wordpress: the site"),
		IpVersion:   pulumi.String("IPV6"),
	}, pulumi.Parent(l), l.args.Project.Ready())
	if err != nil {
		return err
	}
	l.IPv6, l.reserved = address.Address.ToStringPtrOutput(), append(l.reserved, address)
	return nil
}
