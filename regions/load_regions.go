package regions

import (
	"cmp"
	"fmt"
	"net/netip"
)

const whyNodes = "the pod range of a region has room for 128 nodes, of which one is for upgrades"

// pool is a node pool as configured. Its zero values were reported as mistakes.
type pool struct {
	machine Machine
	nodes   int
	key     string // the key to change if the pool is too small
}

// regions reads the regions, divides the address base among them and checks that everything fits on their machines.
func (l *loader) regions(replicas Replicas, bearLoss bool) []Region {
	common := pool{key: l.project + ":machineType"}
	machineType, _ := l.top("machineType").checked(checkMachineType)
	common.machine = machines[machineType]
	common.nodes, _ = l.top("nodesPerRegion").whole(1, maxNodes, whyNodes)

	base := l.top("addressBase")
	list := l.top("regions")
	items, ok := list.items()
	if !ok {
		base.prefix()
		return nil
	}
	if len(items) < minRegions || len(items)%2 == 0 {
		l.problem(list.key, count(len(items), "region"), fmt.Sprintf("must be an odd number, %d or more: "+
			"the database needs a majority of its replicas, one per region, when a region is lost", minRegions))
	}

	regions := make([]Region, len(items))
	pools := make([]pool, len(items))
	pins := make([]field, len(items))
	for i, item := range items {
		regions[i] = Region{Index: i}
		fields, ok := item.object(regionFields)
		if !ok {
			continue
		}
		regions[i].Name, regions[i].Zone = l.place(item, fields)
		regions[i].DNSDomain = DNSDomain(regions[i].Name)
		pools[i] = l.pool(fields, common)
		regions[i].MachineType, regions[i].Nodes = pools[i].machine.Name, pools[i].nodes
		pins[i] = fields["addresses"]
	}
	l.distinctNames(regions, list.key)
	l.ranges(regions, pins, base)
	l.capacity(regions, pools, replicas, bearLoss)
	return regions
}

// place reads a region's name and zone.
func (l *loader) place(item field, fields map[string]field) (name, zone string) {
	name, known := item.required(fields, "name", "a Google Cloud region, such as europe-west1").checked(checkRegion)
	means := "a zone of its region, such as europe-west1-b"
	zone, _ = item.required(fields, "zone", means).checked(func(zone string) string {
		if !known {
			return "" // the zones of an unknown region are not known either
		}
		return checkZone(zone, name)
	})
	return name, zone
}

// pool reads a region's own node pool settings; common holds those of all regions.
func (l *loader) pool(fields map[string]field, common pool) pool {
	own := common
	if nodes, ok := fields["nodes"]; ok {
		own.nodes, _ = nodes.whole(1, maxNodes, whyNodes)
		own.key = nodes.key
	}
	if machineType, ok := fields["machineType"]; ok {
		name, _ := machineType.checked(checkMachineType)
		own.machine = machines[name]
		own.key = machineType.key
	}
	return own
}

func (l *loader) distinctNames(regions []Region, key string) {
	first := map[string]int{}
	for i, region := range regions {
		if region.Name == "" {
			continue
		}
		if j, ok := first[region.Name]; ok {
			l.problem(fmt.Sprintf("%s[%d].name", key, i), quoted(region.Name),
				fmt.Sprintf("is the region of %s[%d] already: each region may appear once", key, j))
			continue
		}
		first[region.Name] = i
	}
}

// ranges gives each region a block of the address base: the one it is pinned to, or the one at its index.
func (l *loader) ranges(regions []Region, pins []field, baseField field) {
	base, ok := baseField.prefix()
	if ok {
		ok = !baseField.fail(CheckBase(base, len(regions)))
	}
	bounds := base
	if !ok {
		bounds = Private // so that a pin's own mistakes are reported beside the base's
	}
	owner := map[netip.Prefix]int{}
	for i := range regions {
		var block netip.Prefix
		if pinned := pins[i].l != nil; pinned {
			pin, isPrefix := pins[i].prefix()
			if !isPrefix || pins[i].fail(CheckBlock(pin, bounds)) {
				continue
			}
			block = pin
		} else if ok {
			block = Block(base, i)
		} else {
			continue
		}
		if j, taken := owner[block]; taken {
			at := pins[i]
			if at.l == nil {
				at, i, j = pins[j], j, i
			}
			at.fails(fmt.Sprintf("is the part of %s already: pin each to a block of its own",
				cmp.Or(regions[j].Name, fmt.Sprintf("region %d", j))))
			continue
		}
		owner[block] = i
		regions[i].Ranges = Plan(block)
	}
}

// capacity checks each distinct pool once, and names its regions.
func (l *loader) capacity(regions []Region, pools []pool, replicas Replicas, bearLoss bool) {
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
		names[p] = append(names[p], cmp.Or(regions[i].Name, fmt.Sprintf("region %d", i)))
	}
	for _, kind := range kinds {
		if wrong := checkCapacity(names[kind], kind.machine, kind.nodes, replicas, bearLoss); wrong != "" {
			l.problem(kind.key, quoted(kind.machine.Name), wrong)
		}
	}
}
