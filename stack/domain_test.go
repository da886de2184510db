package stack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"
	"geo-wordpress/state"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"pgregory.net/rapid"
)

const (
	certificateType = "gcp:certificatemanager/certificate:Certificate"
	entryType       = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"
	recordType      = "gcp:dns/recordSet:RecordSet"
	httpProxyType   = "gcp:compute/targetHttpProxy:TargetHttpProxy"
	httpsProxyType  = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
)

// withNames has a domain with everything that can go with it.
func withNames(values map[string]string, domain string) map[string]string {
	for key, value := range map[string]string{"domain": domain, "aliases": `["www.` + domain + `"]`, "dnsZone": "example-com",
		"ipv6": "true", "hsts": "86400"} {
		values = with(values, key, value)
	}
	return values
}

// issue makes the certificates of names ACTIVE, as a refresh finds them.
func issue(s *system, names ...string) *system {
	for _, r := range s.Of(certificateType) {
		managed := r.Outputs["managed"].ObjectValue()
		if slices.Contains(names, managed["domains"].ArrayValue()[0].StringValue()) {
			managed["state"] = resource.NewProperty("ACTIVE")
		}
	}
	return s
}

// certified are the names with a certificate and an entry in the map.
func (s *system) certified(t rapid.TB) (names []string) {
	for _, entry := range s.Of(entryType) {
		names = append(names, entry.Text("hostname"))
		certificate := s.Get(entry.PropertyDependencies["certificates"][0])
		if !equal(certificate.At("managed.domains"), []any{entry.Text("hostname")}) {
			t.Errorf("%s has the certificate of %v", entry, certificate.At("managed.domains"))
		}
	}
	slices.Sort(names)
	return names
}

// published are the names with address records of a type.
func (s *system) published(kind string) (names []string) {
	for _, r := range s.Of(recordType) {
		if r.At("type") == kind {
			names = append(names, strings.TrimSuffix(r.Text("name"), "."))
		}
	}
	slices.Sort(names)
	return names
}

// on returns the URL map behind a port.
func (s *system) on(t rapid.TB, proxyType string) *stacktest.Resource {
	proxy := s.Only(proxyType)
	if len(proxy.PropertyDependencies["urlMap"]) != 1 {
		t.Fatalf("%s has the URL map %v", proxy, proxy.At("urlMap"))
	}
	return s.Get(proxy.PropertyDependencies["urlMap"][0])
}

// whatListensFollowsTheDomain: a new stack serves its site on port 80, with a domain too, because no certificate is issued yet.
func whatListensFollowsTheDomain(t rapid.TB, s *system) {
	want := map[string]string{"80": "TargetHttpProxy"}
	if s.config.Domain != "" {
		want["443"] = "TargetHttpsProxy"
	}
	ports := map[string]string{} // type of the proxy by port
	for _, r := range s.Of(ruleType) {
		for _, urn := range r.PropertyDependencies["target"] {
			ports[r.Text("portRange")] = s.Get(urn).Kind()
		}
	}
	rules, addresses := len(s.Of(ruleType)), 1
	if s.config.IPv6 {
		addresses = 2
	}
	if !equal(ports, want) || rules != len(want)*addresses || len(s.Of(addressType)) != addresses {
		t.Fatalf("%v listen by %d rules at %d addresses, want %v at %d", ports, rules, len(s.Of(addressType)), want, addresses)
	}
	if m := s.on(t, httpProxyType); m.At("defaultUrlRedirect") != nil || m.At("headerAction") != nil {
		t.Errorf("plain HTTP redirects before HTTPS answers, or sends HSTS: %s", m)
	}
	names := append([]string{}, s.config.Aliases...)
	if s.config.Domain != "" {
		names = append(names, s.config.Domain)
	}
	slices.Sort(names)
	if got := s.certified(t); !slices.Equal(got, names) {
		t.Errorf("certificates for %v, want %v", got, names)
	}
	records := len(s.Of(recordType))
	if want := map[bool]int{true: 0, false: len(names)}[s.config.DNSZone == ""]; records != want || len(s.published("A")) > 0 {
		t.Errorf("%d DNS records, want the %d that prove the names, and no addresses: %v", records, want, s.published("A"))
	}
	if s.config.Domain == "" {
		return
	}
	proxy := s.Only(httpsProxyType)
	policy := s.Get(proxy.PropertyDependencies["sslPolicy"][0])
	if policy.At("minTlsVersion") != "TLS_1_2" || policy.At("profile") != "RESTRICTED" || proxy.At("certificateMap") == nil {
		t.Errorf("%s speaks %v from %v, with the certificates of %v", proxy, policy.At("profile"), policy.At("minTlsVersion"), proxy.At("certificateMap"))
	}
}

// moves checks what holds in every update: a name in WordPress's URL has an issued certificate in the update before and
// stays served; nothing redirects to it before WordPress is there everywhere; and HSTS goes over HTTPS only.
func moves(t *testing.T, before, now *system, home string) {
	t.Helper()
	url := "http://" + now.Only(addressType, "loadbalancer").Output("address")
	if home != "" {
		url = "https://" + home
	}
	now.home = home
	if got := now.output("site_url"); got != url {
		t.Errorf("the site is at %v, want %s", got, url)
	}
	for _, rule := range append(outputRules, orderRules...) {
		rule.check(t, now)
	}
	plain := now.on(t, httpProxyType)
	if plain.At("headerAction") != nil {
		t.Errorf("plain HTTP sends %v", plain.At("headerAction"))
	}
	if home != "" {
		if !slices.Contains(now.certified(t), home) {
			t.Errorf("%s is served without a certificate", home)
		}
		if plain.At("defaultUrlRedirect.httpsRedirect") != true || plain.At("defaultUrlRedirect.hostRedirect") != home {
			t.Errorf("port 80 redirects to %v, want %s", plain.At("defaultUrlRedirect"), home)
		}
	} else if plain.At("defaultUrlRedirect") != nil {
		t.Errorf("port 80 redirects to %v", plain.At("defaultUrlRedirect"))
	}
	for _, region := range now.config.Regions {
		site := now.workload(t, region, "wordpress").Resource
		for _, r := range []*stacktest.Resource{plain, now.Only(httpProxyType)} {
			if home != "" && !now.Closure(r)[site] {
				t.Errorf("%s does not wait for %s", r, site)
			}
		}
		// WordPress does not wait for a listener that stays as it is, when there is no name yet.
		if listener := now.Only(ruleType, "loadbalancer-http"); home == "" && before.on(t, httpProxyType).At("defaultUrlRedirect") != nil &&
			!now.Closure(site)[listener] {
			t.Errorf("%s returns to plain HTTP, which may still redirect to HTTPS", site)
		}
		for _, r := range now.Resources {
			if home != "" && (r.Name == "loadbalancer-https" && r.Type == ruleType || r.Type == recordType && r.At("type") == "A" && r.Text("name") == home+".") &&
				!now.Closure(site)[r] {
				t.Errorf("%s does not wait for %s", site, r)
			}
		}
	}
	for _, r := range now.Of(recordType) {
		for _, listener := range now.Of(ruleType) {
			if r.At("type") == "AAAA" && !now.Closure(r)[listener] {
				t.Errorf("%s leads to IPv6 before %s listens", r, listener)
			}
		}
	}
	// A name's certificate does not change with the others. The engine deletes what is gone after everything else.
	c := between(before, now)
	for _, urn := range c.changed {
		if kind := now.Get(urn).Kind(); strings.HasPrefix(now.Get(urn).Type, "gcp:certificatemanager/") {
			t.Errorf("%s %s changes", kind, urn)
		}
	}
}

// redirectsAreAnswered: what HTTPS redirects to is a URL that the regions which have not rolled answer to as their own. They
// would redirect any other one to theirs, which may lead back. It did not redirect before: browsers remember that.
func redirectsAreAnswered(t *testing.T, before, now *system) {
	t.Helper()
	if now.home == "" || len(asList(now.on(t, httpsProxyType).At("hostRules"))) == 0 {
		return
	}
	if text := fmt.Sprint(before.on(t, httpsProxyType).At("hostRules")); strings.Contains(text, "["+now.home+"]") {
		t.Errorf("HTTPS redirects to %s, which has just redirected itself: %s", now.home, text)
	}
	for _, r := range before.Of("kubernetes:core/v1:ConfigMap") {
		if extra, ok := r.Data()["config-extra.php"].(string); ok && !strings.Contains(extra, " 'https://"+now.home+"',") {
			t.Errorf("HTTPS redirects to %s, which is not %s's own: %s", now.home, r, extra)
		}
	}
}

// The state has the URLs once every region's WordPress serves with them: an update that fails before leaves the old ones.
func TestTheStateHasTheURLsOfTheLastRegion(t *testing.T) {
	here := withNames(configtest.Committed(t), "example.com")
	waiting := run(t, here, false)
	regions := waiting.config.Regions
	plain := "http://" + waiting.Only(addressType, "loadbalancer").Output("address")
	want := []string{plain, "https://example.com"}
	if last := read(t, waiting.Graph).Entrance; last.SiteURL != plain || !slices.Equal(last.URLs, want) {
		t.Errorf("the state has the URL %s of %v, want %v", last.SiteURL, last.URLs, want)
	}
	for _, region := range regions {
		site := waiting.workload(t, region, "wordpress").URN
		g, err := stacktest.Run(here, stacktest.Options{Last: issue(waiting, "example.com").Graph, Fail: func(r *stacktest.Resource) error {
			if r.URN == site {
				return errors.New("its pods do not start")
			}
			return nil
		}})
		if err == nil {
			t.Fatalf("%s fails, the update does not", site)
		}
		// The engine keeps the outputs that a component had until it registers others.
		if last := read(t, g).Entrance; last.SiteURL != "" || last.URLs != nil {
			t.Errorf("the update fails in %s, and registers %s of %v", region.Name, last.SiteURL, last.URLs)
		}
	}
}

func TestASiteMovesOnceItsCertificateIsIssued(t *testing.T) {
	none := configtest.Committed(t)
	here := withNames(none, "example.com")
	there := withNames(none, "example.org")
	swapped := with(withNames(none, "www.example.com"), "aliases", `["example.com"]`)
	steps := []struct {
		name   string
		values map[string]string
		issued []string // since the step before
		home   string
		names  []string // with certificates
		public []string // with address records
	}{
		{"a domain", here, nil, "", []string{"example.com", "www.example.com"}, nil},
		{"again, too early", here, nil, "", []string{"example.com", "www.example.com"}, nil},
		// Another server may serve the alias until the site is there.
		{"its alias first", here, []string{"www.example.com"}, "", []string{"example.com", "www.example.com"}, nil},
		{"its certificate", here, []string{"example.com"}, "example.com", []string{"example.com", "www.example.com"}, []string{"example.com", "www.example.com"}},
		// The regions take the alias for their own before it is the site's name.
		{"the alias as the domain", swapped, nil, "example.com", []string{"example.com", "www.example.com"}, []string{"example.com", "www.example.com"}},
		{"the alias as the domain, again", swapped, nil, "www.example.com", []string{"example.com", "www.example.com"}, []string{"example.com", "www.example.com"}},
		{"and back", here, nil, "www.example.com", []string{"example.com", "www.example.com"}, []string{"example.com", "www.example.com"}},
		{"and back, again", here, nil, "example.com", []string{"example.com", "www.example.com"}, []string{"example.com", "www.example.com"}},
		{"another domain", there, nil, "example.com", []string{"example.com", "example.org", "www.example.org"}, []string{"example.com"}},
		{"another domain's certificate", there, []string{"example.org"}, "example.org", []string{"example.org", "www.example.org"}, []string{"example.org"}},
		{"the old one as an alias", with(there, "aliases", `["example.com"]`), nil, "example.org", []string{"example.com", "example.org"}, []string{"example.org"}},
		{"no domain", none, nil, "", nil, nil},
		{"still none", none, nil, "", nil, nil},
	}
	before := run(t, none, false)
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			now := next(t, issue(before, step.issued...), step.values)
			moves(t, before, now, step.home)
			redirectsAreAnswered(t, before, now)
			if got := now.certified(t); !slices.Equal(got, step.names) {
				t.Errorf("certificates for %v, want %v", got, step.names)
			}
			for _, kind := range []string{"A", "AAAA"} {
				if got := now.published(kind); !slices.Equal(got, step.public) {
					t.Errorf("%s records of %v, want %v", kind, got, step.public)
				}
			}
			before = now
		})
	}
}

// HTTPS redirects aliases to the name in force and sends HSTS for the wanted name alone.
func TestTheSecureURLMap(t *testing.T) {
	here := withNames(configtest.Committed(t), "example.com")
	waiting := run(t, here, false)
	if m := waiting.on(t, httpsProxyType); m.At("headerAction") != nil || m.At("hostRules") != nil {
		t.Errorf("%s already redirects or sends HSTS", m)
	}
	served := next(t, issue(waiting, "example.com"), here)
	m := served.on(t, httpsProxyType)
	want := []any{map[string]any{"headerName": "Strict-Transport-Security", "headerValue": "max-age=86400", "replace": true}}
	if got := m.At("headerAction.responseHeadersToAdds"); !equal(got, want) {
		t.Errorf("HTTPS sends %v", got)
	}
	if !equal(m.At("hostRules.0.hosts"), []any{"www.example.com"}) || m.At("pathMatchers.0.defaultUrlRedirect.hostRedirect") != "example.com" {
		t.Errorf("HTTPS redirects %v by %v", m.At("hostRules"), m.At("pathMatchers"))
	}
	// The domain that is awaited does not redirect to the old one.
	moving := next(t, served, withNames(configtest.Committed(t), "example.org")).on(t, httpsProxyType)
	if text := fmt.Sprint(moving.At("hostRules")); strings.Contains(text, "[example.org") || !strings.Contains(text, "www.example.org") || moving.At("headerAction") != nil {
		t.Errorf("HTTPS redirects %v, and sends %v", text, moving.At("headerAction"))
	}
}

// The state of a stack that an earlier version of the program made has a certificate of Compute Engine.
func TestAClassicCertificateStaysUntilItsSuccessorServes(t *testing.T) {
	values := with(configtest.Committed(t), "domain", "example.com")
	old := run(t, values, false)
	classic := *old.Of(entryType)[0]
	classic.Type, classic.URN = "gcp:compute/managedSslCertificate:ManagedSslCertificate", strings.Replace(classic.URN, entryType, "gcp:compute/managedSslCertificate:ManagedSslCertificate", 1)
	classic.Outputs = resource.PropertyMap{"managed": resource.NewPropertyValue(map[string]any{"domains": []any{"example.com"}})}
	for _, r := range old.Resources {
		switch r.Type {
		case "geo-wordpress:loadbalancer:LoadBalancer":
			r.Outputs["siteUrl"] = resource.NewProperty("https://example.com")
		case httpsProxyType:
			delete(r.Outputs, "certificateMap")
		}
	}
	old.Resources = append(old.Resources, &classic)
	for _, step := range []struct {
		name            string
		classic, mapped bool
	}{{"before it is issued", true, false}, {"once it is issued", true, true}, {"once it serves", false, true}} {
		if step.mapped {
			issue(old, "example.com")
		}
		now := next(t, old, values)
		proxy := now.Only(httpsProxyType)
		if got := proxy.At("sslCertificates") != nil; got != step.classic {
			t.Errorf("%s: the classic certificate is used: %v", step.name, got)
		}
		if got := proxy.At("certificateMap") != nil; got != step.mapped {
			t.Errorf("%s: the certificate map is used: %v", step.name, got)
		}
		if now.output("site_url") != "https://example.com" {
			t.Errorf("%s: the site is at %v", step.name, now.output("site_url"))
		}
		old = now
	}
}

// The output tells the operator every record, with and without a zone.
func TestTheRecordsOfTheNames(t *testing.T) {
	for _, zone := range []string{"", "example-com"} {
		s := run(t, with(withNames(configtest.Committed(t), "example.com"), "dnsZone", zone), false)
		var got []string
		for _, each := range asList(s.output("dns_records")) {
			r := each.(map[string]any)
			got = append(got, fmt.Sprint(r["name"], " ", r["type"]))
		}
		want := []string{"_acme-challenge.example.com. CNAME", "_acme-challenge.www.example.com. CNAME",
			"example.com. A", "example.com. AAAA", "www.example.com. A", "www.example.com. AAAA"}
		if !slices.Equal(got, want) {
			text, _ := json.Marshal(got)
			t.Errorf("the records are %s", text)
		}
	}
}

// A restore writes the URL at which the site stays into the texts, although WordPress is at the address at first.
func TestARestoreWritesTheDomain(t *testing.T) {
	none := with(configtest.Committed(t), "restore", `{"bucket":"another-stacks","name":"last-week"}`)
	for domain, want := range map[string]string{"": "http://203.0.113.80", "example.com": "https://example.com"} {
		s := run(t, with(none, "domain", domain), false)
		for _, region := range s.config.Regions {
			found := false
			for _, c := range s.workload(t, region, "restore").Pod.All() {
				for _, e := range c.Env {
					if e.Name != "SITE_URL" {
						continue
					}
					found = true
					if e.Value != want {
						t.Errorf("%s: %s writes %s, want %s", region.Name, c.Name, e.Value, want)
					}
				}
			}
			if !found {
				t.Errorf("no container of the restore in %s has SITE_URL", region.Name)
			}
		}
	}
}

// Google's states of a certificate are those of its API reference, ManagedCertificate.State.
func TestTheStateKnowsWhatGoogleHasGivenUp(t *testing.T) {
	s := run(t, with(configtest.Committed(t), "domain", "example.com"), false)
	certificate := s.Only(certificateType)
	managed := certificate.Outputs["managed"].ObjectValue()
	managed["state"] = resource.NewProperty("FAILED")
	managed["provisioningIssues"] = resource.NewPropertyValue([]any{map[string]any{"reason": "AUTHORIZATION_ISSUE", "details": "see below"}})
	managed["authorizationAttemptInfos"] = resource.NewPropertyValue([]any{map[string]any{"failureReason": "CAA", "details": "no pki.goog"}})
	want := map[string]state.Failure{"example.com": {URN: certificate.URN, Reason: "AUTHORIZATION_ISSUE: see below: CAA: no pki.goog"}}
	if last := read(t, s.Graph).Entrance; !maps.Equal(last.Failed, want) || len(last.Issued) > 0 {
		t.Errorf("the state has %+v and the certificates of %v, want %+v", last.Failed, last.Issued, want)
	}
}
