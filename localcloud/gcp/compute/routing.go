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
	Service       *api.Record
	HTTPSRedirect bool
}

// Route is a route rule.
type Route struct {
	Matches  []cloud.Match
	Service  *api.Record
	priority int
}

// routing returns where a URL map sends requests. A host rule is for all hosts: if there is one, its path matcher routes
// every request.
func routing(t *api.Tx, urlMap *api.Record) Routing {
	o := urlMap.Outputs
	for _, host := range o.Objs("hostRules") {
		for i, matcher := range o.Objs("pathMatchers") {
			if matcher.Str("name") == host.Str("pathMatcher") {
				at := fmt.Sprintf("pathMatchers[%d]", i)
				return Routing{Routes: routes(t, urlMap, at, matcher), Service: t.Find(urlMap.Target(at + ".defaultService"))}
			}
		}
	}
	return Routing{Service: t.Find(urlMap.Target("defaultService")), HTTPSRedirect: o.Has("defaultUrlRedirect")}
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
