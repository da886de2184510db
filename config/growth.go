package config

import (
	"fmt"
	"strings"

	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"
)

// growth reads how far the regions grow by themselves; an empty object for not at all.
func (l *loader) growth(replicas sizing.Replicas) (g sizing.Growth) {
	object := l.top("growth")
	mistakes := len(l.problems)
	defer func() {
		if len(l.problems) > mistakes {
			g = sizing.Growth{} // what it needs room for is not known
		}
	}()
	fields, ok := object.object(growthFields)
	if !ok {
		return g
	}
	pods := func(name, key string, least int) int {
		f, given := fields[name]
		switch {
		case !given:
			l.stillGrown(object, name, key, least)
			return 0
		case least == 0:
			return 0 // the least is reported already
		}
		most, _ := f.whole(least, maxReplicas, fmt.Sprintf("pods per region; %s is the least, and with as many the number stays "+
			"as it is", key))
		return most
	}
	g.WordPress = pods("wordpress", "wordpressReplicas", replicas.WordPress)
	g.TiDB = pods("tidb", "tidbReplicas", replicas.TiDB)
	if f, given := fields["nodes"]; given {
		g.Nodes, _ = f.whole(1, regions.MaxNodes, whyNodes)
		_, wordpress := fields["wordpress"]
		if _, tidb := fields["tidb"]; !wordpress && !tidb {
			f.fails("is of no use alone: machines are added when pods find no room, so set " + f.key[:len(f.key)-len("nodes")] +
				"wordpress or tidb as well, or nodesPerRegion instead")
		}
	}
	return g
}

// stillGrown refuses to remove an autoscaler that allows another number than the least. Nothing would take its pods away: the
// Deployment's own number has not changed, so an update would not set it. And an autoscaler lives until the update's end, so it
// would undo a new number.
func (l *loader) stillGrown(object field, name, key string, least int) {
	switch most := l.last.Growing[name]; {
	case least > 0 && most > 0 && most < least:
		l.problem(object.key+"."+name, "", fmt.Sprintf("is not set, and %s is %d instead of %d: first remove it alone, with %s at %d, "+
			"and change the number with the next update", key, least, most, key, most))
	case least > 0 && most > least:
		l.problem(object.key+"."+name, "", fmt.Sprintf("is not set, but a region may have grown to %d pods, which would stay: set "+
			"it to %d (as %s), run `pulumi up`, which takes them away, and then remove it", most, least, key))
	}
}

// room checks that a pool's regions have room for all that they may grow to.
func (l *loader) room(p pool, names []string, least sizing.Replicas, growth sizing.Growth, tolerateLoss bool) {
	where, key := strings.Join(names, ", "), l.project+":growth"
	nodes := p.nodes
	if growth.Nodes > 0 {
		if growth.Nodes < p.nodes {
			l.problem(key+".nodes", fmt.Sprint(growth.Nodes), fmt.Sprintf("must be no less than the machines at the start, %d "+
				"in %s (nodesPerRegion, or the region's nodes)", p.nodes, where))
			return
		}
		nodes = growth.Nodes
	}
	most := growth.Most(least)
	fits := func(m googlecloud.MachineType, nodes int) bool { return sizing.Fits(m, nodes, most) }
	if !fits(p.machine, nodes) {
		offered := p.machine.Allocatable().Minus(googlecloud.NodeAgents).Times(nodes)
		remedy := "take larger machines (machineType), or let fewer pods grow"
		for more := nodes + 1; more <= regions.MaxNodes; more++ {
			if fits(p.machine, more) {
				remedy = fmt.Sprintf("set nodes of growth to %d, take larger machines, or let fewer pods grow", more)
				break
			}
		}
		l.problem(key, "", fmt.Sprintf("needs more room in %s: %d WordPress and %d TiDB with the other pods request %s, and %s of %s "+
			"offer %s beside what GKE keeps; %s", where, most.WordPress, most.TiDB, sizing.Requested(most), count(nodes, "node"),
			p.machine.Name, offered, remedy))
		return
	}
	if grown := (sizing.Replicas{WordPress: least.WordPress, TiDB: most.TiDB}); tolerateLoss && !sizing.ToleratesMachineLoss(p.machine, p.nodes, grown) {
		l.problem(key+".tidb", fmt.Sprint(growth.TiDB), fmt.Sprintf("is too much for %s while one of %s of %s is lost: PD and TiKV "+
			"find no room beside so many TiDB servers, which have the same priority; take fewer, larger machines, or more of them",
			where, count(p.nodes, "node"), p.machine.Name))
	}
}
