package regions

import (
	"net/netip"
	"slices"
	"strings"
)

// Region is one region of the system: one GKE cluster in one zone, with everything that runs on it.
type Region struct {
	Name  string // Google Cloud region, such as europe-west1
	Zone  string // the zone of its machines and disks, such as europe-west1-b
	Index int    // its place in the configuration, from 0

	MachineType string
	Nodes       int // machines in the node pool; the least, if the pool grows
	MostNodes   int // machines to which the pool grows by itself; 0 if it does not

	Ranges    Ranges
	DNSDomain string // the cluster's own DNS domain, unique in the VPC

	// Lost: its machines and disks are gone for good. Leaving: it is taken out of the system while it lives. Nothing of
	// such a region is declared, but the others keep its addresses, because a change of theirs would restart them.
	Lost, Leaving bool
}

// Ranges are a region's address ranges, disjoint from every other region's.
type Ranges struct {
	Nodes, Pods, Services, ControlPlane netip.Prefix
}

// Standing are the regions that are neither lost nor leaving.
func Standing(all []Region) []Region {
	return slices.DeleteFunc(slices.Clone(all), func(r Region) bool { return r.Lost || r.Leaving })
}

// Names are the names of regions, with a space between them.
func Names(all []Region) string {
	var names []string
	for _, region := range all {
		names = append(names, region.Name)
	}
	return strings.Join(names, " ")
}

// Find returns the region of a name, and whether there is one.
func Find(all []Region, name string) (Region, bool) {
	for _, region := range all {
		if region.Name == name {
			return region, true
		}
	}
	return Region{}, false
}

// Peers are the other regions, in the configuration's order.
func Peers(all []Region, of Region) []Region {
	var peers []Region
	for _, region := range all {
		if region.Name != of.Name {
			peers = append(peers, region)
		}
	}
	return peers
}
