package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"geo-wordpress/regions"
)

// ranges gives each region a block of the address base: the one it is pinned to, or the one at its index.
func (l *loader) ranges(all []regions.Region, pins []field, baseField field) {
	base, ok := baseField.prefix()
	if ok {
		ok = !baseField.fail(regions.CheckBase(base, len(all)))
	}
	bounds := base
	if !ok {
		bounds = regions.Private // so that a pin's own mistakes are reported beside the base's
	}
	owner := map[netip.Prefix]int{}
	for i := range all {
		var block netip.Prefix
		if pinned := pins[i].l != nil; pinned {
			pin, isPrefix := pins[i].prefix()
			if !isPrefix || pins[i].fail(regions.CheckBlock(pin, bounds)) {
				continue
			}
			block = pin
		} else if ok {
			block = regions.Block(base, i)
		} else {
			continue
		}
		if j, taken := owner[block]; taken {
			at := pins[i]
			if at.l == nil {
				at, i, j = pins[j], j, i
			}
			at.fails(fmt.Sprintf("is already the block of %s: pin each region to a block of its own",
				cmp.Or(all[j].Name, fmt.Sprintf("region %d", j))))
			continue
		}
		owner[block] = i
		all[i].Ranges = regions.Plan(block)
	}
}

// minAuthorized is the shortest prefix that may reach the control planes. A /8 is the largest network of one
// organization; a wider one admits strangers.
const minAuthorized = 8

func (l *loader) authorizedNetworks() []netip.Prefix {
	items, _ := l.top("authorizedNetworks").items()
	var networks []netip.Prefix
	for _, item := range items {
		network, ok := item.prefix()
		switch {
		case !ok:
		case !network.Addr().Is4():
			item.fails("must be an IPv4 range: GKE takes no other for its control planes")
		case network != network.Masked():
			item.fails("has bits set beyond its length: write " + network.Masked().String())
		case network.Bits() < minAuthorized:
			item.fails("opens the control planes to strangers: list the networks of your operators, such as " +
				"203.0.113.7/32; an empty list admits only the VPC")
		case slices.Contains(networks, network):
			item.fails("is in the list twice: remove one")
		default:
			networks = append(networks, network)
		}
	}
	return networks
}
