package compute

import (
	"fmt"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const forwardingRuleType = "gcp:compute/globalForwardingRule:GlobalForwardingRule"

func globalForwardingRule() *api.Kind {
	return &api.Kind{
		Token: forwardingRuleType, Title: "GlobalForwardingRule", Noun: "forwarding_rule", Service: api.Compute,
		Naming: api.ComputeNames,
		Fields: schema.Fields{
			"ipAddress":           schema.String(schema.Required, schema.ForceNew),
			"ipProtocol":          schema.String(schema.Computed, schema.ForceNew, schema.Only("TCP", "its load balancers speak HTTP over TCP")),
			"loadBalancingScheme": schema.String(schema.Required, schema.ForceNew, managed),
			"portRange":           schema.String(schema.Required, schema.ForceNew, schema.CheckString(checkPorts), schema.Same(samePorts)),
			"target":              schema.String(schema.Required, schema.Ref(api.TargetHTTPProxies, api.TargetHTTPSProxies)),
		},
		Outputs: []string{"selfLink"},
		ID:      api.MemberID("forwardingRules"),
		Admit:   admitForwardingRule,
	}
}

func samePorts(a, b string) bool {
	aLo, aHi, err1 := parsePorts(a)
	bLo, bHi, err2 := parsePorts(b)
	return err1 == nil && err2 == nil && aLo == bLo && aHi == bHi
}

func admitForwardingRule(t *api.Tx, r, _ *api.Record) error {
	o := r.Outputs
	if err := useAddress(t, r); err != nil {
		return err
	}
	lo, hi, err := parsePorts(o.Str("portRange"))
	if err != nil {
		return api.Invalid("portRange", o.Str("portRange"), "%v.", err)
	}
	if lo != hi {
		return api.Invalid("portRange", o.Str("portRange"), "An external HTTP(S) load balancer's rule has one port.")
	}
	for _, other := range t.All(forwardingRuleType) {
		if other.ID != r.ID && other.Outputs.Str("ipAddress") == o.Str("ipAddress") &&
			samePorts(other.Outputs.Str("portRange"), o.Str("portRange")) {
			return api.Invalid("IPAddress", o.Str("ipAddress"), "Specified IP address is in-use and would result in a conflict.")
		}
	}
	o["portRange"] = fmt.Sprintf("%d-%d", lo, hi)
	o.Fill("ipProtocol", "TCP")
	o.Fill("selfLink", api.SelfLink(r.ID))
	return nil
}

// useAddress adds a reference to the resource that reserves the rule's address, so that the address cannot be deleted.
func useAddress(t *api.Tx, r *api.Record) error {
	for _, a := range t.All(addressType) {
		if a.Outputs.Str("address") == r.Outputs.Str("ipAddress") {
			r.Refs = append(r.Refs, api.Reference{Path: "ipAddress", Target: a.ID})
			return nil
		}
	}
	return api.Invalid("IPAddress", r.Outputs.Str("ipAddress"), "The address is not reserved in project '%s'.", r.Project)
}

// ForwardingRule is a forwarding rule with its target.
type ForwardingRule struct {
	ID      string
	Address string
	Port    int
	HTTPS   bool
	// CertificateMap is the ID of the proxy's certificate map; empty without one. MinTLS is its SSL policy's floor.
	CertificateMap string
	MinTLS         string
	Routing        // of the URL map; empty if that does not exist yet
}

// ForwardingRules returns all forwarding rules, ordered by ID.
func ForwardingRules(t *api.Tx) (rules []ForwardingRule) {
	for _, r := range t.All(forwardingRuleType) {
		port, _, _ := parsePorts(r.Outputs.Str("portRange")) // it was checked
		rule := ForwardingRule{ID: r.ID, Address: r.Outputs.Str("ipAddress"), Port: port}
		if proxy := t.Find(r.Target("target")); proxy != nil {
			rule.HTTPS = proxy.Type == httpsProxyType
			rule.CertificateMap = proxy.Target("certificateMap")
			if policy := t.Find(proxy.Target("sslPolicy")); policy != nil {
				rule.MinTLS = policy.Outputs.Str("minTlsVersion")
			}
			if urlMap := t.Find(proxy.Target("urlMap")); urlMap != nil {
				rule.Routing = routing(t, urlMap)
			}
		}
		rules = append(rules, rule)
	}
	return rules
}
