package cloud

import (
	"slices"
	"strings"
)

// Failures is what of the cloud is lost at a moment. Each list is sorted and has no doubles; the zero value is a cloud
// that is well.
type Failures struct {
	// Regions and Zones have lost their machines and their control planes. Disks stay, and global resources do.
	Regions []string `json:"regions,omitempty"`
	Zones   []string `json:"zones,omitempty"`
	// Nodes are machines that are lost by themselves, by their names.
	Nodes []string `json:"nodes,omitempty"`
	// ControlPlanes are clusters, by their IDs, whose Kubernetes API alone cannot be reached.
	ControlPlanes []string `json:"controlPlanes,omitempty"`
	// Partitions are the pairs of regions that no packet passes between. The lesser name of a pair comes first.
	Partitions []Partition `json:"partitions,omitempty"`
}

// Partition is a pair of regions.
type Partition [2]string

// PartitionOf is the pair of two regions, in whatever order they are named.
func PartitionOf(a, b string) Partition { return Partition{min(a, b), max(a, b)} }

func (p Partition) String() string { return p[0] + " and " + p[1] }

// Any says whether anything is lost.
func (f Failures) Any() bool {
	return len(f.Regions)+len(f.Zones)+len(f.Nodes)+len(f.ControlPlanes)+len(f.Partitions) > 0
}

// Place says whether a zone, or a region as a whole, is lost.
func (f Failures) Place(location string) bool {
	return slices.Contains(f.Zones, location) || slices.Contains(f.Regions, RegionOf(location))
}

// Machine says whether a machine is lost: by itself or with its zone.
func (f Failures) Machine(name, zone string) bool {
	return slices.Contains(f.Nodes, name) || f.Place(zone)
}

// ControlPlane says whether a cluster's control plane is lost: by itself or with its place.
func (f Failures) ControlPlane(c Cluster) bool {
	return slices.Contains(f.ControlPlanes, c.ID) || f.Place(c.Location)
}

// Apart says whether no packet passes between two regions.
func (f Failures) Apart(a, b string) bool {
	return a != b && slices.Contains(f.Partitions, PartitionOf(a, b))
}

// RegionOf is the region of a zone, and a region itself: zones end in a dash and a letter.
func RegionOf(location string) string {
	if i := strings.LastIndexByte(location, '-'); i > 0 && i == len(location)-2 {
		return location[:i]
	}
	return location
}

// List says in words what is lost, one thing an element.
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
