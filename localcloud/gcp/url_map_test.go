package gcp

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

// second creates a health check and a backend service for editors, and returns the service's ID.
func (s *stand) second() string {
	s.t.Helper()
	check := stepNamed("check").inputs(s)
	check["httpHealthCheck"] = props{"port": 30081, "requestPath": "/healthz.php?editors"}
	require.NoError(s.t, s.make(step{"editors-check", healthCheckType, func(*stand) props { return check }}))
	service := stepNamed("backend").inputs(s)
	service["healthChecks"] = s.ids["editors-check"]
	require.NoError(s.t, s.make(step{"editors", backendServiceType, func(*stand) props { return service }}))
	return s.ids["editors"]
}

// match is a match rule for the prefix, with more properties.
func match(prefix string, more props) props {
	m := props{"prefixMatch": prefix}
	for k, v := range more {
		m[k] = v
	}
	return m
}

func not(method string) props {
	return props{"headerName": ":method", "exactMatch": method, "invertMatch": true}
}

// routes are the properties of a URL map with route rules.
func routes(service string, rules ...any) props {
	return props{"hostRules": []any{props{"hosts": []any{"*"}, "pathMatcher": "site"}},
		"pathMatchers": []any{props{"name": "site", "defaultService": service, "routeRules": rules}}}
}

// editorRule is a rule like the program's.
func editorRule(priority int, service string) props {
	return props{"priority": priority, "service": service, "matchRules": []any{
		match("/wp-admin/", nil), props{"fullPathMatch": "/wp-login.php"},
		match("/", props{"headerMatches": []any{not("GET"), not("HEAD")}}),
		match("/", props{"queryParameterMatches": []any{props{"name": "rest_route", "presentMatch": true}}}),
	}}
}

// change updates the URL map.
func (s *stand) change(changes props) error {
	s.t.Helper()
	in, failures := s.check(urlMapType, "map", s.inputs["map"], s.with("map", changes))
	require.Empty(s.t, failures)
	d := s.diff(urlMapType, "map", s.ids["map"], s.inputs["map"], in, s.outputs["map"])
	require.NotEmpty(s.t, d.DetailedDiff)
	require.Empty(s.t, d.Replaces, "it changes in place")
	out, err := s.updateFrom(s.outputs["map"], urlMapType, "map", s.ids["map"], s.inputs["map"], in)
	if err == nil {
		s.inputs["map"], s.outputs["map"] = in, out
		require.Empty(s.t, s.diff(urlMapType, "map", s.ids["map"], in, in, out).DetailedDiff, "a preview finds no change")
	}
	return err
}

func TestRouteRulesOfAURLMap(t *testing.T) {
	s := build(t, "")
	editors := s.second()
	front := func() cloud.FrontEnd {
		t.Helper()
		fronts, err := s.api.FrontEnds()
		require.NoError(t, err)
		require.Len(t, fronts, 1)
		return fronts[0]
	}
	changed := s.api.Changed()
	require.NoError(t, s.change(routes(s.ids["backend"], editorRule(1, editors))))
	select {
	case <-changed:
	default:
		t.Fatal("the URL map changed, and nobody was told")
	}
	f := front()
	require.Len(t, f.Routes, 1)
	assert.Equal(t, []cloud.Match{
		{Path: "/wp-admin/", Prefix: true}, {Path: "/wp-login.php"},
		{Path: "/", Prefix: true, Methods: []cloud.MethodMatch{{Method: "GET", Not: true}, {Method: "HEAD", Not: true}}},
		{Path: "/", Prefix: true, Parameters: []string{"rest_route"}},
	}, f.Routes[0].Matches)
	assert.Equal(t, []string{s.ids["backend"], editors}, []string{f.Service.ID, f.Routes[0].Service.ID})
	assert.Equal(t, []string{"/healthz.php", "/healthz.php?editors"}, []string{f.Service.HealthCheck.Path, f.Routes[0].Service.HealthCheck.Path})
	assert.Equal(t, f.Service.Backends, f.Routes[0].Service.Backends)

	// The rules count by priority, wherever they are in the list.
	require.NoError(t, s.change(routes(s.ids["backend"], editorRule(7, editors), editorRule(0, s.ids["backend"]), editorRule(12, editors))))
	f = front()
	require.Len(t, f.Routes, 3)
	assert.Equal(t, []string{s.ids["backend"], editors, editors},
		[]string{f.Routes[0].Service.ID, f.Routes[1].Service.ID, f.Routes[2].Service.ID})

	// With a host rule, the path matcher's default service answers, not the URL map's.
	require.NoError(t, s.change(routes(editors)))
	assert.Empty(t, front().Routes)
	assert.Equal(t, editors, front().Service.ID)
	require.NoError(t, s.change(props{"hostRules": nil, "pathMatchers": nil}))
	assert.Equal(t, s.ids["backend"], front().Service.ID)
}

func TestAServiceOfARouteRuleIsInUse(t *testing.T) {
	s := build(t, "")
	editors := s.second()
	inUse := func() {
		t.Helper()
		err := s.delete(backendServiceType, "editors", editors)
		require.ErrorContains(t, err, "The backend_service resource '"+editors+"' is already being used by '"+s.ids["map"]+"'")
		require.ErrorContains(t, err, "resourceInUseByAnotherResource")
	}
	require.NoError(t, s.change(routes(s.ids["backend"], editorRule(1, editors))))
	inUse()
	require.NoError(t, s.change(routes(editors)))
	inUse()
	require.ErrorContains(t, s.change(routes(s.ids["backend"], editorRule(1, "nowhere"))),
		"Error 404: The resource 'projects/geo-project/global/backendServices/nowhere' was not found")
	require.ErrorContains(t, s.change(routes("nowhere")), "was not found")
	inUse()
	require.ErrorContains(t, s.delete(healthCheckType, "editors-check", s.ids["editors-check"]), "is already being used by '"+editors)
	require.NoError(t, s.change(props{"hostRules": nil, "pathMatchers": nil}))
	require.NoError(t, s.delete(backendServiceType, "editors", editors))
	require.NoError(t, s.delete(healthCheckType, "editors-check", s.ids["editors-check"]))
}

func TestChangesOfRouteRulesAreInPlace(t *testing.T) {
	s := build(t, "")
	editors := s.second()
	require.NoError(t, s.change(routes(s.ids["backend"], editorRule(1, editors))))
	for path, changes := range map[string]props{
		"pathMatchers[0].routeRules[0].priority": routes(s.ids["backend"], editorRule(2, editors)),
		"pathMatchers[0].routeRules[0].service":  routes(s.ids["backend"], editorRule(1, s.ids["backend"])),
		"pathMatchers[0].routeRules[1]":          routes(s.ids["backend"], editorRule(1, editors), editorRule(2, editors)),
		"pathMatchers[0].routeRules[0]":          routes(s.ids["backend"]),
		"pathMatchers[0].defaultService":         routes(editors, editorRule(1, editors)),
	} {
		in, failures := s.check(urlMapType, "map", s.inputs["map"], s.with("map", changes))
		require.Empty(t, failures, path)
		d := s.diff(urlMapType, "map", s.ids["map"], s.inputs["map"], in, s.outputs["map"])
		assert.Contains(t, d.DetailedDiff, path)
		assert.Len(t, d.DetailedDiff, 1, path)
		assert.Empty(t, d.Replaces, path)
	}
	_, in, _ := s.read(urlMapType, "map", s.ids["map"], s.inputs["map"])
	assert.Equal(t, s.inputs["map"], in, "a refresh finds no change")
}

func TestRouteRulesThatAreRefused(t *testing.T) {
	s := build(t, "proxy")
	service := s.ids["backend"]
	rule := func(matches ...any) props {
		return routes(service, props{"priority": 1, "service": service, "matchRules": matches})
	}
	host := func(hosts ...any) props {
		in := rule(match("/", nil))
		in["hostRules"] = []any{props{"hosts": hosts, "pathMatcher": "site"}}
		return in
	}
	header := func(h props) props { return rule(match("/", props{"headerMatches": []any{h}})) }
	parameter := func(p props) props { return rule(match("/", props{"queryParameterMatches": []any{p}})) }
	named := func(names ...string) props {
		in := rule(match("/", nil))
		var all []any
		for _, name := range names {
			all = append(all, props{"name": name, "defaultService": service})
		}
		in["pathMatchers"] = all
		return in
	}
	twoHosts := rule(match("/", nil))
	twoHosts["hostRules"] = slices.Repeat(twoHosts["hostRules"].([]any), 2)
	noHosts := rule(match("/", nil))
	delete(noHosts, "hostRules")
	noMatchers := rule(match("/", nil))
	delete(noMatchers, "pathMatchers")
	for name, c := range map[string]struct {
		in     props
		reason string
	}{
		"nothing":                 {rule(match("/", nil)), ""},
		"the longest path":        {rule(match("/"+strings.Repeat("a", 1023), nil)), ""},
		"a path too long":         {rule(match("/"+strings.Repeat("a", 1024), nil)), "1025 characters are more than the 1024 allowed"},
		"a relative prefix":       {rule(match("wp-admin/", nil)), "it has to start with /"},
		"a relative path":         {rule(props{"fullPathMatch": "wp-login.php"}), "it has to start with /"},
		"an empty path":           {rule(props{"fullPathMatch": ""}), "it has to start with /"},
		"a query":                 {rule(props{"fullPathMatch": "/?rest_route"}), "has a query or a fragment"},
		"a fragment":              {rule(match("/#top", nil)), "has a query or a fragment"},
		"a prefix and a path":     {rule(match("/", props{"fullPathMatch": "/"})), "pathMatchers[0].routeRules[0].matchRules[0]: one of prefixMatch and fullPathMatch"},
		"neither":                 {rule(match("/", nil), props{}), "matchRules[1]: one of prefixMatch and fullPathMatch"},
		"a regular expression":    {rule(props{"regexMatch": "/.*"}), `does not know the property "pathMatchers[0].routeRules[0].matchRules[0].regexMatch"`},
		"no match rule":           {rule(), "fewer"},
		"ignored case":            {rule(match("/", props{"ignoreCase": true})), "ignoreCase"},
		"another header":          {header(props{"headerName": "Cookie", "exactMatch": "x"}), "knows only :method here"},
		"a header by nothing":     {header(props{"headerName": ":method"}), "missing required property"},
		"a header by its prefix":  {header(props{"headerName": ":method", "exactMatch": "GET", "prefixMatch": "G"}), `headerMatches[0].prefixMatch"`},
		"a header without a name": {header(props{"exactMatch": "GET"}), "missing required property"},
		"no method":               {header(props{"headerName": ":method", "exactMatch": ""}), "a token of RFC 9110"},
		"no parameter":            {parameter(props{"presentMatch": true}), "missing required property"},
		"an empty parameter":      {parameter(props{"name": "", "presentMatch": true}), "must not be empty"},
		"a parameter by nothing":  {parameter(props{"name": "p"}), "missing required property"},
		"an absent parameter":     {parameter(props{"name": "p", "presentMatch": false}), "knows only true here"},
		"a parameter's value":     {parameter(props{"name": "p", "exactMatch": "1", "presentMatch": true}), `queryParameterMatches[0].exactMatch"`},
		"a negative priority":     {routes(service, editorRule(-1, service)), "is not between 0 and"},
		"a large priority":        {routes(service, editorRule(1<<31, service)), "is not between 0 and"},
		"a priority twice":        {routes(service, editorRule(3, service), editorRule(3, service)), "routeRules[1].priority: another rule has the priority 3 too"},
		"no service":              {routes(service, props{"priority": 1, "matchRules": []any{match("/", nil)}}), "missing required property"},
		"another action":          {routes(service, props{"priority": 1, "service": service, "urlRedirect": props{}, "matchRules": []any{match("/", nil)}}), "urlRedirect"},
		"path rules":              {props{"pathMatchers": []any{props{"name": "site", "defaultService": service, "pathRules": []any{}}}}, "pathRules"},
		"a host with a port":      {host("www.example.com:443"), "is not a domain name"},
		"no host":                 {host(), "fewer"},
		"all hosts twice":         {twoHosts, `hostRules: the host "*" is in two host rules`},
		"no matcher":              {noMatchers, `hostRules[0].pathMatcher: there is no path matcher "site"`},
		"another matcher":         {named("other"), `pathMatchers[0].name: no host rule uses the path matcher "other"`},
		"an unused matcher":       {named("site", "other"), `pathMatchers[1].name: no host rule uses`},
		"a matcher twice":         {named("site", "site"), `pathMatchers[1].name: the name "site" is used twice`},
		"a name":                  {named("Site"), "is not a valid name"},
		"no host rule":            {noHosts, `no host rule uses the path matcher "site"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, failures := s.check(urlMapType, "map", nil, s.with("map", c.in))
			if c.reason == "" {
				require.Empty(t, failures)
				return
			}
			require.Contains(t, strings.Join(failures, "\n"), c.reason)
		})
	}

	// In a preview, the services of new resources are unknown.
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	for _, path := range []string{"hostRules", "pathMatchers", "pathMatchers[0].name", "pathMatchers[0].defaultService", "hostRules[0].pathMatcher",
		"pathMatchers[0].routeRules", "pathMatchers[0].routeRules[0].service", "pathMatchers[0].routeRules[0].matchRules[1].fullPathMatch"} {
		parsed, err := resource.ParsePropertyPath(path)
		require.NoError(t, err)
		in := s.with("map", routes(service, editorRule(1, service)))
		require.True(t, parsed.Set(resource.NewObjectProperty(in), unknown), path)
		_, failures := s.check(urlMapType, "map", nil, in)
		assert.Empty(t, failures, path)
	}
}
