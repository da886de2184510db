package gcp

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

const securityPolicyType = "gcp:compute/securityPolicy:SecurityPolicy"

var everybody = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// everything matches all addresses.
func everything() props {
	return props{"versionedExpr": "SRC_IPS_V1", "config": props{"srcIpRanges": []any{"*"}}}
}

func expression(text string) props { return props{"expr": props{"expression": text}} }

// defaultRule is the rule that a policy must have.
func defaultRule() props {
	return props{"priority": 2147483647, "action": "allow", "match": everything()}
}

// limited are the options of a limit, with more properties.
func limited(count int, more props) props {
	o := props{"rateLimitThreshold": props{"count": count, "intervalSec": 60}, "conformAction": "allow",
		"exceedAction": "deny(429)", "enforceOnKey": "IP"}
	for k, v := range more {
		o[k] = v
	}
	return o
}

func ban(count, seconds int) props {
	return props{"banDurationSec": seconds, "banThreshold": props{"count": count, "intervalSec": 600}}
}

// limits are the rules of a policy like the program's.
func limits(logins int, preview bool) []any {
	return []any{
		props{"priority": 1000, "action": "deny(403)", "preview": false, "description": "The installation page",
			"match": expression("request.path.contains('/install.php') && !inIpRange(origin.ip, '203.0.113.7/32')")},
		props{"priority": 3000, "action": "rate_based_ban", "preview": preview, "match": expression("request.path.contains('wp-login.php')"),
			"rateLimitOptions": limited(logins, ban(logins*5, 900))},
		props{"priority": 5000, "action": "throttle", "preview": preview, "match": everything(), "rateLimitOptions": limited(600, nil)},
		defaultRule(),
	}
}

func TestASecurityPolicy(t *testing.T) {
	s := build(t, "")
	policyOf := func(rules []any) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(props{"type": "CLOUD_ARMOR", "description": "limits", "rules": rules})
	}
	require.NoError(t, s.make(step{"limits", securityPolicyType, func(*stand) props { return policyOf(limits(30, true)).Mappable() }}))
	assert.Empty(t, s.diff(securityPolicyType, "limits", s.ids["limits"], s.inputs["limits"], s.inputs["limits"], s.outputs["limits"]).DetailedDiff)
	assert.Regexp(t, `^projects/[^/]+/global/securityPolicies/limits-`, s.ids["limits"])

	update := func(name, token string, to resource.PropertyMap) (map[string]any, error) {
		t.Helper()
		in, failures := s.check(token, name, s.inputs[name], to)
		require.Empty(t, failures)
		d := s.diff(token, name, s.ids[name], s.inputs[name], in, s.outputs[name])
		require.NotEmpty(t, d.DetailedDiff)
		require.Empty(t, d.Replaces, "it changes in place")
		out, err := s.updateFrom(s.outputs[name], token, name, s.ids[name], s.inputs[name], in)
		if err != nil {
			return nil, err
		}
		require.Empty(t, s.diff(token, name, s.ids[name], in, in, out).DetailedDiff, "a preview finds no change")
		s.inputs[name], s.outputs[name] = in, out
		return out.Mappable(), nil
	}
	policy := func() *cloud.SecurityPolicy {
		fronts, err := s.api.FrontEnds()
		require.NoError(t, err)
		return fronts[0].Service.Policy
	}

	// A backend service takes it, and it cannot be deleted meanwhile.
	require.Len(t, policy().Rules, 1)
	_, err := update("backend", backendServiceType, s.with("backend", props{"securityPolicy": s.ids["limits"]}))
	require.NoError(t, err)
	assert.Equal(t, &cloud.SecurityPolicy{Rules: []cloud.SecurityRule{
		{Priority: 1000, Expression: "request.path.contains('/install.php') && !inIpRange(origin.ip, '203.0.113.7/32')", Deny: 403},
		{Priority: 3000, Expression: "request.path.contains('wp-login.php')", Preview: true, Limit: &cloud.RateLimit{Count: 30,
			Interval: time.Minute, Exceeded: 429, BanCount: 150, BanInterval: 10 * time.Minute, Ban: 15 * time.Minute}},
		{Priority: 5000, Ranges: everybody, Preview: true, Limit: &cloud.RateLimit{Count: 600, Interval: time.Minute, Exceeded: 429}},
		{Priority: 2147483647, Ranges: everybody},
	}}, policy())
	require.ErrorContains(t, s.delete(securityPolicyType, "limits", s.ids["limits"]), "is already being used by")

	// It changes in place, and a rule that bans stays one.
	_, err = update("limits", securityPolicyType, policyOf(limits(60, false)))
	require.NoError(t, err)
	assert.Equal(t, 60, policy().Rules[1].Limit.Count)
	assert.False(t, policy().Rules[1].Preview)
	_, err = update("limits", securityPolicyType, policyOf(limits(60, false)[2:]))
	require.NoError(t, err)
	assert.Len(t, policy().Rules, 2)
	_, err = update("limits", securityPolicyType, policyOf(append(limits(60, false)[:2], defaultRule())))
	require.NoError(t, err)
	_, err = update("limits", securityPolicyType, policyOf([]any{defaultRule(), props{"priority": 3000, "action": "throttle",
		"match": everything(), "rateLimitOptions": limited(60, nil)}}))
	require.ErrorContains(t, err, "cannot become one that throttles")

	// Without it, the backend service has none, and it can go.
	_, err = update("backend", backendServiceType, s.with("backend", props{"securityPolicy": nil}))
	require.NoError(t, err)
	assert.Nil(t, policy())
	require.NoError(t, s.delete(securityPolicyType, "limits", s.ids["limits"]))
}

// Google adds the default rule to a policy without rules, which is no change.
func TestASecurityPolicyWithoutRules(t *testing.T) {
	s := build(t, "vpc")
	require.NoError(t, s.make(step{"shield", securityPolicyType, func(*stand) props { return props{} }}))
	assert.Equal(t, "CLOUD_ARMOR", s.out("shield", "type"))
	assert.Len(t, s.outputs["shield"]["rules"].ArrayValue(), 1)
	assert.Empty(t, s.diff(securityPolicyType, "shield", s.ids["shield"], s.inputs["shield"], s.inputs["shield"], s.outputs["shield"]).DetailedDiff)
}

func TestSecurityPoliciesThatAreRefused(t *testing.T) {
	s := build(t, "vpc")
	rule := func(changes props) props {
		r := props{"priority": 1, "action": "deny(403)", "match": expression("request.path == '/'")}
		for k, v := range changes {
			if v == nil {
				delete(r, k)
			} else {
				r[k] = v
			}
		}
		return r
	}
	banned := func(options props) props { return rule(props{"action": "rate_based_ban", "rateLimitOptions": options}) }
	for want, changed := range map[string]props{
		`missing required property "rules[0].action"`:              rule(props{"action": nil}),
		`missing required property "rules[0].match"`:               rule(props{"match": nil}),
		`"deny(401)" is not one of`:                                rule(props{"action": "deny(401)"}),
		`"redirect" is not one of`:                                 rule(props{"action": "redirect"}),
		"is not between 0 and 2.147483647e+09":                     rule(props{"priority": -1}),
		"65 characters are more than the 64 allowed":               rule(props{"description": strings.Repeat("x", 65)}),
		"Two rules have the same priority":                         rule(props{"priority": 2147483647}),
		"one of expr and versionedExpr":                            rule(props{"match": props{}}),
		"config and versionedExpr must be given together":          rule(props{"match": props{"versionedExpr": "SRC_IPS_V1"}}),
		"no range in CIDR notation":                                rule(props{"match": props{"versionedExpr": "SRC_IPS_V1", "config": props{"srcIpRanges": []any{"all"}}}}),
		`does not know the property "rules[0].headerAction"`:       rule(props{"headerAction": props{}}),
		"for the actions throttle and rate_based_ban, and for no":  rule(props{"rateLimitOptions": limited(1, nil)}),
		"for the actions throttle and rate_based_ban, and for no ": rule(props{"action": "throttle"}),
		"banDurationSec":                                           banned(limited(1, nil)),
		"the action throttle has no ban":                           rule(props{"action": "throttle", "rateLimitOptions": limited(1, ban(5, 60))}),
		"420 seconds are none of Google's intervals":               banned(limited(1, ban(5, 420))),
		"10001 is more than the 10000 allowed":                     banned(limited(1, ban(10001, 60))),
		"is not between 1 and 1e+06":                               banned(limited(0, ban(5, 60))),
		`"deny(500)" is not one of`:                                banned(limited(1, props{"exceedAction": "deny(500)", "banDurationSec": 60})),
		"knows only IP here":                                       banned(limited(1, props{"enforceOnKey": "XFF_IP", "banDurationSec": 60})),
		"undeclared reference to":                                  rule(props{"match": expression("request.body == ''")}),
		"6 subexpressions, and at most 5":                          rule(props{"match": expression(strings.Repeat("request.path == '/' || ", 5) + "request.query == ''")}),
		"at most 2048 are allowed":                                 rule(props{"match": expression("request.path == '" + strings.Repeat("x", 2048) + "'")}),
	} {
		in := resource.NewPropertyMapFromMap(props{"rules": []any{changed, defaultRule()}})
		in, failures := s.check(securityPolicyType, "shield", nil, in)
		said := ""
		for _, f := range failures {
			said += f + "\n"
		}
		if len(failures) == 0 {
			_, _, err := s.engine.create(securityPolicyType, "shield", in)
			require.Error(t, err, want)
			said = err.Error()
		}
		assert.Contains(t, said, strings.TrimSpace(want))
	}
	in, failures := s.check(securityPolicyType, "shield", nil, resource.NewPropertyMapFromMap(props{"rules": []any{rule(nil)}}))
	require.Empty(t, failures)
	_, _, err := s.engine.create(securityPolicyType, "shield", in)
	require.ErrorContains(t, err, "A rule with the priority 2147483647 must match all addresses")
	_, failures = s.check(securityPolicyType, "shield", nil, resource.NewPropertyMapFromMap(props{"type": "CLOUD_ARMOR_EDGE"}))
	require.Len(t, failures, 1)
}
