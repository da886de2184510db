package daemon

import (
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines"
)

// inventory lists the parts that can be lost.
type inventory struct {
	clusters []cloud.Cluster
	machines []machines.NodeView
}

func (d *daemon) inventory() inventory {
	i := inventory{clusters: d.planes.Clusters()}
	for _, o := range d.infrastructure.Overview() {
		i.machines = append(i.machines, o.Nodes...)
	}
	return i
}

// names lists the existing names of a kind in order, without duplicates. A partition is named by regions.
func (i inventory) names(kind Kind) []string {
	var all []string
	for _, c := range i.clusters {
		switch kind {
		case ControlPlane:
			all = append(all, c.Name)
		case Region, Partition:
			all = append(all, googlecloud.RegionOf(c.Location))
		case Zone:
			if c.Location != googlecloud.RegionOf(c.Location) {
				all = append(all, c.Location)
			}
		}
	}
	for _, m := range i.machines {
		switch kind {
		case Node:
			all = append(all, m.Name)
		case Region, Partition:
			all = append(all, googlecloud.RegionOf(m.Zone))
		case Zone:
			all = append(all, m.Zone)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// choices lists the existing names of a kind, for an error about a wrong one.
func (i inventory) choices(kind Kind) string {
	if names := i.names(kind); len(names) > 0 {
		return "choose from " + strings.Join(names, ", ")
	}
	return "none exists yet: `pulumi up` creates some"
}

// find lists the clusters with a name, ID, zone or region.
func (i inventory) find(name string) []cloud.Cluster {
	var found []cloud.Cluster
	for _, c := range i.clusters {
		if name == c.Name || name == c.ID || name == c.Location || name == googlecloud.RegionOf(c.Location) {
			found = append(found, c)
		}
	}
	return found
}

// clone copies failures, so that toggle does not change the original.
func clone(f cloud.Failures) cloud.Failures {
	return cloud.Failures{
		Regions: slices.Clone(f.Regions), Zones: slices.Clone(f.Zones), Nodes: slices.Clone(f.Nodes),
		ControlPlanes: slices.Clone(f.ControlPlanes), Partitions: slices.Clone(f.Partitions),
	}
}

// existing returns a copy of failures without the nodes and clusters that no longer exist.
func (i inventory) existing(f cloud.Failures) cloud.Failures {
	f = clone(f)
	nodes := i.names(Node)
	f.Nodes = slices.DeleteFunc(f.Nodes, func(name string) bool { return !slices.Contains(nodes, name) })
	f.ControlPlanes = slices.DeleteFunc(f.ControlPlanes, func(id string) bool { return len(i.find(id)) == 0 })
	return f
}

// part is something that can be lost.
type part struct {
	kind  Kind
	key   string          // the name stored in cloud.Failures; for a control plane its cluster's ID
	pair  cloud.Partition // of a partition
	label string          // for messages: region europe-west1
	with  string          // what is lost with it, for messages
}

// change computes the failures after a request from those before it, and a sentence on each change.
func (i inventory) change(before cloud.Failures, fail bool, kind Kind, names []string) (cloud.Failures, []string, error) {
	var changes []string
	if kind == Everything && !fail && len(names) == 0 {
		for _, lost := range before.List() {
			changes = append(changes, capital(lost)+" is back.")
		}
		if len(changes) == 0 {
			changes = []string{"Nothing is lost."}
		}
		return cloud.Failures{}, changes, nil
	}
	parts, err := i.parts(before, fail, kind, names)
	if err != nil {
		return before, nil, err
	}
	next := i.existing(before)
	for _, p := range parts {
		change := " is back."
		switch changed := p.toggle(&next, fail); {
		case fail && changed:
			change = " is lost" + p.with + "."
		case fail:
			change = " was lost already."
		case !changed:
			change = " was not lost."
		}
		changes = append(changes, capital(p.label)+change)
	}
	return next, changes, nil
}

// toggle fails or heals the part, and reports whether that changed anything.
func (p part) toggle(f *cloud.Failures, fail bool) (changed bool) {
	if list := lost(f, p.kind); list != nil {
		return toggle(list, p.key, fail)
	}
	changed = slices.Contains(f.Partitions, p.pair) != fail
	f.Partitions = slices.DeleteFunc(f.Partitions, func(other cloud.Partition) bool { return other == p.pair })
	if fail {
		f.Partitions = append(f.Partitions, p.pair)
		slices.SortFunc(f.Partitions, func(a, b cloud.Partition) int { return slices.Compare(a[:], b[:]) })
	}
	return changed
}

// lost returns the list of the lost parts of a kind; nil for partitions and unknown kinds.
func lost(f *cloud.Failures, kind Kind) *[]string {
	return map[Kind]*[]string{
		Region: &f.Regions, Zone: &f.Zones, Node: &f.Nodes, ControlPlane: &f.ControlPlanes,
	}[kind]
}

// toggle adds a name to a sorted list or removes it, and reports whether that changed the list.
func toggle(list *[]string, name string, in bool) (changed bool) {
	at, found := slices.BinarySearch(*list, name)
	switch {
	case found == in:
		return false
	case in:
		*list = slices.Insert(*list, at, name)
	default:
		*list = slices.Delete(*list, at, at+1)
	}
	return true
}

// parts resolves the names of a request. A part to be healed may no longer exist.
func (i inventory) parts(before cloud.Failures, fail bool, kind Kind, names []string) ([]part, error) {
	list := lost(&before, kind)
	switch {
	case kind == ControlPlane:
		return i.controlPlanes(before, fail, names)
	case kind == Partition:
		return i.partitions(before, fail, names)
	case list == nil:
		return nil, invalid("%q cannot be lost: choose from region, zone, node, control-plane and partition", kind)
	}
	if len(names) == 0 {
		if fail {
			return nil, invalid("name the %s to take away: %s", kind, i.choices(kind))
		}
		names = *list
	}
	var found []part
	for _, name := range names {
		if !slices.Contains(i.names(kind), name) && (fail || !slices.Contains(*list, name)) {
			return nil, invalid("there is no %s %q: %s", kind, name, i.choices(kind))
		}
		found = append(found, part{kind: kind, key: name, label: string(kind) + " " + name, with: i.with(kind, name)})
	}
	return found, nil
}

// with lists what is lost with a region or zone.
func (i inventory) with(kind Kind, name string) string {
	if kind == Node {
		return ""
	}
	var failures cloud.Failures
	*lost(&failures, kind) = []string{name}
	var with []string
	for _, c := range i.clusters {
		if failures.ControlPlane(c) {
			with = append(with, "the control plane of "+c.Name)
		}
	}
	for _, m := range i.machines {
		if failures.Machine(m.Name, m.Zone) {
			with = append(with, "machine "+m.Name)
		}
	}
	if len(with) == 0 {
		return ""
	}
	return ", with " + strings.Join(with, ", ")
}

func (i inventory) controlPlanes(before cloud.Failures, fail bool, names []string) ([]part, error) {
	clusters := i.clusters
	if len(names) > 0 {
		clusters = nil
	} else if len(clusters) == 0 && fail {
		return nil, invalid("there is no cluster to take away: %s", i.choices(ControlPlane))
	}
	for _, name := range names {
		found := i.find(name)
		if len(found) == 0 {
			return nil, invalid("there is no cluster %q: %s", name, i.choices(ControlPlane))
		}
		clusters = append(clusters, found...)
	}
	var parts []part
	for _, c := range clusters {
		if !fail && before.Location(c.Location) && len(names) > 0 {
			return nil, invalid("the control plane of %s is lost with its region or zone: restore that with `localcloud heal region %s` or `localcloud heal zone`",
				c.Name, googlecloud.RegionOf(c.Location))
		}
		parts = append(parts, part{kind: ControlPlane, key: c.ID, label: "control plane of " + c.Name})
	}
	return parts, nil
}

func (i inventory) partitions(before cloud.Failures, fail bool, names []string) ([]part, error) {
	pairs := before.Partitions
	if fail || len(names) > 0 {
		if len(names) != 2 || names[0] == names[1] {
			return nil, invalid("name the two regions between which the network is cut: %s", i.choices(Partition))
		}
		pairs = []cloud.Partition{cloud.PartitionOf(names[0], names[1])}
		for _, name := range names {
			if !slices.Contains(i.names(Region), name) && (fail || !slices.Contains(before.Partitions, pairs[0])) {
				return nil, invalid("there is no region %q: %s", name, i.choices(Region))
			}
		}
	}
	var parts []part
	for _, p := range pairs {
		parts = append(parts, part{kind: Partition, pair: p, label: "network between " + p.String()})
	}
	return parts, nil
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
