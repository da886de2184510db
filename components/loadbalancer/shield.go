package loadbalancer

import (
	"geo-wordpress/shield"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// shield declares the security policy of all backend services; none if there are no rules.
func (l *LoadBalancer) shield(ctx *pulumi.Context) error {
	if len(l.args.Shield) == 0 {
		return nil
	}
	rules := compute.SecurityPolicyRuleTypeArray{}
	for _, rule := range l.args.Shield {
		rules = append(rules, policyRule(rule))
	}
	var err error
	l.policy, err = compute.NewSecurityPolicy(ctx, l.name, &compute.SecurityPolicyArgs{
		Description: pulumi.String("geo-wordpress: limits for clients"),
		Type:        pulumi.String("CLOUD_ARMOR"),
		Rules:       rules,
	}, pulumi.Parent(l), l.args.Project.Ready())
	return err
}

func policyRule(rule shield.Rule) *compute.SecurityPolicyRuleTypeArgs {
	match := &compute.SecurityPolicyRuleMatchArgs{
		VersionedExpr: pulumi.String("SRC_IPS_V1"),
		Config:        &compute.SecurityPolicyRuleMatchConfigArgs{SrcIpRanges: pulumi.ToStringArray([]string{"*"})},
	}
	if rule.Expression != "" {
		match = &compute.SecurityPolicyRuleMatchArgs{
			Expr: &compute.SecurityPolicyRuleMatchExprArgs{Expression: pulumi.String(rule.Expression)},
		}
	}
	in := &compute.SecurityPolicyRuleTypeArgs{
		Priority:    pulumi.Int(rule.Priority),
		Description: pulumi.String(rule.Description),
		Action:      pulumi.String(rule.Action),
		Match:       match,
		Preview:     pulumi.Bool(rule.Preview),
	}
	if limit := rule.Limit; limit != nil {
		options := &compute.SecurityPolicyRuleRateLimitOptionsArgs{
			RateLimitThreshold: &compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs{
				Count: pulumi.Int(limit.Count), IntervalSec: pulumi.Int(shield.LimitSeconds),
			},
			ConformAction: pulumi.String(shield.Allow),
			ExceedAction:  pulumi.String(shield.Exceeded),
			// The address of the connection. X-Forwarded-For is what the client says.
			EnforceOnKey: pulumi.String("IP"),
		}
		if limit.BanFor > 0 {
			options.BanDurationSec = pulumi.Int(limit.BanFor)
			options.BanThreshold = &compute.SecurityPolicyRuleRateLimitOptionsBanThresholdArgs{
				Count: pulumi.Int(limit.BanFrom), IntervalSec: pulumi.Int(shield.BanSeconds),
			}
		}
		in.RateLimitOptions = options
	}
	return in
}
