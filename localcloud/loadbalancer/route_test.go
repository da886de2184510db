package loadbalancer

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

// editorRoutes are route rules like the program's.
func editorRoutes(editors *cloud.BackendService) []cloud.Route {
	return []cloud.Route{{Service: editors, Matches: []cloud.Match{
		{Path: "/wp-admin/", Prefix: true},
		{Path: "/wp-login.php"},
		{Path: "/", Prefix: true, Methods: []cloud.MethodMatch{{Method: "GET", Not: true}, {Method: "HEAD", Not: true}}},
		{Path: "/", Prefix: true, Parameters: []string{"rest_route"}},
	}}}
}

func TestWhichServiceAnswers(t *testing.T) {
	editors, site := &service{}, &service{}
	f := &frontEnd{service: site, routes: []route{{editorRoutes(nil)[0].Matches, editors}}}
	for request, want := range map[string]*service{
		"GET /":                             site,
		"HEAD /":                            site,
		"POST /":                            editors,
		"POST /a-post/?x=1":                 editors,
		"OPTIONS /":                         editors,
		"DELETE /wp-json/wp/v2/posts/1":     editors,
		"GET /wp-json/wp/v2/posts":          site,
		"GET /wp-admin/":                    editors,
		"HEAD /wp-admin/":                   editors,
		"GET /wp-admin/post.php?post=1":     editors,
		"GET /wp-admin":                     site,
		"GET /wp-adminx":                    site,
		"GET /wp-adminx/":                   site,
		"GET /WP-ADMIN/":                    site,
		"GET /blog/wp-admin/":               site,
		"GET //wp-admin/":                   site,
		"GET /%77p-admin/":                  site,
		"GET /?to=/wp-admin/":               site,
		"GET /wp-login.php":                 editors,
		"GET /wp-login.php?action=register": editors,
		"GET /wp-login.php/":                site,
		"GET /wp-login.php/x":               site,
		"GET /wp-login.phpx":                site,
		"GET /x/wp-login.php":               site,
		"GET /?rest_route=/wp/v2/posts":     editors,
		"GET /?rest_route":                  editors,
		"GET /?rest_route=":                 editors,
		"GET /a-post/?p=1&rest_route=/":     editors,
		"GET /?rest_router=/":               site,
		"GET /?x_rest_route=/":              site,
		"GET /?Rest_Route=/":                site,
		"GET /?p=rest_route":                site,
		"GET /rest_route":                   site,
		"GET /?rest%5Froute=/":              site, // as with Envoy, although PHP decodes it
	} {
		t.Run(request, func(t *testing.T) {
			method, path, _ := strings.Cut(request, " ")
			r, err := http.NewRequest(method, "http://site"+path, nil)
			require.NoError(t, err)
			require.Same(t, want, f.serviceFor(r))
		})
	}
}

func TestMatchRules(t *testing.T) {
	get := cloud.MethodMatch{Method: "GET"}
	first, second := &service{}, &service{}
	root := cloud.Match{Path: "/", Prefix: true}
	for name, c := range map[string]struct {
		routes []route
		want   *service
	}{
		"no route":                    {nil, nil},
		"the method":                  {[]route{{[]cloud.Match{{Path: "/p", Methods: []cloud.MethodMatch{get}}}, first}}, first},
		"not the path":                {[]route{{[]cloud.Match{{Path: "/", Methods: []cloud.MethodMatch{get}}}, first}}, nil},
		"one of two parameters":       {[]route{{[]cloud.Match{{Path: "/p", Parameters: []string{"a", "b"}}}, first}}, nil},
		"the first of two routes":     {[]route{{[]cloud.Match{root}, first}, {[]cloud.Match{{Path: "/p"}}, second}}, first},
		"the second of two routes":    {[]route{{[]cloud.Match{{Path: "/q"}}, first}, {[]cloud.Match{{Path: "/p"}}, second}}, second},
		"the second of two matches":   {[]route{{[]cloud.Match{{Path: "/q"}, root}, first}}, first},
		"a route without its service": {[]route{{[]cloud.Match{root}, nil}, {[]cloud.Match{root}, second}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodGet, "http://site/p?a=1", nil)
			require.NoError(t, err)
			require.Same(t, c.want, (&frontEnd{routes: c.routes}).serviceFor(r))
		})
	}
}

// routed is a stage with a second service for editors, over the same machines, with its own health page.
func routed(t *testing.T, change func(site, editors *cloud.BackendService)) *stage {
	t.Helper()
	s := newStage(t)
	editors := *s.service()
	editors.ID = "projects/p/global/backendServices/editors"
	editors.Backends = slices.Clone(editors.Backends)
	editors.HealthCheck.Path = "/healthz?editors"
	if change != nil {
		change(s.service(), &editors)
	}
	s.front.Routes = editorRoutes(&editors)
	s.listen(freePort(t)).start()
	return s
}

// redeclare changes the front end's declaration.
func (s *stage) redeclare(fn func(*cloud.FrontEnd)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(&s.front)
	close(s.changed)
	s.changed = make(chan struct{})
}

// healthyIn lists the instances that are healthy for a service; nil if there is no such service.
func (s *stage) healthyIn(service string) []string {
	for _, status := range s.lb.Status().Services {
		if status.Name != service {
			continue
		}
		names := []string{}
		for _, g := range status.Groups {
			for _, i := range g.Instances {
				if i.Healthy {
					names = append(names, i.Name)
				}
			}
		}
		return names
	}
	return nil
}

func (s *stage) eventuallyHealthy(service string, n int) {
	s.t.Helper()
	s.eventually("the health for "+service, func() bool { found := s.healthyIn(service); return found != nil && len(found) == n })
}

func (s *stage) post(path string) answer {
	s.t.Helper()
	a, err := s.try(http.MethodPost, path, "x")
	require.NoError(s.t, err)
	return a
}

// Both health checks probe the same port of the same machines, and each decides for its own service alone.
func TestEachServiceHasItsOwnHealth(t *testing.T) {
	s := routed(t, nil)
	s.eventuallyHealthy("site", 6)
	s.eventuallyHealthy("editors", 6)
	services := s.lb.Status().Services
	require.Equal(t, []string{"site", "editors"}, []string{services[0].Name, services[1].Name}, "the default service is first")
	require.Contains(t, services[0].HealthCheck, "GET /healthz at port 30080")
	require.Contains(t, services[1].HealthCheck, "GET /healthz?editors at port 30080")

	failing := map[string]string{} // the query of the failing probes, by instance
	s.set(func() {
		for _, region := range regions {
			for n := range 2 {
				name := instanceName(region, n)
				failing[name] = "editors"
				s.behave[name] = func(r *http.Request) (*http.Response, error) {
					s.mu.Lock()
					defer s.mu.Unlock()
					if query, fails := failing[name]; isProbe(r) && fails && r.URL.RawQuery == query {
						return reply(503, "not for you"), nil
					}
					return nil, nil
				}
			}
		}
	})
	s.eventuallyHealthy("editors", 0)
	require.Len(t, s.healthyIn("site"), 6)
	before := s.lb.Status().Services
	for _, path := range []string{"/", "/wp-admin/", "/wp-login.php", "/?rest_route=/"} {
		a := s.post(path)
		require.Equal(t, 503, a.status, path)
		require.Equal(t, "no healthy upstream", a.body)
	}
	require.Equal(t, 503, s.get("/wp-admin/").status)
	require.Len(t, s.spread(12), 6, "visitors notice nothing")
	after := s.lb.Status().Services
	require.EqualValues(t, []uint64{12, 0}, []uint64{after[0].Requests - before[0].Requests, after[0].Failed})
	require.EqualValues(t, []uint64{5, 5}, []uint64{after[1].Requests - before[1].Requests, after[1].Failed - before[1].Failed})

	// The first machine of a region is now for editors only.
	only := instanceName("region-b", 0)
	s.set(func() { failing[only] = "" })
	s.eventuallyHealthy("editors", 1)
	s.eventuallyHealthy("site", 5)
	for range 6 {
		require.Equal(t, only, s.post("/").body)
	}
	require.Zero(t, s.spread(12)[only])
}

// The path of the generated cookie is /: it counts for every service of the URL map.
func TestAffinityHoldsAcrossServices(t *testing.T) {
	s := routed(t, func(site, editors *cloud.BackendService) { site.Sticky, editors.Sticky = true, true })
	s.eventuallyHealthy("site", 6)
	s.eventuallyHealthy("editors", 6)
	first := s.get("/")
	cookie := (&http.Response{Header: first.header}).Cookies()[0]
	for range 6 {
		a, err := s.try(http.MethodPost, "/", "x", "Cookie", "GCLB="+cookie.Value)
		require.NoError(t, err)
		require.Equal(t, first.body, a.body)
		require.Empty(t, a.header.Values("Set-Cookie"))
	}
}

func TestOnlyTheServiceWithCloudCDNKeepsAnswers(t *testing.T) {
	s := &cachedStage{stage: routed(t, func(site, _ *cloud.BackendService) { site.CDN = declaredCDN() })}
	s.answer(func(*http.Request) (*http.Response, error) {
		response := reply(200, "x")
		response.Header.Set("Cache-Control", "public, max-age=3600")
		return response, nil
	})
	s.eventuallyHealthy("site", 6)
	s.eventuallyHealthy("editors", 6)
	for _, path := range []string{"/?rest_route=/", "/wp-login.php"} {
		require.Empty(t, s.get(path).header.Get("Age"))
		require.Empty(t, s.get(path).header.Get("Age"), path)
	}
	require.Empty(t, s.get("/").header.Get("Age"))
	require.NotEmpty(t, s.get("/").header.Get("Age"))
}

func TestAChangedURLMapTakesEffect(t *testing.T) {
	// Editors go to the first region only, which shows who answers.
	s := routed(t, func(site, editors *cloud.BackendService) {
		editors.Backends, site.Backends = editors.Backends[:1], site.Backends[1:]
	})
	s.eventuallyHealthy("site", 4)
	s.eventuallyHealthy("editors", 2)
	inFirst := func(a answer) bool { return a.status == 200 && strings.Contains(a.body, "region-a") }
	require.True(t, inFirst(s.post("/")))
	require.False(t, inFirst(s.get("/")))

	// Another rule, in front of the first.
	s.redeclare(func(f *cloud.FrontEnd) {
		f.Routes = append([]cloud.Route{{Matches: []cloud.Match{{Path: "/wp-cron.php"}}, Service: f.Service}}, f.Routes...)
	})
	s.eventually("the new rule", func() bool { return !inFirst(s.post("/wp-cron.php")) })
	require.True(t, inFirst(s.post("/")))

	// Without any rule, the service goes, but finishes the request that it has.
	arrived, finish := make(chan string, 1), make(chan struct{})
	s.set(func() {
		for n := range 2 {
			name := instanceName("region-a", n)
			s.behave[name] = only(func(*http.Request) (*http.Response, error) {
				arrived <- name
				<-finish
				return nil, nil
			})
		}
	})
	slow := make(chan answer, 1)
	go func() {
		a, err := s.try(http.MethodPost, "/", "x")
		if err != nil {
			a.body = err.Error()
		}
		slow <- a
	}()
	instance := <-arrived
	s.redeclare(func(f *cloud.FrontEnd) { f.Routes = nil })
	s.eventually("the service goes", func() bool { return len(s.lb.Status().Services) == 1 })
	a := s.post("/")
	require.Equal(t, 200, a.status)
	require.False(t, inFirst(a))
	select {
	case a := <-slow:
		t.Fatalf("it was cut off: %+v", a)
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	a = <-slow
	require.Equal(t, []any{200, instance}, []any{a.status, a.body})
}
