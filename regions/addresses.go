package regions

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// The address plan. Everything lies inside 10.0.0.0/8: GKE keeps a pod's own source address for private destinations,
// and the other regions' firewalls and network policies match pods by it. Every region owns one aligned /16 of the
// base, whatever the number of regions, so adding a region moves no existing range:
//
//	offset       size  what           holds
//	x.y.0.0      /17   pods           32,768 addresses: GKE gives each node a /24 for its 110 pods, so 128 nodes
//	x.y.128.0    /20   services       4,096 cluster IPs
//	x.y.144.0    /22   nodes          1,020 machines; Google keeps 4 addresses of a subnet
//	x.y.148.0    /28   control plane  the only size that GKE accepts
//
// The rest of the /16, x.y.148.16 to x.y.255.255, is free.
const (
	regionBits       = 16
	podBits          = 17
	serviceBits      = 20
	nodeBits         = 22
	controlPlaneBits = 28

	serviceOffset      = 0x8000
	nodeOffset         = 0x9000
	controlPlaneOffset = 0x9400

	// MaxNodes per region: one of the pod range's 128 places is for the extra machine of a surge upgrade.
	MaxNodes = 127
)

// Private is the range that every address of the system comes from.
var Private = netip.MustParsePrefix("10.0.0.0/8")

// CheckBase returns why a range cannot be the address base of that many regions, or nothing.
func CheckBase(base netip.Prefix, regions int) string {
	switch {
	case !base.Addr().Is4() || !within(base, Private):
		return "must lie inside " + Private.String() + ", for instance 10.64.0.0/12"
	case base != base.Masked():
		return fmt.Sprintf("has bits set beyond its length: write %s", base.Masked())
	case Blocks(base) < regions:
		return fmt.Sprintf("has room for %d of %d regions, which take a /%d each: take a /%d or larger, such as 10.64.0.0/12",
			Blocks(base), regions, regionBits, longestBase(regions))
	}
	return ""
}

// Blocks is the number of regions that a base has room for.
func Blocks(base netip.Prefix) int {
	if base.Bits() > regionBits {
		return 0
	}
	return 1 << (regionBits - base.Bits())
}

// Block is the /16 of the region at an index of the configuration, from 0. The base must have passed CheckBase.
func Block(base netip.Prefix, index int) netip.Prefix {
	return offset(base.Addr(), uint32(index)<<(32-regionBits), regionBits)
}

// BlockOf is the /16 that a range of a region lies in.
func BlockOf(part netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(part.Addr(), regionBits).Masked()
}

// CheckBlock returns why a range cannot be one region's block of the base, or nothing.
func CheckBlock(block, base netip.Prefix) string {
	switch {
	case block.Bits() != regionBits || !block.Addr().Is4():
		return fmt.Sprintf("must be a /%d, the block of one region, such as %s", regionBits, Block(base, 0))
	case block != block.Masked():
		return fmt.Sprintf("has bits set beyond its length: write %s", block.Masked())
	case !within(block, base):
		return fmt.Sprintf("must lie inside the address base %s", base)
	}
	return ""
}

// Plan divides one region's block. The block must have passed CheckBlock.
func Plan(block netip.Prefix) Ranges {
	return Ranges{
		Pods:         offset(block.Addr(), 0, podBits),
		Services:     offset(block.Addr(), serviceOffset, serviceBits),
		Nodes:        offset(block.Addr(), nodeOffset, nodeBits),
		ControlPlane: offset(block.Addr(), controlPlaneOffset, controlPlaneBits),
	}
}

func offset(from netip.Addr, by uint32, bits int) netip.Prefix {
	four := from.As4()
	binary.BigEndian.PutUint32(four[:], binary.BigEndian.Uint32(four[:])+by)
	return netip.PrefixFrom(netip.AddrFrom4(four), bits)
}

func within(inner, outer netip.Prefix) bool {
	return inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())
}

// longestBase is the prefix length of the smallest base with room for that many regions.
func longestBase(regions int) int {
	bits := regionBits
	for Blocks(netip.PrefixFrom(Private.Addr(), bits)) < regions && bits > Private.Bits() {
		bits--
	}
	return bits
}
