package loadbalancer

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What writes, by path: exact paths, and prefixes. A request of another method than GET and HEAD writes too.
var (
	writerPaths    = []string{"/wp-login.php", "/wp-comments-post.php", "/wp-cron.php", "/xmlrpc.php", "/wp-admin", "/wp-json"}
	writerPrefixes = []string{"/wp-admin/", "/wp-json/"}
)

// Route declares the URL map and the listeners, after what else they depend on.
func (l *LoadBalancer) Route(ctx *pulumi.Context, after ...pulumi.Resource) error {
	site := &compute.URLMapArgs{DefaultService: l.everybody.ID()}
	if l.leaders != nil {
		site.HostRules = compute.URLMapHostRuleArray{&compute.URLMapHostRuleArgs{
			Hosts: pulumi.ToStringArray([]string{"*"}), PathMatcher: pulumi.String("site"),
		}}
		site.PathMatchers = compute.URLMapPathMatcherArray{&compute.URLMapPathMatcherArgs{
			Name:           pulumi.String("site"),
			DefaultService: l.everybody.ID(),
			RouteRules: compute.URLMapPathMatcherRouteRuleArray{&compute.URLMapPathMatcherRouteRuleArgs{
				Priority:   pulumi.Int(1),
				Service:    l.leaders.ID(),
				MatchRules: writers(),
			}},
		}}
	}
	routes, err := compute.NewURLMap(ctx, l.name, site, pulumi.Parent(l), pulumi.DependsOn(after))
	if err != nil {
		return err
	}
	return l.frontEnd(ctx, routes)
}

// writers matches what writes. It does not match the pages that signed-in people read outside of the dashboard: their mark
// is a cookie among others, and a global load balancer matches no part of a header's value ("Regular expressions can only be
// used when the loadBalancingScheme is set to INTERNAL_SELF_MANAGED, EXTERNAL_MANAGED (regional scope) or INTERNAL_MANAGED",
// Compute Engine's API reference, HttpHeaderMatch).
func writers() (rules compute.URLMapPathMatcherRouteRuleMatchRuleArray) {
	for _, path := range writerPaths {
		rules = append(rules, &compute.URLMapPathMatcherRouteRuleMatchRuleArgs{FullPathMatch: pulumi.String(path)})
	}
	for _, prefix := range writerPrefixes {
		rules = append(rules, &compute.URLMapPathMatcherRouteRuleMatchRuleArgs{PrefixMatch: pulumi.String(prefix)})
	}
	isNot := func(method string) *compute.URLMapPathMatcherRouteRuleMatchRuleHeaderMatchArgs {
		return &compute.URLMapPathMatcherRouteRuleMatchRuleHeaderMatchArgs{
			HeaderName: pulumi.String(":method"), ExactMatch: pulumi.String(method), InvertMatch: pulumi.Bool(true),
		}
	}
	return append(rules,
		&compute.URLMapPathMatcherRouteRuleMatchRuleArgs{
			PrefixMatch:   pulumi.String("/"),
			HeaderMatches: compute.URLMapPathMatcherRouteRuleMatchRuleHeaderMatchArray{isNot("GET"), isNot("HEAD")},
		},
		// REST without pretty links.
		&compute.URLMapPathMatcherRouteRuleMatchRuleArgs{
			PrefixMatch: pulumi.String("/"),
			QueryParameterMatches: compute.URLMapPathMatcherRouteRuleMatchRuleQueryParameterMatchArray{
				&compute.URLMapPathMatcherRouteRuleMatchRuleQueryParameterMatchArgs{
					Name: pulumi.String("rest_route"), PresentMatch: pulumi.Bool(true),
				},
			},
		})
}
