package compute

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// ParseRange parses an IPv4 range in CIDR notation whose host bits are zero.
func ParseRange(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, fmt.Errorf("%q is not an address range such as 10.0.0.0/20", s)
	case !p.Addr().Is4():
		return p, fmt.Errorf("%q: the local cloud knows IPv4 ranges only", s)
	case p.Masked() != p:
		return p, fmt.Errorf("%q has bits set beyond its prefix: did you mean %s?", s, p.Masked())
	}
	return p, nil
}

// AnyRange allows an IPv4 range.
var AnyRange = schema.CheckString(func(s string) error { _, err := ParseRange(s); return err })

// SizedRange allows an IPv4 range with a prefix length from lo to hi.
func SizedRange(lo, hi int) schema.Option {
	return schema.CheckString(func(s string) error {
		p, err := ParseRange(s)
		if err == nil && (p.Bits() < lo || p.Bits() > hi) {
			err = fmt.Errorf("%q must have a prefix length from /%d to /%d", s, lo, hi)
		}
		return err
	})
}

// autoMode is the range from which auto mode networks take their subnetworks.
var autoMode = netip.MustParsePrefix("10.128.0.0/9")

// UsedRange is a range of a VPC and its user.
type UsedRange struct {
	Prefix netip.Prefix
	owner  string // resource name
	What   string // in words
}

// UsedRanges returns a VPC's ranges: its subnetworks' primary and secondary ones, and its clusters' control planes'.
func UsedRanges(t *api.Tx, network string) (used []UsedRange) {
	add := func(owner, what, cidr string) {
		if p, err := ParseRange(cidr); err == nil { // a cluster may have no range for its control plane
			used = append(used, UsedRange{p, owner, what})
		}
	}
	if vpc := t.Find(network); vpc != nil && vpc.Outputs.Flag("autoCreateSubnetworks") {
		used = append(used, UsedRange{autoMode, network, fmt.Sprintf("auto mode subnetworks of network '%s'", vpc.Name)})
	}
	for _, r := range t.All(api.SubnetworkType, api.ClusterType) {
		if r.Target("network") != network {
			continue
		}
		if r.Type == api.ClusterType {
			add(r.ID, fmt.Sprintf("the control plane of cluster '%s'", r.Name), r.Outputs.Str("privateClusterConfig.masterIpv4CidrBlock"))
			continue
		}
		what := fmt.Sprintf("existing subnetwork '%s' in region '%s'", r.Name, r.Location)
		add(r.ID, what, r.Outputs.Str("ipCidrRange"))
		for _, s := range r.Outputs.Objs("secondaryIpRanges") {
			add(r.ID, what, s.Str("ipCidrRange"))
		}
	}
	slices.SortStableFunc(used, func(a, b UsedRange) int { return cmp.Compare(a.owner, b.owner) })
	return used
}

// Conflict returns a used range that overlaps p and belongs to another owner; nil if there is none.
func Conflict(p netip.Prefix, owner string, used []UsedRange) *UsedRange {
	for i, u := range used {
		if u.owner != owner && u.Prefix.Overlaps(p) {
			return &used[i]
		}
	}
	return nil
}
