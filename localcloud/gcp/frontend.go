package gcp

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/schema"
	"geo-wordpress/localcloud/ports"
)

const (
	addressType        = "gcp:compute/globalAddress:GlobalAddress"
	urlMapType         = "gcp:compute/uRLMap:URLMap"
	httpProxyType      = "gcp:compute/targetHttpProxy:TargetHttpProxy"
	httpsProxyType     = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
	certificateType    = "gcp:compute/managedSslCertificate:ManagedSslCertificate"
	forwardingRuleType = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
)

var _ = register(&kind{
	token: addressType, title: "GlobalAddress", noun: "address", service: computeAPI, scope: global,
	naming: computeNames,
	fields: fields{
		"addressType": str(preset("EXTERNAL"), forceNew, only("EXTERNAL", "it peers with no other network")),
		"description": str(forceNew),
		"ipVersion":   str(forceNew, only("IPV4", noIPv6)),
		"labels":      labels(),
	},
	outputs: []string{"address", "creationTimestamp", "effectiveLabels", "labelFingerprint", "network",
		"prefixLength", "pulumiLabels", "purpose", "selfLink"},
	id: memberID(addresses),
	admit: func(t *txn, r, old *record) error {
		if !r.Outputs.has("address") {
			address, err := t.freeAddress()
			if err != nil {
				return err
			}
			r.Outputs["address"] = address
		}
		fillLabels(r)
		return admitPlain(t, r, old)
	},
})

// freeAddress draws an unused loopback address from 127.64.0.0 up. It stands for a public address: only this machine
// can reach it, and another checkout's cloud is unlikely to have drawn it. Where this process may not listen on port
// 80, the address carries another port.
func (t *txn) freeAddress() (string, error) {
	taken := map[string]bool{}
	all, err := t.all(addressType, forwardingRuleType)
	if err != nil {
		return "", err
	}
	for _, r := range all {
		taken[r.Outputs.str("address")] = true
		taken[r.Outputs.str("ipAddress")] = true
	}
	for {
		n := uint32(numericID()) % (192 << 16)
		a := netip.AddrFrom4([4]byte{127, byte(64 + n>>16), byte(n >> 8), byte(n)})
		if last := a.As4()[3]; last != 0 && last != 255 && !taken[a.String()] {
			return ports.Site(a)
		}
	}
}

// isAddress reports whether a forwarding rule's address is a literal address rather than the name of a resource.
func isAddress(value string) bool {
	_, plain := netip.ParseAddr(value)
	_, withPort := netip.ParseAddrPort(value)
	return plain == nil || withPort == nil
}

// redirect declares a URL redirect.
func redirect() *schema.Field {
	return objectOf(fields{
		"hostRedirect":   str(),
		"httpsRedirect":  boolean(preset(false)),
		"pathRedirect":   str(),
		"prefixRedirect": str(),
		"redirectResponseCode": str(oneOf("FOUND", "MOVED_PERMANENTLY_DEFAULT", "PERMANENT_REDIRECT", "SEE_OTHER",
			"TEMPORARY_REDIRECT")),
		"stripQuery": boolean(required),
	})
}

var _ = register(&kind{
	token: urlMapType, title: "UrlMap", noun: "url_map", service: computeAPI, scope: global, naming: computeNames,
	fields: fields{
		"defaultService":     str(ref(backendServices)),
		"defaultUrlRedirect": redirect(),
		"description":        str(),
		"hostRules": setOf(objectOf(fields{
			"description": str(), "hosts": setOf(str(), required, minItems(1)), "pathMatcher": str(required)})),
		"pathMatchers": listOf(objectOf(fields{
			"name": str(required), "description": str(),
			"defaultService": str(ref(backendServices)), "defaultUrlRedirect": redirect(),
			"pathRules": listOf(objectOf(fields{"paths": setOf(str(), required, minItems(1)),
				"service": str(ref(backendServices)), "urlRedirect": redirect()})),
		})),
	},
	outputs: []string{"creationTimestamp", "fingerprint", "mapId", "selfLink"},
	id:      memberID(urlMaps),
	check:   checkURLMap,
	admit: func(t *txn, r, old *record) error {
		r.Outputs["fingerprint"] = fingerprint(r.Inputs)
		r.Outputs.fill("mapId", numericID())
		return admitPlain(t, r, old)
	},
})

func checkURLMap(in object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	either := func(o object, at, a, b string) {
		if o.has(a) == o.has(b) {
			failures = append(failures, failure(at+a, "one of %s and %s must be given, and not both", a, b))
		}
	}
	either(in, "", "defaultService", "defaultUrlRedirect")
	matchers := map[string]bool{}
	for i, m := range in.objs("pathMatchers") {
		at := fmt.Sprintf("pathMatchers[%d].", i)
		matchers[m.str("name")] = true
		either(m, at, "defaultService", "defaultUrlRedirect")
		for j, rule := range m.objs("pathRules") {
			either(rule, fmt.Sprintf("%spathRules[%d].", at, j), "service", "urlRedirect")
		}
	}
	for i, rule := range in.objs("hostRules") {
		if name := rule.str("pathMatcher"); name != "" && !matchers[name] {
			failures = append(failures, failure(fmt.Sprintf("hostRules[%d].pathMatcher", i),
				"there is no path matcher %q", name))
		}
	}
	return failures
}

// proxyFields are the inputs that both kinds of proxy have.
func proxyFields(more fields) fields {
	f := fields{
		"description":             str(forceNew),
		"httpKeepAliveTimeoutSec": integer(forceNew, between(5, 1200)),
		"proxyBind":               boolean(computed, forceNew, only(false, "there is no service mesh")),
		"urlMap":                  str(required, ref(urlMaps)),
	}
	for name, field := range more {
		f[name] = field
	}
	return f
}

func admitProxy(t *txn, r, old *record) error {
	r.Outputs.fill("proxyBind", false)
	r.Outputs.fill("proxyId", numericID())
	return admitPlain(t, r, old)
}

var _ = register(&kind{
	token: httpProxyType, title: "TargetHttpProxy", noun: "target_http_proxy", service: computeAPI, scope: global,
	naming: computeNames, fields: proxyFields(nil), id: memberID(targetHTTPProxies), admit: admitProxy,
	outputs: []string{"creationTimestamp", "proxyId", "selfLink"},
})

var _ = register(&kind{
	token: httpsProxyType, title: "TargetHttpsProxy", noun: "target_https_proxy", service: computeAPI,
	scope: global, naming: computeNames,
	fields: proxyFields(fields{
		"quicOverride":    str(preset("NONE"), oneOf("NONE", "ENABLE", "DISABLE")),
		"sslCertificates": listOf(str(ref(sslCertificates)), required, minItems(1), maxItems(15)),
		"tlsEarlyData":    str(computed, oneOf("STRICT", "PERMISSIVE", "DISABLED")),
	}),
	outputs: []string{"creationTimestamp", "proxyId", "selfLink"},
	id:      memberID(targetHTTPSProxies),
	admit: func(t *txn, r, old *record) error {
		r.Outputs.fill("tlsEarlyData", "DISABLED")
		return admitProxy(t, r, old)
	},
})

var _ = register(&kind{
	token: certificateType, title: "ManagedSslCertificate", noun: "ssl_certificate", service: computeAPI,
	scope: global, naming: computeNames,
	fields: fields{
		"description": str(forceNew),
		"managed": objectOf(fields{"domains": listOf(str(checkString(checkDomain), schema.Same(sameDomain)), required,
			forceNew, minItems(1), maxItems(100))}, required, forceNew),
		"type": str(preset("MANAGED"), forceNew, oneOf("MANAGED")),
	},
	outputs: []string{"certificateId", "creationTimestamp", "expireTime", "selfLink", "subjectAlternativeNames"},
	id:      memberID(sslCertificates),
	admit: func(t *txn, r, old *record) error {
		r.Outputs.fill("certificateId", numericID())
		r.Outputs.fill("expireTime", "") // as on Google until the domain's DNS points to the load balancer
		r.Outputs.fill("subjectAlternativeNames", []any{})
		return admitPlain(t, r, old)
	},
})

func checkDomain(d string) error {
	name := strings.TrimSuffix(d, ".")
	if len(name) > 253 || !strings.Contains(name, ".") || !domainPattern.MatchString(name) {
		return fmt.Errorf("%q is not a domain name such as www.example.com", d)
	}
	return nil
}

func sameDomain(a, b string) bool { return strings.TrimSuffix(a, ".") == strings.TrimSuffix(b, ".") }

var _ = register(&kind{
	token: forwardingRuleType, title: "GlobalForwardingRule", noun: "forwarding_rule", service: computeAPI,
	scope: global, naming: computeNames,
	fields: fields{
		"description": str(forceNew),
		"ipAddress":   str(computed, forceNew, ref(addresses)),
		"ipProtocol":  str(computed, forceNew, only("TCP", "its load balancers speak HTTP over TCP")),
		"ipVersion":   str(forceNew, only("IPV4", noIPv6)),
		"labels":      labels(),
		"loadBalancingScheme": str(preset("EXTERNAL"), forceNew, oneOf("EXTERNAL",
			"EXTERNAL_MANAGED")),
		"portRange": str(forceNew, checkString(checkPorts), schema.Same(samePorts)),
		"target":    str(required, ref(targetHTTPProxies, targetHTTPSProxies)),
	},
	outputs: []string{"baseForwardingRule", "effectiveLabels", "labelFingerprint", "network", "pscConnectionId",
		"pscConnectionStatus", "pulumiLabels", "selfLink", "subnetwork"},
	id: memberID("forwardingRules"),
	literal: func(path, value string) bool {
		return path == "ipAddress" && isAddress(value)
	},
	check: func(in object) []plugin.CheckFailure {
		if !in.has("portRange") {
			return []plugin.CheckFailure{failure("portRange", "a forwarding rule to a proxy needs portRange")}
		}
		return nil
	},
	admit: admitForwardingRule,
})

func samePorts(a, b string) bool {
	aLo, aHi, err1 := parsePorts(a)
	bLo, bHi, err2 := parsePorts(b)
	return err1 == nil && err2 == nil && aLo == bLo && aHi == bHi
}

func admitForwardingRule(t *txn, r, old *record) error {
	o := r.Outputs
	if err := t.fillRuleAddress(r); err != nil {
		return err
	}
	lo, hi, err := parsePorts(o.str("portRange"))
	if err != nil {
		return invalid("portRange", o.str("portRange"), "%v.", err)
	}
	if lo != hi {
		return invalid("portRange", o.str("portRange"), "An external HTTP(S) load balancer's rule has one port.")
	}
	others, err := t.all(forwardingRuleType)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.ID != r.ID && other.Outputs.str("ipAddress") == o.str("ipAddress") &&
			samePorts(other.Outputs.str("portRange"), o.str("portRange")) {
			return invalid("IPAddress", o.str("ipAddress"), "Specified IP address is in-use and would result in a conflict.")
		}
	}
	if err := t.sameScheme(r); err != nil {
		return err
	}
	o["portRange"] = fmt.Sprintf("%d-%d", lo, hi)
	o.fill("ipProtocol", "TCP")
	for _, none := range []string{"baseForwardingRule", "network", "pscConnectionId", "pscConnectionStatus",
		"subnetwork"} {
		o.fill(none, "")
	}
	fillLabels(r)
	o.fill("selfLink", selfLink(r.ID))
	return nil
}

// fillRuleAddress resolves the rule's address, given literally or as the resource that reserves it, to the literal
// address that the API returns. A rule without an address gets its own.
func (t *txn) fillRuleAddress(r *record) error {
	if reserved := r.target("ipAddress"); reserved != "" {
		a, err := t.get(reserved)
		if err != nil {
			return err
		}
		r.Outputs["ipAddress"] = a.Outputs.str("address")
		return nil
	}
	if !r.Inputs.has("ipAddress") {
		if r.Outputs.has("ipAddress") {
			return nil // assigned at creation
		}
		address, err := t.freeAddress()
		r.Outputs["ipAddress"] = address
		return err
	}
	// A literal address counts as a use as well: it prevents the deletion of the resource that reserves it.
	all, err := t.all(addressType)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.Outputs.str("address") == r.Outputs.str("ipAddress") {
			r.Refs = append(r.Refs, reference{Path: "ipAddress", Target: a.ID})
			return nil
		}
	}
	return invalid("IPAddress", r.Outputs.str("ipAddress"), "The address is not reserved in project '%s'.", r.Project)
}

// sameScheme fails if a rule and the backend services behind it have different load balancing schemes.
func (t *txn) sameScheme(r *record) error {
	proxy, err := t.get(r.target("target"))
	if err != nil {
		return err
	}
	urlMap, err := t.get(proxy.target("urlMap"))
	if err != nil {
		return err
	}
	for _, ref := range urlMap.Refs {
		service, err := t.get(ref.Target)
		if err != nil {
			return err
		}
		want, got := r.Outputs.str("loadBalancingScheme"), service.Outputs.str("loadBalancingScheme")
		if want != got {
			return invalid("loadBalancingScheme", want, "The backend service '%s' has the load balancing scheme '%s'.",
				service.ID, got)
		}
	}
	return nil
}
