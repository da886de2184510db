package stack_test

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"
)

const (
	urlMapType = "gcp:compute/uRLMap:URLMap"
	jobType    = "kubernetes:batch/v1:Job"
)

// A primary region is named, changed and given up without a restart of any pod: the Job that places the data runs again,
// and the load balancer gets its second service.
func TestAPrimaryRegionRestartsNothing(t *testing.T) {
	changed, added, removed := changes(t, map[string]string{"primaryRegion": "europe-west2"})
	if want := []string{"Job replication-*", "URLMap loadbalancer"}; !slices.Equal(changed, want) {
		t.Errorf("changes %v, want %v", changed, want)
	}
	want := []string{"BackendService loadbalancer-leaders", "HealthCheck loadbalancer-leaders", "Job leaders-*", "Leaders leaders-*"}
	if !slices.Equal(added, want) || len(removed) > 0 {
		t.Errorf("adds %v, want %v; removes %v", added, want, removed)
	}
}

// What writes is sent to the leaders only when they are where they belong.
func TestWritersFindTheLeaders(t *testing.T) {
	for _, domain := range []string{"", "www.example.com"} {
		s := run(t, with(with(configtest.Committed(t), "primaryRegion", "europe-west2"), "domain", domain), false)
		job, service := s.Only(jobType, "leaders-europe-west1"), s.Only(backendType, "loadbalancer-leaders")
		routes, replication := s.Only(urlMapType, "loadbalancer"), s.Only(jobType, "replication-europe-west1")
		if !s.Closure(routes)[job] || !s.Closure(job)[replication] {
			t.Errorf("%s does not wait for %s, or that not for %s", routes, job, replication)
		}
		if s.Closure(service)[job] || s.Closure(s.Only(backendType, "loadbalancer"))[job] {
			t.Error("a backend service waits for the leaders, and no visitor is served meanwhile")
		}
		for _, r := range []*stacktest.Resource{job, replication} {
			env := map[string]string{}
			for _, w := range s.Workloads() {
				if w.Resource == r {
					for _, v := range w.Pod.Containers[0].Env {
						env[v.Name] = v.Value
					}
				}
			}
			if env["PRIMARY"] != "europe-west2" {
				t.Errorf("%s knows %v", r, env)
			}
			if r == job && env["STORE"] != "tikv.database.svc.europe-west2.geo-wordpress.local:20160" {
				t.Errorf("%s knows the store %q", r, env["STORE"])
			}
		}
		if service.At("sessionAffinity") != "NONE" || service.At("enableCdn") != nil {
			t.Errorf("%s has the affinity %v, and the cache %v", service, service.At("sessionAffinity"), service.At("enableCdn"))
		}
	}
}

// A rule that matched too much would send visitors to one region, one that matched too little would send a form to another.
// The conditions of one match hold together; any match is enough.
func TestWhatWritesGoesToTheLeaders(t *testing.T) {
	s := run(t, with(configtest.Committed(t), "primaryRegion", "europe-west2"), false)
	routes := s.Only(urlMapType, "loadbalancer")
	if asList(routes.At("pathMatchers.0.routeRules"))[0].(map[string]any)["service"] == routes.At("defaultService") {
		t.Error("everybody's service is that of the leaders")
	}
	matches := asList(routes.At("pathMatchers.0.routeRules.0.matchRules"))
	for request, writes := range map[string]bool{
		"GET /":                              false,
		"HEAD /2026/11/a-post/":              false,
		"GET /?s=wp-admin":                   false,
		"GET /wp-administration/":            false,
		"GET /wp-content/uploads/a.jpg":      false,
		"GET /wp-includes/css/dashicons.css": false,
		"GET /wp-sitemap.xml":                false,
		"POST /":                             true,
		"POST /shop/?add-to-cart=7":          true,
		"PUT /a":                             true,
		"GET /wp-admin":                      true,
		"GET /wp-admin/edit.php":             true,
		"GET /wp-login.php":                  true,
		"GET /wp-json":                       true,
		"GET /wp-json/wp/v2/posts":           true,
		"GET /?rest_route=/wp/v2/posts":      true,
		"POST /wp-comments-post.php":         true,
		"POST /xmlrpc.php":                   true,
		"GET /wp-cron.php?doing_wp_cron=1":   true,
	} {
		method, target, _ := strings.Cut(request, " ")
		path, query, _ := strings.Cut(target, "?")
		got := slices.ContainsFunc(matches, func(each any) bool {
			match := each.(map[string]any)
			full, isFull := match["fullPathMatch"].(string)
			prefix, isPrefix := match["prefixMatch"].(string)
			holds := isFull && path == full || isPrefix && strings.HasPrefix(path, prefix)
			for _, each := range asList(match["headerMatches"]) {
				header := each.(map[string]any)
				holds = holds && header["headerName"] == ":method" && (header["exactMatch"] == method) != (header["invertMatch"] == true)
			}
			for _, each := range asList(match["queryParameterMatches"]) {
				holds = holds && strings.HasPrefix(query, each.(map[string]any)["name"].(string)+"=")
			}
			return holds
		})
		if got != writes {
			t.Errorf("%s goes to the leaders: %v, want %v", request, got, writes)
		}
	}
}
