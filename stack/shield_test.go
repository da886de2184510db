package stack_test

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/shield"

	"pgregory.net/rapid"
)

const securityPolicyType = "gcp:compute/securityPolicy:SecurityPolicy"

var shieldRules = []invariant{
	{"one security policy, if there are limits, before all backend services", everyServiceHasThePolicy},
	{"Apache refuses XML-RPC in every region unless it is on", apacheRefusesXMLRPC},
	{"Apache refuses the installation page where the stack installs the site", apacheRefusesInstallations},
}

// everyServiceHasThePolicy: a service without it would be the way around it. Without limits there is nothing to pay for.
func everyServiceHasThePolicy(t rapid.TB, s *system) {
	policies := s.Of(securityPolicyType)
	wanted := s.config.Shield != nil || len(s.config.InstallFrom) > 0
	if wanted != (len(policies) == 1) || len(policies) > 1 {
		t.Fatalf("%d security policies; there are limits: %v", len(policies), wanted)
	}
	for _, service := range s.Of(backendType) {
		if !wanted {
			if service.At("securityPolicy") != nil {
				t.Errorf("%s has a security policy", service)
			}
			continue
		}
		if !s.Preview && service.At("securityPolicy") != policies[0].ID || !s.Closure(service)[policies[0]] {
			t.Errorf("%s has the security policy %v, want %s", service, service.At("securityPolicy"), policies[0])
		}
	}
	if !wanted {
		return
	}
	rules := asList(policies[0].At("rules"))
	declared := shield.Rules(s.config.Shield, s.config.XMLRPC, s.config.InstallFrom)
	if len(rules) != len(declared) {
		t.Fatalf("%s has %d rules, want %d", policies[0], len(rules), len(declared))
	}
	for i, want := range declared {
		rule := rules[i].(map[string]any)
		match := rule["match"].(map[string]any)
		if want.Expression == "" != (match["expr"] == nil) || (match["expr"] == nil) != (match["versionedExpr"] == "SRC_IPS_V1") {
			t.Errorf("rule %d matches %v", want.Priority, match)
		}
		options, limited := rule["rateLimitOptions"].(map[string]any)
		// By the connection's address: a client may write any other into X-Forwarded-For.
		if limited != (want.Limit != nil) || limited && options["enforceOnKey"] != "IP" {
			t.Errorf("rule %d has the options %v", want.Priority, options)
		}
		if rule["preview"] != want.Preview || rule["action"] != want.Action {
			t.Errorf("rule %d is %v", want.Priority, rule)
		}
	}
}

func apacheRefusesXMLRPC(t rapid.TB, s *system) {
	apache(t, s, "<Files \"xmlrpc.php\">\n\tRequire all denied\n</Files>", !s.config.XMLRPC)
}

// apacheRefusesInstallations: the pods serve before the Job has installed the site.
func apacheRefusesInstallations(t rapid.TB, s *system) {
	apache(t, s, "<Directory \"/var/www/html/wp-admin\">\n\t<Files \"install.php\">\n\t\tRequire all denied\n\t</Files>\n</Directory>", s.config.Site != nil)
}

// apache checks that every region's configuration of Apache has a part, or has it not.
func apache(t rapid.TB, s *system, part string, want bool) {
	t.Helper()
	found := 0
	for _, r := range s.Of("kubernetes:core/v1:ConfigMap") {
		text, ok := r.Data()["apache.conf"].(string)
		if !ok {
			continue
		}
		found++
		if strings.Contains(text, part) != want {
			t.Errorf("%s has\n%s\nand must have\n%s\n%v", r, text, part, want)
		}
	}
	if found != len(s.config.Regions) {
		t.Errorf("%d configurations of Apache for %d regions", found, len(s.config.Regions))
	}
}

const someLimits = `{"loginsPerMinute":30,"banMinutes":15,"requestsPerMinute":1000}`

// A shield adds the policy and changes the backend services, and no server. With a primary region there are two services.
func TestTheShieldChangesTheEntranceOnly(t *testing.T) {
	values := with(configtest.Committed(t), "primaryRegion", "europe-west1")
	for key, value := range map[string]string{"shield": someLimits, "installFrom": `["203.0.113.7/32","2001:db8::/32"]`} {
		before, after := run(t, values, false), run(t, with(values, key, value), false)
		var want []string
		for _, r := range before.Of(backendType) {
			want = append(want, r.URN)
		}
		slices.Sort(want)
		c := between(before, after)
		slices.Sort(c.changed)
		if !slices.Equal(c.changed, want) || len(c.removed) > 0 || len(c.added) != 1 || c.added[0] != after.Only(securityPolicyType).URN {
			t.Errorf("%s changes %+v, want %v", key, c, want)
		}
	}
}

// Other numbers, and preview, change the policy only: no backend service, so that no request is lost.
func TestTheShieldsNumbersChangeThePolicyOnly(t *testing.T) {
	values := with(configtest.Committed(t), "shield", someLimits)
	for _, other := range []string{`{"loginsPerMinute":60,"banMinutes":5}`,
		`{"loginsPerMinute":30,"banMinutes":15,"requestsPerMinute":1000,"preview":true}`} {
		c := between(run(t, values, false), run(t, with(values, "shield", other), false))
		if len(c.added)+len(c.removed) > 0 || len(c.changed) != 1 || !strings.Contains(c.changed[0], securityPolicyType) {
			t.Errorf("%s changes %+v", other, c)
		}
	}
}

// XML-RPC is off by default, and its switch changes WordPress's files, whose new name rolls the pods.
func TestXMLRPCChangesWordPressOnly(t *testing.T) {
	before, after := run(t, configtest.Committed(t), false), run(t, with(configtest.Committed(t), "xmlrpc", "true"), false)
	var want []string
	for _, r := range before.Of("kubernetes:core/v1:ConfigMap") {
		if _, ok := r.Data()["apache.conf"]; ok {
			want = append(want, r.URN)
		}
	}
	c := between(before, after)
	slices.Sort(c.changed)
	slices.Sort(want)
	if len(c.added)+len(c.removed) > 0 || !slices.Equal(c.changed, want) {
		t.Errorf("changes %+v, want %v", c, want)
	}
}
