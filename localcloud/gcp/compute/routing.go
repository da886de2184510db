package compute

import (
	"cmp"
	"fmt"
	"slices"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

// Routing is where a URL map sends requests.
type Routing struct {
	// Routes are in the order of their priority.
	Routes []Route
	// Service answers what no route matches; nil if that is redirected.
	Service  *api.Record
	Redirect *cloud.Redirect
	// HostRedirects are the redirects of single hosts.
	HostRedirects map[string]cloud.Redirect
	Headers       map[string]string // that are set in every answer of a service
}

// Route is a route rule.
type Route struct {
	Matches  []cloud.Match
	Service  *api.Record
	priority int
}

// routing returns where a URL map sends requests. The path matcher of the host rule for all hosts, if there is one, routes
// every request for which there is no host rule with a redirect.
func routing(t *api.Tx, urlMap *api.Record) Routing {
	o := urlMap.Outputs
	all := Routing{Service: t.Find(urlMap.Target("defaultService")), Redirect: redirect(o),
		HostRedirects: map[string]cloud.Redirect{}, Headers: map[string]string{}}
	for _, header := range o.Objs("headerAction.responseHeadersToAdds") {
		all.Headers[header.Str("headerName")] = header.Str("headerValue")
	}
	for _, rule := range o.Objs("hostRules") {
		for i, matcher := range o.Objs("pathMatchers") {
			if matcher.Str("name") != rule.Str("pathMatcher") {
				continue
			}
			at := fmt.Sprintf("pathMatchers[%d]", i)
			for _, host := range rule.Strs("hosts") {
				switch to := redirect(matcher); {
				case to != nil:
					all.HostRedirects[host] = *to
				case host == "*":
					all.Routes, all.Service = routes(t, urlMap, at, matcher), t.Find(urlMap.Target(at+".defaultService"))
				}
			}
		}
	}
	return all
}

// redirect returns the default redirect of a URL map or a path matcher; nil if there is none.
func redirect(o api.Object) *cloud.Redirect {
	if !o.Has("defaultUrlRedirect") {
		return nil
	}
	return &cloud.Redirect{HTTPS: o.Flag("defaultUrlRedirect.httpsRedirect"), Host: o.Str("defaultUrlRedirect.hostRedirect")}
}

// routes returns the route rules of the path matcher at a path of a URL map.
func routes(t *api.Tx, urlMap *api.Record, at string, matcher api.Object) (all []Route) {
	for i, rule := range matcher.Objs("routeRules") {
		route := Route{priority: rule.Num("priority"), Service: t.Find(urlMap.Target(fmt.Sprintf("%s.routeRules[%d].service", at, i)))}
		for _, match := range rule.Objs("matchRules") {
			route.Matches = append(route.Matches, matchRule(match))
		}
		all = append(all, route)
	}
	slices.SortFunc(all, func(a, b Route) int { return cmp.Compare(a.priority, b.priority) })
	return all
}

func matchRule(o api.Object) cloud.Match {
	m := cloud.Match{Path: o.Str("fullPathMatch")}
	if o.Has("prefixMatch") {
		m.Path, m.Prefix = o.Str("prefixMatch"), true
	}
	for _, header := range o.Objs("headerMatches") { // the only one is :method
		m.Methods = append(m.Methods, cloud.MethodMatch{Method: header.Str("exactMatch"), Not: header.Flag("invertMatch")})
	}
	for _, parameter := range o.Objs("queryParameterMatches") {
		m.Parameters = append(m.Parameters, parameter.Str("name"))
	}
	return m
}
