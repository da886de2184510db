package gcp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/schema"
)

const firewallType = "gcp:compute/firewall:Firewall"

var _ = register(&kind{
	token: firewallType, title: "Firewall", noun: "firewall", service: computeAPI, scope: global, naming: computeNames,
	fields: fields{
		"allows":            setOf(firewallPorts),
		"denies":            setOf(firewallPorts),
		"description":       str(),
		"destinationRanges": setOf(str(anyRange), computed),
		"direction":         str(computed, forceNew, oneOf("INGRESS", "EGRESS")),
		"disabled":          boolean(),
		"logConfig": objectOf(fields{
			"metadata": str(required, oneOf("INCLUDE_ALL_METADATA", "EXCLUDE_ALL_METADATA"))}),
		"network":      str(required, forceNew, ref(networks)),
		"priority":     integer(preset(1000), between(0, 65535)),
		"sourceRanges": setOf(str(anyRange), computed, maxItems(5000)),
		"targetTags":   setOf(str(checkString(checkTag)), maxItems(70)),
	},
	outputs: []string{"creationTimestamp", "enableLogging", "selfLink"},
	id:      memberID("firewalls"),
	check:   checkFirewall,
	admit: func(t *txn, r, old *record) error {
		r.Outputs.fill("direction", "INGRESS")
		r.Outputs["enableLogging"] = r.Outputs.has("logConfig")
		ranges, other := "sourceRanges", "destinationRanges"
		if r.Outputs.str("direction") == "EGRESS" {
			ranges, other = other, ranges
		}
		r.Outputs.fill(ranges, []any{"0.0.0.0/0"})
		r.Outputs.fill(other, []any{})
		return admitPlain(t, r, old)
	},
})

var firewallPorts = objectOf(fields{
	"protocol": str(required, schema.Same(strings.EqualFold), checkString(checkProtocol)),
	"ports":    listOf(str(checkString(checkPorts))),
})

func checkTag(tag string) error {
	if len(tag) > 63 || !networkTags.MatchString(tag) {
		return fmt.Errorf("%q is not a network tag: %s", tag, computeNames.rule)
	}
	return nil
}

func checkProtocol(p string) error {
	known := []string{"tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip", "all"}
	if slices.Contains(known, strings.ToLower(p)) {
		return nil
	}
	if n, err := strconv.Atoi(p); err == nil && n >= 0 && n <= 255 {
		return nil
	}
	return fmt.Errorf("%q is neither an IP protocol number nor one of %s", p, strings.Join(known, ", "))
}

func checkPorts(s string) error { _, _, err := parsePorts(s); return err }

// parsePorts parses a port, or a range of ports with a hyphen.
func parsePorts(s string) (lo, hi int, err error) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	lo, err1 := strconv.Atoi(from)
	hi, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || lo < 0 || hi > 65535 || lo > hi {
		return 0, 0, fmt.Errorf("%q is neither a port nor a range of ports such as 8000-8080", s)
	}
	return lo, hi, nil
}

func checkFirewall(in object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	if in.has("allows") == in.has("denies") {
		failures = append(failures, failure("allows", "one of allows and denies must be given, and not both"))
	}
	egress := in.str("direction") == "EGRESS"
	if egress && in.has("sourceRanges") {
		failures = append(failures, failure("sourceRanges", "an EGRESS rule has destinationRanges, no sourceRanges"))
	}
	if !egress && in.has("destinationRanges") && (!in.has("direction") || in.known("direction")) {
		failures = append(failures, failure("destinationRanges",
			"an INGRESS rule has sourceRanges, no destinationRanges"))
	}
	for _, list := range []string{"allows", "denies"} {
		for i, rule := range in.objs(list) {
			p := strings.ToLower(rule.str("protocol"))
			if len(rule.list("ports")) > 0 && !slices.Contains([]string{"tcp", "udp", "sctp", "6", "17", "132"}, p) {
				failures = append(failures, failure(fmt.Sprintf("%s[%d].ports", list, i),
					"only tcp, udp and sctp have ports, %q has none", p))
			}
		}
	}
	return failures
}

// firewall is an ingress rule prepared for matching.
type firewall struct {
	network  string
	priority int
	deny     bool
	sources  []netip.Prefix
	tags     []string // empty: every machine
	ports    []portRule
}

type portRule struct {
	protocol string // lower case; "all" for any
	ranges   [][2]int
}

var protocolNumbers = map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "50": "esp", "51": "ah", "132": "sctp"}

// ingressRule converts a firewall's record; false if it is not an enabled ingress rule.
func ingressRule(r *record) (firewall, bool) {
	o := r.Outputs
	if o.str("direction") != "INGRESS" || o.flag("disabled") {
		return firewall{}, false
	}
	f := firewall{network: r.target("network"), priority: o.num("priority"), deny: o.has("denies"),
		tags: o.strs("targetTags")}
	for _, cidr := range o.strs("sourceRanges") {
		if p, err := parseRange(cidr); err == nil {
			f.sources = append(f.sources, p)
		}
	}
	for _, rule := range append(o.objs("allows"), o.objs("denies")...) {
		protocol := strings.ToLower(rule.str("protocol"))
		if name, ok := protocolNumbers[protocol]; ok {
			protocol = name
		}
		p := portRule{protocol: protocol}
		for _, s := range rule.strs("ports") {
			if lo, hi, err := parsePorts(s); err == nil {
				p.ranges = append(p.ranges, [2]int{lo, hi})
			}
		}
		f.ports = append(f.ports, p)
	}
	return f, true
}

func (f *firewall) matches(from netip.Addr, tags []string, protocol string, port int) bool {
	if len(f.tags) > 0 && !slices.ContainsFunc(f.tags, func(t string) bool { return slices.Contains(tags, t) }) {
		return false
	}
	if !slices.ContainsFunc(f.sources, func(p netip.Prefix) bool { return p.Contains(from) }) {
		return false
	}
	return slices.ContainsFunc(f.ports, func(p portRule) bool {
		return (p.protocol == "all" || p.protocol == protocol) && (len(p.ranges) == 0 ||
			slices.ContainsFunc(p.ranges, func(r [2]int) bool { return r[0] <= port && port <= r[1] }))
	})
}
