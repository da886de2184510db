package compute

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/armor"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

// SecurityPolicy returns what a security policy enforces.
func SecurityPolicy(r *api.Record) *cloud.SecurityPolicy {
	policy := &cloud.SecurityPolicy{}
	for _, o := range r.Outputs.Objs("rules") {
		rule := cloud.SecurityRule{Priority: o.Num("priority"), Expression: o.Str("match.expr.expression"), Preview: o.Flag("preview"),
			Deny: denied(o.Str("action"))}
		for _, source := range o.Strs("match.config.srcIpRanges") {
			if source == "*" {
				rule.Ranges = append(rule.Ranges, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"))
			} else if of, err := armor.Range(source); err == nil {
				rule.Ranges = append(rule.Ranges, of)
			}
		}
		if o.Has("rateLimitOptions") {
			rule.Limit = rateLimit(o)
		}
		policy.Rules = append(policy.Rules, rule)
	}
	slices.SortFunc(policy.Rules, func(a, b cloud.SecurityRule) int { return cmp.Compare(a.Priority, b.Priority) })
	return policy
}

func rateLimit(rule api.Object) *cloud.RateLimit {
	seconds := func(path string) time.Duration {
		return time.Duration(rule.Num("rateLimitOptions."+path)) * time.Second
	}
	limit := &cloud.RateLimit{
		Count: rule.Num("rateLimitOptions.rateLimitThreshold.count"), Interval: seconds("rateLimitThreshold.intervalSec"),
		Exceeded: denied(rule.Str("rateLimitOptions.exceedAction")), Ban: seconds("banDurationSec"),
		BanCount: rule.Num("rateLimitOptions.banThreshold.count"), BanInterval: seconds("banThreshold.intervalSec"),
	}
	return limit
}

// denied is the status of an action such as deny(403); 0 for other actions.
func denied(action string) int {
	status, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(action, "deny("), ")"))
	return status
}
