package compute

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const firewallType = "gcp:compute/firewall:Firewall"

func firewall() *api.Kind {
	return &api.Kind{
		Token: firewallType, Title: "Firewall", Noun: "firewall", Service: api.Compute, Naming: api.ComputeNames,
		Fields: schema.Fields{
			"allows": schema.SetOf(schema.ObjectOf(schema.Fields{
				"protocol": schema.String(schema.Required, schema.OneOf("tcp", "udp", "icmp")),
				"ports":    schema.ListOf(schema.String(schema.CheckString(checkPorts))),
			}), schema.Required, schema.MinItems(1)),
			"description":  schema.String(),
			"direction":    schema.String(schema.Computed, schema.ForceNew, schema.Only("INGRESS", "nothing restricts egress")),
			"network":      schema.String(schema.Required, schema.ForceNew, schema.Ref(api.Networks)),
			"sourceRanges": schema.SetOf(schema.String(AnyRange), schema.Computed, schema.MaxItems(5000)),
			"targetTags":   schema.SetOf(schema.String(NetworkTag), schema.MaxItems(70)),
		},
		Outputs: []string{"creationTimestamp", "selfLink"},
		ID:      api.MemberID("firewalls"),
		Check:   checkFirewall,
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			r.Outputs.Fill("direction", "INGRESS")
			r.Outputs.Fill("sourceRanges", []any{"0.0.0.0/0"})
			r.FillPlain()
			return nil
		},
	}
}

// NetworkTag allows network tags.
var NetworkTag = schema.CheckString(func(tag string) error {
	if err := api.ComputeNames.Check(tag); err != nil {
		return fmt.Errorf("%q is not a network tag: %w", tag, err)
	}
	return nil
})

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

func checkFirewall(in api.Object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	for i, rule := range in.Objs("allows") {
		if len(rule.List("ports")) > 0 && rule.Str("protocol") == "icmp" {
			failures = append(failures, api.Failure(fmt.Sprintf("allows[%d].ports", i), "only tcp and udp have ports"))
		}
	}
	return failures
}

// Firewall is a rule that admits packets, prepared for matching.
type Firewall struct {
	Network string
	Sources []netip.Prefix
	Tags    []string // empty: every machine
	Ports   []PortRange
}

// PortRange is a range of ports of a protocol. An empty Protocol means any; High 0 means all ports.
type PortRange struct {
	Protocol  string
	Low, High int
}

// Firewalls returns the declared firewall rules.
func Firewalls(t *api.Tx) (rules []Firewall) {
	for _, r := range t.All(firewallType) {
		f := Firewall{Network: r.Target("network"), Tags: r.Outputs.Strs("targetTags")}
		for _, cidr := range r.Outputs.Strs("sourceRanges") {
			if p, err := ParseRange(cidr); err == nil {
				f.Sources = append(f.Sources, p)
			}
		}
		for _, allowed := range r.Outputs.Objs("allows") {
			protocol, ports := allowed.Str("protocol"), allowed.Strs("ports")
			if len(ports) == 0 {
				f.Ports = append(f.Ports, PortRange{Protocol: protocol})
			}
			for _, s := range ports {
				if lo, hi, err := parsePorts(s); err == nil {
					f.Ports = append(f.Ports, PortRange{protocol, lo, hi})
				}
			}
		}
		rules = append(rules, f)
	}
	return rules
}

// Admits reports whether the rule admits a packet to a machine with the tags.
func (f *Firewall) Admits(network string, from netip.Addr, tags []string, protocol string, port int) bool {
	return f.Network == network &&
		(len(f.Tags) == 0 || slices.ContainsFunc(f.Tags, func(t string) bool { return slices.Contains(tags, t) })) &&
		slices.ContainsFunc(f.Sources, func(p netip.Prefix) bool { return p.Contains(from) }) &&
		slices.ContainsFunc(f.Ports, func(r PortRange) bool {
			return (r.Protocol == "" || r.Protocol == protocol) && (r.High == 0 || r.Low <= port && port <= r.High)
		})
}
