package gcp

import (
	"fmt"
	"net/netip"
	"sort"

	"geo-wordpress/localcloud/gcp/schema"
)

// parseRange parses an IPv4 range in CIDR notation whose host bits are zero.
func parseRange(s string) (netip.Prefix, error) {
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

// anyRange allows an IPv4 range.
var anyRange = schema.CheckString(func(s string) error { _, err := parseRange(s); return err })

// sizedRange allows an IPv4 range with a prefix length from lo to hi.
func sizedRange(lo, hi int) schema.Option {
	return schema.CheckString(func(s string) error {
		p, err := parseRange(s)
		if err == nil && (p.Bits() < lo || p.Bits() > hi) {
			err = fmt.Errorf("%q must have a prefix length from /%d to /%d", s, lo, hi)
		}
		return err
	})
}

// autoMode is the range from which auto mode networks take their subnetworks.
var autoMode = netip.MustParsePrefix("10.128.0.0/9")

// usedRange is a range of a VPC and its user.
type usedRange struct {
	prefix netip.Prefix
	owner  string // resource name
	what   string // in words
}

// usedRanges returns a VPC's ranges: its subnetworks' primary and secondary ones, and its clusters' control planes'.
func (t *txn) usedRanges(network string) ([]usedRange, error) {
	var used []usedRange
	add := func(owner, what, cidr string) error {
		p, err := parseRange(cidr)
		used = append(used, usedRange{p, owner, what})
		return err
	}
	vpc, err := t.get(network)
	if err != nil {
		return nil, err
	}
	if vpc != nil && vpc.Outputs.flag("autoCreateSubnetworks") {
		used = append(used, usedRange{autoMode, network, fmt.Sprintf("auto mode subnetworks of network '%s'", vpc.Name)})
	}
	all, err := t.all(subnetworkType, clusterType)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.target("network") != network {
			continue
		}
		if r.Type == clusterType {
			if cidr := r.Outputs.str("privateClusterConfig.masterIpv4CidrBlock"); cidr != "" {
				if err := add(r.ID, fmt.Sprintf("the control plane of cluster '%s'", r.Name), cidr); err != nil {
					return nil, err
				}
			}
			continue
		}
		what := fmt.Sprintf("existing subnetwork '%s' in region '%s'", r.Name, r.Place)
		if err := add(r.ID, what, r.Outputs.str("ipCidrRange")); err != nil {
			return nil, err
		}
		for _, s := range r.Outputs.objs("secondaryIpRanges") {
			if err := add(r.ID, what, s.str("ipCidrRange")); err != nil {
				return nil, err
			}
		}
	}
	sort.SliceStable(used, func(i, j int) bool { return used[i].owner < used[j].owner })
	return used, nil
}

// conflict returns a used range that overlaps p and belongs to another owner; nil if there is none.
func conflict(p netip.Prefix, owner string, used []usedRange) *usedRange {
	for i, u := range used {
		if u.owner != owner && u.prefix.Overlaps(p) {
			return &used[i]
		}
	}
	return nil
}
