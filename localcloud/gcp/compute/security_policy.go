package compute

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/armor"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// defaultPriority is that of the rule for what no other rule matches.
const defaultPriority = 2147483647

// Actions that count requests.
const (
	throttle     = "throttle"
	rateBasedBan = "rate_based_ban"
)

// Google's intervals of a limit and durations of a ban, in seconds
// (https://docs.cloud.google.com/sdk/gcloud/reference/compute/security-policies/rules/create).
var (
	banDurations   = []int{60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600}
	limitIntervals = append([]int{10, 30}, banDurations...)
)

// securityPolicy is a policy of Cloud Armor for backend services. The published provider has the rules as a set that the
// cloud fills in if there are none.
func securityPolicy() *api.Kind {
	return &api.Kind{
		Token: "gcp:compute/securityPolicy:SecurityPolicy", Title: "SecurityPolicy", Noun: "security_policy",
		Service: api.Compute, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"description": schema.String(schema.CheckString(atMost(2048))),
			"type":        schema.String(schema.Computed, schema.Only("CLOUD_ARMOR", "its policies are for backend services")),
			"rules":       schema.SetOf(securityRule(), schema.Computed),
		},
		Outputs: []string{"fingerprint", "selfLink"},
		ID:      api.MemberID(api.SecurityPolicies),
		Check:   checkSecurityPolicy,
		Admit:   admitSecurityPolicy,
	}
}

func securityRule() *schema.Field {
	deny := []string{"deny(403)", "deny(404)", "deny(502)"}
	threshold := func(options ...schema.Option) *schema.Field {
		return schema.ObjectOf(schema.Fields{
			"count":       schema.Int(schema.Required, schema.Between(1, 1000000)),
			"intervalSec": schema.Int(schema.Required, oneOfSeconds(limitIntervals)),
		}, options...)
	}
	return schema.ObjectOf(schema.Fields{
		"action":      schema.String(schema.Required, schema.OneOf(append(deny, "allow", throttle, rateBasedBan)...)),
		"priority":    schema.Int(schema.Required, schema.Between(0, defaultPriority)),
		"description": schema.String(schema.CheckString(atMost(64))),
		"preview":     schema.Bool(schema.Computed),
		"match": schema.ObjectOf(schema.Fields{
			"versionedExpr": schema.String(schema.OneOf("SRC_IPS_V1")),
			"config": schema.ObjectOf(schema.Fields{
				"srcIpRanges": schema.SetOf(schema.String(schema.CheckString(checkSource)), schema.Required, schema.MinItems(1), schema.MaxItems(10)),
			}),
			"expr": schema.ObjectOf(schema.Fields{
				"expression": schema.String(schema.Required),
			}),
		}, schema.Required),
		"rateLimitOptions": schema.ObjectOf(schema.Fields{
			"rateLimitThreshold": threshold(schema.Required),
			"conformAction":      schema.String(schema.Required, schema.OneOf("allow")),
			"exceedAction":       schema.String(schema.Required, schema.OneOf(append(deny, "deny(429)")...)),
			"enforceOnKey":       schema.String(schema.Required, schema.Only("IP", "it counts by the address of the connection")),
			"banThreshold":       threshold(),
			"banDurationSec":     schema.Int(oneOfSeconds(banDurations)),
		}),
	})
}

// atMost allows texts of at most n bytes.
func atMost(n int) func(string) error {
	return func(s string) error {
		if len(s) > n {
			return fmt.Errorf("%d characters are more than the %d allowed", len(s), n)
		}
		return nil
	}
}

// oneOfSeconds allows the listed numbers of seconds.
func oneOfSeconds(allowed []int) schema.Option {
	return schema.Check(func(v any) error {
		if n := int(v.(float64)); !slices.Contains(allowed, n) {
			return fmt.Errorf("%d seconds are none of Google's intervals: %s", n, strings.Trim(fmt.Sprint(allowed), "[]"))
		}
		return nil
	})
}

// checkSource allows an address range or all addresses.
func checkSource(s string) error {
	if s == "*" {
		return nil
	}
	if _, err := armor.Range(s); err != nil {
		return fmt.Errorf("%q is no address, no range in CIDR notation, and not *", s)
	}
	return nil
}

// checkSecurityPolicy checks what the published provider and Google check of several properties together.
func checkSecurityPolicy(in api.Object) (failures []plugin.CheckFailure) {
	seen := map[int]bool{}
	for i, rule := range in.Objs("rules") {
		at := fmt.Sprintf("rules[%d]", i)
		fail := func(path, format string, args ...any) {
			failures = append(failures, api.Failure(at+path, format, args...))
		}
		if priority := rule.Num("priority"); rule.Known("priority") {
			if seen[priority] {
				fail(".priority", "Two rules have the same priority, please update one of the priorities to be different.")
			}
			seen[priority] = true
		}
		if rule.Has("match.expr") == rule.Has("match.versionedExpr") {
			fail(".match", "one of expr and versionedExpr must be given, and not both")
		}
		if rule.Has("match.config") != rule.Has("match.versionedExpr") {
			fail(".match.config", "config and versionedExpr must be given together")
		}
		checkLimit(rule, fail)
	}
	return failures
}

// checkLimit checks a rule's limit against its action.
func checkLimit(rule api.Object, fail func(path, format string, args ...any)) {
	const options = "rateLimitOptions"
	action := rule.Str("action")
	counts := action == throttle || action == rateBasedBan
	switch {
	case counts != rule.Has(options):
		fail("."+options, "it must be specified for the actions throttle and rate_based_ban, and for no other")
	case action == rateBasedBan && rule.Num(options+".banDurationSec") == 0:
		fail("."+options+".banDurationSec", "it must be specified for the action rate_based_ban")
	case action == throttle && (rule.Has(options+".banThreshold") || rule.Num(options+".banDurationSec") > 0):
		fail("."+options, "the action throttle has no ban")
	}
	if action == rateBasedBan {
		for _, threshold := range []string{"rateLimitThreshold", "banThreshold"} {
			if n := rule.Num(options + "." + threshold + ".count"); n > 10000 {
				fail("."+options+"."+threshold+".count", "%d is more than the 10000 allowed for the action rate_based_ban", n)
			}
		}
	}
}

func admitSecurityPolicy(_ *api.Tx, r, old *api.Record) error {
	o := r.Outputs
	o.Fill("type", "CLOUD_ARMOR")
	o.Fill("rules", []any{map[string]any{
		"action": "allow", "priority": float64(defaultPriority), "description": "default rule",
		"match": map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": []any{"*"}}},
	}})
	hasDefault := false
	for i, rule := range o.Objs("rules") {
		at := fmt.Sprintf("rules[%d]", i)
		if rule.Num("priority") == defaultPriority {
			hasDefault = true
			if !slices.Equal(rule.Strs("match.config.srcIpRanges"), []string{"*"}) {
				return api.Invalid(at+".match", "", "The default rule must match all addresses.")
			}
		}
		if rule.Has("match.expr") {
			expression := rule.Str("match.expr.expression")
			if _, err := armor.Compile(expression); err != nil {
				return api.Invalid(at+".match.expr.expression", expression, "%v", err)
			}
		}
		if old == nil {
			continue
		}
		for _, was := range old.Outputs.Objs("rules") {
			if was.Num("priority") == rule.Num("priority") && was.Str("action") == rateBasedBan && rule.Str("action") == throttle {
				return api.Invalid(at+".action", throttle, "A rule that bans cannot become one that throttles.")
			}
		}
	}
	if !hasDefault {
		return api.Invalid("rules", "", "A rule with the priority %d must match all addresses.", defaultPriority)
	}
	for _, rule := range o.List("rules") {
		if rule := rule.(map[string]any); rule["preview"] == nil {
			rule["preview"] = false
		}
	}
	o["fingerprint"] = api.Fingerprint(r.Inputs)
	r.FillPlain()
	delete(o, "creationTimestamp") // which the provider does not read
	return nil
}
