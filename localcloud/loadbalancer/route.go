package loadbalancer

import (
	"net/http"
	"slices"
	"strings"

	"geo-wordpress/localcloud/cloud"
)

// route is a running route rule.
type route struct {
	matches []cloud.Match
	service *service // nil if there is none
}

// serviceFor returns the service that answers a request; nil if there is none. The first route that matches decides, even
// if none of its service's instances is healthy.
func (f *frontEnd) serviceFor(r *http.Request) *service {
	for _, route := range f.routes {
		if slices.ContainsFunc(route.matches, func(m cloud.Match) bool { return matches(m, r) }) {
			return route.service
		}
	}
	return f.service
}

// matches reports whether a match rule matches a request. It compares paths and names of parameters as the client sent
// them, without decoding or normalising: Envoy's default, and Google documents no other.
func matches(m cloud.Match, r *http.Request) bool {
	path := r.URL.EscapedPath()
	if m.Prefix && !strings.HasPrefix(path, m.Path) || !m.Prefix && path != m.Path {
		return false
	}
	for _, method := range m.Methods {
		if (r.Method == method.Method) == method.Not {
			return false
		}
	}
	for _, name := range m.Parameters {
		if !hasParameter(r.URL.RawQuery, name) {
			return false
		}
	}
	return true
}

// hasParameter reports whether a query has a parameter, with or without a value.
func hasParameter(query, name string) bool {
	for _, parameter := range strings.Split(query, "&") {
		if key, _, _ := strings.Cut(parameter, "="); key == name {
			return true
		}
	}
	return false
}
