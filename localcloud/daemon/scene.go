package daemon

import (
	"slices"
	"strings"

	"geo-wordpress/localcloud/cloud"
)

func (s scene) regions() []string {
	var all []string
	for _, location := range s.locations() {
		all = append(all, cloud.RegionOf(location))
	}
	return sorted(all)
}

func (s scene) zones() []string {
	return slices.DeleteFunc(s.locations(), func(l string) bool { return l == cloud.RegionOf(l) })
}

// locations lists the zones and regions of all clusters and machines.
func (s scene) locations() []string {
	var all []string
	for _, c := range s.clusters {
		all = append(all, c.Location)
	}
	for _, m := range s.machines {
		all = append(all, m.Zone)
	}
	return sorted(all)
}

func (s scene) nodes() []string {
	var all []string
	for _, m := range s.machines {
		all = append(all, m.Name)
	}
	return sorted(all)
}

func (s scene) clusterNames() []string {
	var all []string
	for _, c := range s.clusters {
		all = append(all, c.Name)
	}
	return sorted(all)
}

// find lists the clusters with a name, ID, zone or region.
func (s scene) find(name string) []cloud.Cluster {
	var found []cloud.Cluster
	for _, c := range s.clusters {
		if name == c.Name || name == c.ID || name == c.Location || name == cloud.RegionOf(c.Location) {
			found = append(found, c)
		}
	}
	return found
}

// item is one thing that can be lost.
type item struct {
	kind  Kind
	key   string          // the name stored in cloud.Failures; for a control plane its cluster's ID
	pair  cloud.Partition // for a partition
	label string          // for messages: region europe-west1
	takes string          // what is lost with it
}

// change computes the failures after a request from those before it, and a sentence on each change.
func (s scene) change(before cloud.Failures, lose bool, kind Kind, names []string) (cloud.Failures, []string, error) {
	if kind == Everything && !lose && len(names) == 0 {
		if !before.Any() {
			return before, []string{"Nothing is lost."}, nil
		}
		var said []string
		for _, what := range before.List() {
			said = append(said, capital(what)+" is back.")
		}
		return cloud.Failures{}, said, nil
	}
	items, err := s.items(before, lose, kind, names)
	if err != nil {
		return before, nil, err
	}
	next, said := s.copied(before), []string{}
	for _, i := range items {
		changed := i.toggle(&next, lose)
		said = append(said, capital(i.label)+map[[2]bool]string{
			{true, true}: " is lost" + i.takes + ".", {true, false}: " was lost already.",
			{false, true}: " is back.", {false, false}: " was not lost.",
		}[[2]bool{lose, changed}])
	}
	return next, said, nil
}

// copied returns a copy without the nodes and clusters that no longer exist.
func (s scene) copied(f cloud.Failures) cloud.Failures {
	return cloud.Failures{
		Regions: slices.Clone(f.Regions), Zones: slices.Clone(f.Zones), Partitions: slices.Clone(f.Partitions),
		Nodes:         slices.DeleteFunc(slices.Clone(f.Nodes), func(name string) bool { return !slices.Contains(s.nodes(), name) }),
		ControlPlanes: slices.DeleteFunc(slices.Clone(f.ControlPlanes), func(id string) bool { return len(s.find(id)) == 0 }),
	}
}

// toggle loses or heals the item, and reports whether that changed anything.
func (i item) toggle(f *cloud.Failures, lose bool) (changed bool) {
	switch i.kind {
	case Region:
		return toggle(&f.Regions, i.key, lose, strings.Compare)
	case Zone:
		return toggle(&f.Zones, i.key, lose, strings.Compare)
	case Node:
		return toggle(&f.Nodes, i.key, lose, strings.Compare)
	case ControlPlane:
		return toggle(&f.ControlPlanes, i.key, lose, strings.Compare)
	default:
		return toggle(&f.Partitions, i.pair, lose, func(a, b cloud.Partition) int { return slices.Compare(a[:], b[:]) })
	}
}

// toggle adds a value to a sorted list or removes it, and reports whether that changed the list.
func toggle[T comparable](list *[]T, value T, in bool, compare func(a, b T) int) (changed bool) {
	if slices.Contains(*list, value) == in {
		return false
	}
	if !in {
		*list = slices.DeleteFunc(*list, func(v T) bool { return v == value })
		return true
	}
	*list = append(*list, value)
	slices.SortFunc(*list, compare)
	return true
}

// items resolves the names of a request. A thing to be healed may no longer exist.
func (s scene) items(before cloud.Failures, lose bool, kind Kind, names []string) ([]item, error) {
	var there, gone []string // what exists, and what is lost
	switch kind {
	case Region:
		there, gone = s.regions(), before.Regions
	case Zone:
		there, gone = s.zones(), before.Zones
	case Node:
		there, gone = s.nodes(), before.Nodes
	case ControlPlane:
		return s.controlPlanes(before, lose, names)
	case Partition:
		return s.partitions(before, lose, names)
	default:
		return nil, unknown("%q cannot be lost: region, zone, node, control-plane and partition can", kind)
	}
	if len(names) == 0 {
		if lose {
			return nil, unknown("name the %s to lose; %s", kind, thereAre(there))
		}
		names = gone
	}
	var found []item
	for _, name := range names {
		if !slices.Contains(there, name) && (lose || !slices.Contains(gone, name)) {
			return nil, unknown("there is no %s %q; %s", kind, name, thereAre(there))
		}
		found = append(found, item{kind: kind, key: name, label: string(kind) + " " + name, takes: s.takes(kind, name)})
	}
	return found, nil
}

// takes lists what is lost with a region or zone.
func (s scene) takes(kind Kind, name string) string {
	if kind == Node {
		return ""
	}
	of := cloud.Failures{Zones: []string{name}}
	if kind == Region {
		of = cloud.Failures{Regions: []string{name}}
	}
	var lost []string
	for _, c := range s.clusters {
		if of.ControlPlane(c) {
			lost = append(lost, "the control plane of "+c.Name)
		}
	}
	for _, m := range s.machines {
		if of.Machine(m.Name, m.Zone) {
			lost = append(lost, "machine "+m.Name)
		}
	}
	if len(lost) == 0 {
		return ""
	}
	return ", with " + strings.Join(lost, ", ")
}

func (s scene) controlPlanes(before cloud.Failures, lose bool, names []string) ([]item, error) {
	var meant []cloud.Cluster
	for _, name := range names {
		found := s.find(name)
		if len(found) == 0 {
			return nil, unknown("there is no cluster %q; %s", name, thereAre(s.clusterNames()))
		}
		meant = append(meant, found...)
	}
	if len(names) == 0 {
		if meant = s.clusters; len(meant) == 0 && lose {
			return nil, unknown("no cluster can be lost: %s", thereAre(nil))
		}
	}
	var items []item
	for _, c := range meant {
		if !lose && before.Place(c.Location) && len(names) > 0 {
			return nil, unknown("the control plane of %s is lost with its place: `localcloud heal region %s`, or `heal zone`, brings it back",
				c.Name, cloud.RegionOf(c.Location))
		}
		items = append(items, item{kind: ControlPlane, key: c.ID, label: "control plane of " + c.Name})
	}
	return items, nil
}

func (s scene) partitions(before cloud.Failures, lose bool, names []string) ([]item, error) {
	pairs := before.Partitions
	if lose || len(names) > 0 {
		if len(names) != 2 || names[0] == names[1] {
			return nil, unknown("name the two regions between which the network is cut; %s", thereAre(s.regions()))
		}
		pairs = []cloud.Partition{cloud.PartitionOf(names[0], names[1])}
		for _, name := range names {
			if !slices.Contains(s.regions(), name) && (lose || !slices.Contains(before.Partitions, pairs[0])) {
				return nil, unknown("there is no region %q; %s", name, thereAre(s.regions()))
			}
		}
	}
	var items []item
	for _, p := range pairs {
		items = append(items, item{kind: Partition, pair: p, label: "network between " + p.String()})
	}
	return items, nil
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
