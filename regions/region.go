package regions

import "net/netip"

// Region is one region of the system: one GKE cluster in one zone, with everything that runs on it.
type Region struct {
	Name  string // Google Cloud region, such as europe-west1
	Zone  string // the zone of its machines and disks, such as europe-west1-b
	Index int    // its place in the configuration, from 0

	MachineType string
	Nodes       int // machines in the node pool

	Ranges    Ranges
	DNSDomain string // the cluster's own DNS domain, unique in the VPC
}

// Ranges are a region's address ranges, disjoint from every other region's.
type Ranges struct {
	Nodes, Pods, Services, ControlPlane netip.Prefix
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
