package loadbalancer

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

func TestURLMap(t *testing.T) {
	to := func(id string) cloud.Route { return cloud.Route{Service: &cloud.BackendService{ID: id}} }
	r := &router{urlMap: cloud.URLMap{Default: to("default"), Hosts: []cloud.HostRule{
		{Hosts: []string{"a.test"}, Default: to("a"), Paths: []cloud.PathRule{
			{Paths: []string{"/img/*"}, Route: to("images")},
			{Paths: []string{"/img/special", "/x"}, Route: to("special")},
			{Paths: []string{"/img/deep/*"}, Route: to("deep")},
		}},
		{Hosts: []string{"*.a.test"}, Default: to("any a")},
		{Hosts: []string{"*.b.a.test"}, Default: to("any b")},
	}}}
	for request, want := range map[string]string{
		"other.test/":         "default",
		"a.test/":             "a",
		"A.TEST:8080/":        "a",
		"a.test/img":          "images",
		"a.test/img/1":        "images",
		"a.test/imgs":         "a",
		"a.test/img/special":  "special",
		"a.test/img/special/": "images",
		"a.test/img/deep/1":   "deep",
		"x.a.test/img/1":      "any a",
		"x.b.a.test/":         "any b",
	} {
		i := len(request)
		for n, c := range request {
			if c == '/' {
				i = n
				break
			}
		}
		require.Equal(t, want, r.route(request[:i], request[i:]).Service.ID, request)
	}
	r.urlMap.Hosts = append(r.urlMap.Hosts, cloud.HostRule{Hosts: []string{"*"}, Default: to("every host")})
	require.Equal(t, "every host", r.route("other.test", "/").Service.ID)
	require.Equal(t, "any a", r.route("x.a.test", "/").Service.ID)
}

func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		to     cloud.Redirect
		secure bool
		want   string
	}{
		{cloud.Redirect{HTTPS: true}, false, "https://site.test/a/b?q=1"},
		{cloud.Redirect{HTTPS: true}, true, "https://site.test:8080/a/b?q=1"},
		{cloud.Redirect{HTTPS: true, StripQuery: true}, false, "https://site.test/a/b"},
		{cloud.Redirect{Host: "other.test"}, false, "http://other.test/a/b?q=1"},
		{cloud.Redirect{Path: "/c"}, false, "http://site.test:8080/c?q=1"},
	} {
		r, err := http.NewRequest(http.MethodGet, "http://site.test:8080/a/b?q=1", nil)
		require.NoError(t, err)
		require.Equal(t, c.want, redirected(c.to, r, c.secure), "%+v", c.to)
	}
	s := newStage(t)
	s.front.URLMap.Default = cloud.Route{Redirect: &cloud.Redirect{HTTPS: true, Status: 301}}
	s.listen(freePort(t)).start()
	s.eventually("the front end", func() bool { return len(s.lb.Status().FrontEnds) == 1 })
	a := s.get("/x")
	require.Equal(t, 301, a.status)
	require.Equal(t, "https://127.0.0.1/x", a.header.Get("Location"))
}
