package loadbalancer

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"geo-wordpress/localcloud/cloud"
)

// router routes requests by a URL map.
type router struct {
	urlMap   cloud.URLMap
	services map[string]*service // by ID
}

// route returns the route of a request: the host rule first, then the path rule with the longest matching path.
func (r *router) route(host, path string) cloud.Route {
	rule, ok := r.hostRule(host)
	if !ok {
		return r.urlMap.Default
	}
	found, length := rule.Default, -1
	for _, p := range rule.Paths {
		for _, pattern := range p.Paths {
			if n := pathMatches(pattern, path); n > length {
				found, length = p.Route, n
			}
		}
	}
	return found
}

// hostRule returns the rule of a host: an exact name precedes the longest *.domain, which precedes *.
func (r *router) hostRule(host string) (found cloud.HostRule, ok bool) {
	host = strings.ToLower(hostOf(host))
	best := -1
	for _, rule := range r.urlMap.Hosts {
		for _, pattern := range rule.Hosts {
			n := -1
			suffix, wild := strings.CutPrefix(strings.ToLower(pattern), "*")
			switch {
			case !wild && hostOf(suffix) == host:
				n = 1 << 16
			case wild && (suffix == "" || strings.HasSuffix(host, suffix)):
				n = len(suffix)
			}
			if n > best {
				found, best = rule, n
			}
		}
	}
	return found, best >= 0
}

// pathMatches returns the length of a pattern's match with a path, -1 if none. An exact path precedes /*.
func pathMatches(pattern, path string) int {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		if strings.HasPrefix(path, prefix) || path == strings.TrimSuffix(prefix, "/") {
			return len(prefix)
		}
		return -1
	}
	if pattern == path {
		return 1 << 16
	}
	return -1
}

// redirected returns the URL to which a redirect sends a request.
func redirected(to cloud.Redirect, r *http.Request, secure bool) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	if secure || to.HTTPS {
		u.Scheme = "https"
	}
	if to.HTTPS && !secure {
		u.Host = hostOf(r.Host)
	}
	if to.Host != "" {
		u.Host = to.Host
	}
	if to.Path != "" {
		u.Path, u.RawPath = to.Path, ""
	}
	if to.Prefix != "" {
		u.Path, u.RawPath = to.Prefix, ""
	}
	if to.StripQuery {
		u.RawQuery = ""
	}
	return u.String()
}

// hostOf returns a host without its port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
