package config

import (
	"cmp"
	"fmt"
	"strings"

	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"
)

const whyNodes = "the pod range of a region has room for 128 nodes, of which one is for upgrades"

// pool is a node pool as configured. Its zero values were reported as mistakes.
type pool struct {
	machine googlecloud.MachineType
	nodes   int
	key     string // the key to change if the pool is too small
}

// with returns the pool with a region's own settings in place of the common ones.
func (p pool) with(fields map[string]field) pool {
	if nodes, ok := fields["nodes"]; ok {
		p.nodes, _ = nodes.whole(1, regions.MaxNodes, whyNodes)
		p.key = nodes.key
	}
	if name, ok := fields["machineType"]; ok {
		p.machine = machineType(name)
		p.key = name.key
	}
	return p
}

// machineType reads a machine type.
func machineType(f field) (found googlecloud.MachineType) {
	f.checked(func(name string) string {
		var err error
		if found, err = googlecloud.LookupMachineType(name); err == nil {
			return ""
		}
		var names []string
		for _, known := range googlecloud.MachineTypes("") {
			names = append(names, known.Name)
		}
		return err.Error() + suggestion(name, names)
	})
	return found
}

// capacity checks each distinct pool once, and names its regions.
func (l *loader) capacity(all []regions.Region, pools []pool, replicas sizing.Replicas, growth sizing.Growth, tolerateLoss bool) {
	if replicas.WordPress == 0 || replicas.TiDB == 0 {
		return // reported already
	}
	var kinds []pool
	names := map[pool][]string{}
	for i, p := range pools {
		if p.machine.Name == "" || p.nodes == 0 {
			continue // reported already
		}
		if _, ok := names[p]; !ok {
			kinds = append(kinds, p)
		}
		names[p] = append(names[p], cmp.Or(all[i].Name, fmt.Sprintf("region %d", i)))
	}
	for _, kind := range kinds {
		if wrong := kind.tooSmall(names[kind], replicas, tolerateLoss); wrong != "" {
			l.problem(kind.key, quoted(kind.machine.Name), wrong)
			continue
		}
		l.room(kind, names[kind], replicas, growth, tolerateLoss)
	}
}

// tooSmall returns why the pods of the named regions, which have this pool, do not fit, or nothing. With tolerateLoss it
// also returns why a region would not keep serving without one node.
func (p pool) tooSmall(names []string, replicas sizing.Replicas, tolerateLoss bool) string {
	where := "too small for " + strings.Join(names, ", ")
	nodes := fmt.Sprintf("%s of %s", count(p.nodes, "node"), p.machine.Name)
	fits := func(m googlecloud.MachineType, nodes int) bool { return sizing.Fits(m, nodes, replicas) }
	if !fits(p.machine, p.nodes) {
		offered := p.machine.Allocatable().Minus(googlecloud.NodeAgents).Times(p.nodes)
		return fmt.Sprintf("%s: the pods of a region request %s (the largest, TiKV, %s), and %s offer %s beside what GKE "+
			"keeps; %s", where, sizing.Requested(replicas), sizing.TiKV.Request(), nodes, offered, p.remedy(fits))
	}
	tolerates := func(m googlecloud.MachineType, nodes int) bool {
		return fits(m, nodes) && sizing.ToleratesMachineLoss(m, nodes, replicas)
	}
	if tolerateLoss && !tolerates(p.machine, p.nodes) {
		return fmt.Sprintf("%s to serve while one of %s is lost; %s, or set tolerateMachineLoss to false: the region then "+
			"serves nobody until GKE has replaced the machine, and the others serve", where, nodes, p.remedy(tolerates))
	}
	return ""
}

// remedy names the smallest machine type of the class that suffices, or else the smallest number of nodes.
func (p pool) remedy(suffices func(m googlecloud.MachineType, nodes int) bool) string {
	for _, larger := range googlecloud.MachineTypes(p.machine.Class) {
		if suffices(larger, p.nodes) {
			return fmt.Sprintf("take %s or larger, more nodes, or fewer replicas", larger.Name)
		}
	}
	for more := p.nodes + 1; more <= regions.MaxNodes; more++ {
		if suffices(p.machine, more) {
			return fmt.Sprintf("no %s is large enough for %s: take %d nodes or fewer replicas", p.machine.Class,
				count(p.nodes, "node"), more)
		}
	}
	return "take larger machines on more nodes, or fewer replicas"
}
