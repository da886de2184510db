package cloud

import (
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
)

// Failures holds the current failures of the cloud. Each list is sorted without duplicates; the zero value means none.
type Failures struct {
	// Regions and Zones have lost their machines and control planes. Disks and global resources remain.
	Regions []string `json:"regions,omitempty"`
	Zones   []string `json:"zones,omitempty"`
	// Nodes are the names of machines that are lost by themselves.
	Nodes []string `json:"nodes,omitempty"`
	// ControlPlanes are the IDs of clusters of which only the Kubernetes API is unreachable.
	ControlPlanes []string `json:"controlPlanes,omitempty"`
	// Partitions are the pairs of regions between which no packet passes. Each pair is sorted by name.
	Partitions []Partition `json:"partitions,omitempty"`
}

// Partition is a pair of regions.
type Partition [2]string

// PartitionOf returns the pair of two regions, in either order.
func PartitionOf(a, b string) Partition { return Partition{min(a, b), max(a, b)} }

func (p Partition) String() string { return p[0] + " and " + p[1] }

// Any reports whether anything is lost.
func (f Failures) Any() bool {
	return len(f.Regions)+len(f.Zones)+len(f.Nodes)+len(f.ControlPlanes)+len(f.Partitions) > 0
}

// Location reports whether a zone, or a region as a whole, is lost.
func (f Failures) Location(location string) bool {
	return slices.Contains(f.Zones, location) || slices.Contains(f.Regions, googlecloud.RegionOf(location))
}

// Machine reports whether a machine is lost, by itself or with its zone.
func (f Failures) Machine(name, zone string) bool {
	return slices.Contains(f.Nodes, name) || f.Location(zone)
}

// ControlPlane reports whether a cluster's control plane is lost, by itself or with its zone or region.
func (f Failures) ControlPlane(c Cluster) bool {
	return slices.Contains(f.ControlPlanes, c.ID) || f.Location(c.Location)
}

// Apart reports whether two regions are partitioned from each other.
func (f Failures) Apart(a, b string) bool {
	return a != b && slices.Contains(f.Partitions, PartitionOf(a, b))
}

// List describes each failure in words.
func (f Failures) List() []string {
	var all []string
	add := func(what string, names []string) {
		for _, name := range names {
			all = append(all, what+" "+name)
		}
	}
	add("region", f.Regions)
	add("zone", f.Zones)
	add("node", f.Nodes)
	for _, id := range f.ControlPlanes {
		all = append(all, "control plane of "+id[strings.LastIndexByte(id, '/')+1:])
	}
	for _, p := range f.Partitions {
		all = append(all, "network between "+p.String())
	}
	return all
}
