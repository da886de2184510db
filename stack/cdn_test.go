package stack_test

import (
	"crypto/md5" // WordPress names its cookies with it
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
)

// Cloud CDN changes the backend service, WordPress's files and the pods that mount them, and nothing else. It adds and
// replaces nothing.
func TestTheCDNChangesTheEntranceAndWordPressOnly(t *testing.T) {
	before, after := run(t, configtest.Committed(t), false), run(t, with(configtest.Committed(t), "cdn", "true"), false)
	var want []string
	for _, r := range before.Resources {
		if r.Type == backendType || r.Type == "kubernetes:core/v1:ConfigMap" && strings.HasPrefix(r.Name, "wordpress-") {
			want = append(want, r.URN)
		}
	}
	for _, w := range before.Workloads() {
		if app(w) == "wordpress" || app(w) == "wordpress-cli" {
			want = append(want, w.URN)
		}
	}
	c := between(before, after)
	slices.Sort(c.changed)
	slices.Sort(want)
	if len(c.added)+len(c.removed) > 0 || !slices.Equal(c.changed, want) {
		t.Errorf("changes %+v, want %v", c, want)
	}
	for _, r := range after.Of("kubernetes:core/v1:ConfigMap") {
		if !strings.HasPrefix(r.Name, "wordpress-") {
			continue
		}
		old, now := before.Get(r.URN).At("data").(map[string]any), r.At("data").(map[string]any)
		var changed []string
		for name := range now {
			if !equal(old[name], now[name]) {
				changed = append(changed, name)
			}
		}
		slices.Sort(changed)
		if want := []string{"apache.conf", "config-extra.php", "visitor-cache.php"}; !slices.Equal(changed, want) {
			t.Errorf("%s changes %v, want %v", r, changed, want)
		}
	}
}

// The cache key has the cookies that WordPress derives from the site's address, in an update. A preview does not know the
// address yet.
func TestTheCacheKeyFollowsTheSite(t *testing.T) {
	for domain, url := range map[string]string{"": "http://", "www.example.com": "https://www.example.com"} {
		values := with(with(configtest.Committed(t), "cdn", "true"), "domain", domain)
		s := run(t, values, false)
		if domain != "" {
			s = next(t, issue(s, domain), values)
		}
		if domain == "" {
			url += s.Only(addressType).Output("address")
		}
		sum := md5.Sum([]byte(url))
		cookies := asList(s.Only(backendType, "loadbalancer").At("cdnPolicy.cacheKeyPolicy.includeNamedCookies"))
		if len(cookies) > 5 || !slices.Contains(cookies, any("wordpress_logged_in_"+hex.EncodeToString(sum[:]))) {
			t.Errorf("%s: the cache key has %v", url, cookies)
		}
		for _, r := range s.Of("kubernetes:core/v1:ConfigMap") {
			page, ok := r.At("data").(map[string]any)["visitor.php"].(string)
			found := regexp.MustCompile(`GEO_WORDPRESS_WROTE = '(\w+)'`).FindStringSubmatch(page)
			if ok && (found == nil || !slices.Contains(cookies, any(found[1]))) {
				t.Errorf("%s: who has sent something has the cookie %v, and the cache key has %v", r, found, cookies)
			}
		}
		if got := s.Only(backendType, "loadbalancer").At("cdnPolicy.cacheMode"); got != "USE_ORIGIN_HEADERS" {
			t.Errorf("the cache mode is %v", got)
		}
	}
}

// Without the switch, no property of Cloud CDN is set, and WordPress has none of its files.
func TestWithoutTheCDN(t *testing.T) {
	s := run(t, configtest.Committed(t), false)
	if service := s.Only(backendType, "loadbalancer"); service.At("enableCdn") != nil || service.At("cdnPolicy") != nil {
		t.Errorf("%s has a policy for the cache", service)
	}
	for _, r := range s.Of("kubernetes:core/v1:ConfigMap") {
		for name, text := range r.At("data").(map[string]any) {
			if text, ok := text.(string); ok && name != "visitor.php" && (strings.Contains(text, "PAGE_SECONDS") || strings.Contains(text, "Expires")) {
				t.Errorf("%s: %s is that of a cached site", r, name)
			}
		}
	}
}
