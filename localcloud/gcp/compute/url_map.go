package compute

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func urlMap() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/uRLMap:URLMap", Title: "UrlMap", Noun: "url_map", Service: api.Compute, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"defaultService":     schema.String(schema.Ref(api.BackendServices)),
			"defaultUrlRedirect": urlRedirect(),
			"headerAction": schema.ObjectOf(schema.Fields{
				"responseHeadersToAdds": schema.ListOf(schema.ObjectOf(schema.Fields{
					"headerName":  schema.String(schema.Required, schema.Matches(token, "it has to be a token of RFC 9110")),
					"headerValue": schema.String(schema.Required, schema.CheckString(notEmpty)),
					"replace":     schema.Bool(schema.Required, schema.Only(true, "it replaces what the answer has")),
				}), schema.Required, schema.MinItems(1)),
			}),
			"hostRules": schema.SetOf(schema.ObjectOf(schema.Fields{
				"hosts": schema.SetOf(schema.String(schema.CheckString(checkHost)), schema.Required, schema.MinItems(1),
					schema.MaxItems(100)),
				"pathMatcher": schema.String(schema.Required),
			})),
			"pathMatchers": schema.ListOf(schema.ObjectOf(schema.Fields{
				"name":               schema.String(schema.Required, schema.CheckString(api.ComputeNames.Check)),
				"defaultService":     schema.String(schema.Ref(api.BackendServices)),
				"defaultUrlRedirect": urlRedirect(),
				"routeRules":         schema.ListOf(routeRule()),
			})),
		},
		Outputs: []string{"creationTimestamp", "fingerprint", "selfLink"},
		ID:      api.MemberID(api.URLMaps),
		Check:   checkURLMap,
		Admit: func(t *api.Tx, r, _ *api.Record) error {
			for _, proxy := range t.All(httpsProxyType) {
				if proxy.Target("urlMap") == r.ID && redirectsToHTTPS(r.Outputs) {
					return api.Invalid("defaultUrlRedirect.httpsRedirect", "true", "It is not permitted for the URL map of a target HTTPS proxy.")
				}
			}
			r.Outputs["fingerprint"] = api.Fingerprint(r.Inputs)
			r.FillPlain()
			return nil
		},
	}
}

// urlRedirect is a redirect of everything to another host, scheme, or both.
func urlRedirect() *schema.Field {
	return schema.ObjectOf(schema.Fields{
		"hostRedirect":  schema.String(schema.CheckString(checkHost)),
		"httpsRedirect": schema.Bool(schema.Default(false)),
		"redirectResponseCode": schema.String(schema.Only("MOVED_PERMANENTLY_DEFAULT",
			"it redirects permanently")),
		"stripQuery": schema.Bool(schema.Required, schema.Only(false, "it keeps the query")),
	})
}

// redirectsToHTTPS reports whether a URL map has a redirect to HTTPS.
func redirectsToHTTPS(o api.Object) bool {
	return o.Flag("defaultUrlRedirect.httpsRedirect") || slices.ContainsFunc(o.Objs("pathMatchers"), func(m api.Object) bool {
		return m.Flag("defaultUrlRedirect.httpsRedirect")
	})
}

// checkHost allows the hosts of host rules, without ports and partial wildcards.
func checkHost(host string) error {
	if host == "*" {
		return nil
	}
	return checkDomain(host)
}

// routeRule is a route rule of a path matcher. Regular expressions are missing for good: Google has none in the URL maps
// of global external Application Load Balancers.
func routeRule() *schema.Field {
	return schema.ObjectOf(schema.Fields{
		"priority": schema.Int(schema.Required, schema.Between(0, 2147483647)),
		"service":  schema.String(schema.Required, schema.Ref(api.BackendServices)),
		"matchRules": schema.ListOf(schema.ObjectOf(schema.Fields{
			"fullPathMatch": schema.String(schema.CheckString(checkPath)),
			"prefixMatch":   schema.String(schema.CheckString(checkPath)),
			"headerMatches": schema.ListOf(schema.ObjectOf(schema.Fields{
				"headerName":  schema.String(schema.Required, schema.Only(":method", "it routes by no other header")),
				"exactMatch":  schema.String(schema.Required, schema.Matches(token, "it has to be a token of RFC 9110")),
				"invertMatch": schema.Bool(schema.Default(false)),
			})),
			"queryParameterMatches": schema.ListOf(schema.ObjectOf(schema.Fields{
				"name":         schema.String(schema.Required, schema.CheckString(notEmpty)),
				"presentMatch": schema.Bool(schema.Required, schema.Only(true, "it routes by no parameter's value")),
			})),
		}), schema.Required, schema.MinItems(1)),
	})
}

func checkPath(path string) error {
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("%q is not a path: it has to start with /", path)
	case strings.ContainsAny(path, "?#"):
		return fmt.Errorf("%q has a query or a fragment, which are no part of a path", path)
	case len(path) > 1024:
		return fmt.Errorf("%d characters are more than the 1024 allowed", len(path))
	}
	return nil
}

func notEmpty(s string) error {
	if s == "" {
		return errors.New("it must not be empty")
	}
	return nil
}

func checkURLMap(in api.Object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	if in.Has("defaultService") == in.Has("defaultUrlRedirect") {
		failures = append(failures, api.Failure("defaultService", "one of defaultService and defaultUrlRedirect must be given, "+
			"and not both"))
	}
	for i, matcher := range in.Objs("pathMatchers") {
		if matcher.Has("defaultService") == matcher.Has("defaultUrlRedirect") {
			failures = append(failures, api.Failure(fmt.Sprintf("pathMatchers[%d].defaultService", i), "one of defaultService and "+
				"defaultUrlRedirect must be given, and not both"))
		}
		failures = append(failures, checkRouteRules(fmt.Sprintf("pathMatchers[%d]", i), matcher.Objs("routeRules"))...)
	}
	matchers, known := namesIn(in, "pathMatchers", "name")
	used, usedKnown := namesIn(in, "hostRules", "pathMatcher")
	hosts := map[string]bool{}
	for _, rule := range in.Objs("hostRules") {
		for _, host := range rule.Strs("hosts") {
			if hosts[host] {
				failures = append(failures, api.Failure("hostRules", "the host %q is in two host rules", host))
			}
			hosts[host] = true
		}
	}
	seen := map[string]bool{}
	for i, name := range matchers {
		at := fmt.Sprintf("pathMatchers[%d].name", i)
		switch {
		case name == "": // unknown, or missing
		case seen[name]:
			failures = append(failures, api.Failure(at, "the name %q is used twice", name))
		case usedKnown && !slices.Contains(used, name):
			failures = append(failures, api.Failure(at, "no host rule uses the path matcher %q", name))
		}
		seen[name] = true
	}
	for i, name := range used {
		if known && name != "" && !seen[name] {
			failures = append(failures, api.Failure(fmt.Sprintf("hostRules[%d].pathMatcher", i), "there is no path matcher %q", name))
		}
	}
	return failures
}

// checkRouteRules checks what several properties of the route rules of one path matcher must have in common.
func checkRouteRules(at string, rules []api.Object) (failures []plugin.CheckFailure) {
	seen := map[int]bool{}
	for i, rule := range rules {
		here := fmt.Sprintf("%s.routeRules[%d]", at, i)
		if rule.Known("priority") {
			priority := rule.Num("priority")
			if seen[priority] {
				failures = append(failures, api.Failure(here+".priority", "another rule has the priority %d too", priority))
			}
			seen[priority] = true
		}
		for j, match := range rule.Objs("matchRules") {
			if match.Has("prefixMatch") == match.Has("fullPathMatch") {
				failures = append(failures, api.Failure(fmt.Sprintf("%s.matchRules[%d]", here, j), "one of prefixMatch and fullPathMatch "+
					"must be given, and not both"))
			}
		}
	}
	return failures
}

// namesIn lists a string of each object in a list, and reports whether all of them are known.
func namesIn(in api.Object, list, field string) (names []string, known bool) {
	known = !in.Has(list) || in.Known(list) && len(in.Objs(list)) == len(in.List(list))
	for _, o := range in.Objs(list) {
		known = known && o.Known(field)
		names = append(names, o.Str(field))
	}
	return names, known
}
