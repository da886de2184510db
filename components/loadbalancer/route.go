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

// Route declares the URL maps and the listeners, after what else they depend on: HTTPS with a domain, and plain HTTP unless
// it redirects. See Redirect.
func (l *LoadBalancer) Route(ctx *pulumi.Context, after ...pulumi.Resource) error {
	if l.names.home == "" {
		plain, err := compute.NewURLMap(ctx, l.name, l.site(), pulumi.Parent(l), pulumi.DependsOn(after))
		if err != nil {
			return err
		}
		rules, err := l.http(ctx, plain)
		if err != nil {
			return err
		}
		if l.names.last.Redirects { // to a URL that WordPress leaves: it must not, before WordPress has left
			l.Ready = append(l.Ready, rules...)
		}
	}
	if len(l.names.served) == 0 {
		return nil
	}
	secure, err := compute.NewURLMap(ctx, l.name+"-https", l.secure(), pulumi.Parent(l), pulumi.DependsOn(after))
	if err != nil {
		return err
	}
	rules, err := l.https(ctx, secure)
	if err != nil {
		return err
	}
	if l.names.home != "" {
		l.Ready = append(l.Ready, rules...)
	}
	return l.addresses(ctx)
}

// site sends every request to WordPress.
func (l *LoadBalancer) site() *compute.URLMapArgs {
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
	return site
}

// secure is site for HTTPS: it redirects the aliases, and tells browsers to use nothing else. Plain HTTP has a URL map of its
// own, because it must not send that header (RFC 6797, section 7.2).
func (l *LoadBalancer) secure() *compute.URLMapArgs {
	site := l.site()
	hosts, _ := site.HostRules.(compute.URLMapHostRuleArray)
	matchers, _ := site.PathMatchers.(compute.URLMapPathMatcherArray)
	if aliases := l.names.redirected(); len(aliases) > 0 {
		site.HostRules = append(hosts, &compute.URLMapHostRuleArgs{
			Hosts: pulumi.ToStringArray(aliases), PathMatcher: pulumi.String("aliases"),
		})
		site.PathMatchers = append(matchers, &compute.URLMapPathMatcherArgs{
			Name: pulumi.String("aliases"),
			DefaultUrlRedirect: &compute.URLMapPathMatcherDefaultUrlRedirectArgs{
				HostRedirect:         pulumi.String(l.names.home),
				RedirectResponseCode: permanently,
				StripQuery:           pulumi.Bool(false),
			},
		})
	}
	if l.args.HSTSSeconds > 0 && l.names.home == l.names.wanted {
		site.HeaderAction = &compute.URLMapHeaderActionArgs{
			ResponseHeadersToAdds: compute.URLMapHeaderActionResponseHeadersToAddArray{
				&compute.URLMapHeaderActionResponseHeadersToAddArgs{
					HeaderName:  pulumi.String("Strict-Transport-Security"),
					HeaderValue: pulumi.Sprintf("max-age=%d", l.args.HSTSSeconds),
					Replace:     pulumi.Bool(true),
				},
			},
		}
	}
	return site
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
