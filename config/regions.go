package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"
)

// regions reads the regions, divides the address base among them and checks that everything fits on their machines.
func (l *loader) regions(replicas sizing.Replicas, growth sizing.Growth, tolerateLoss bool) []regions.Region {
	common := pool{key: l.project + ":machineType"}
	common.machine = machineType(l.top("machineType"))
	common.nodes, _ = l.top("nodesPerRegion").whole(1, regions.MaxNodes, whyNodes)

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

	all := make([]regions.Region, len(items))
	pools := make([]pool, len(items))
	pins := make([]field, len(items))
	for i, item := range items {
		all[i] = regions.Region{Index: i}
		fields, ok := item.object(regionFields)
		if !ok {
			continue
		}
		all[i].Name, all[i].Zone = nameAndZone(item, fields)
		all[i].DNSDomain = regions.DNSDomain(all[i].Name)
		pools[i] = common.with(fields)
		all[i].MachineType, all[i].Nodes = pools[i].machine.Name, pools[i].nodes
		all[i].MostNodes = growth.Nodes
		pins[i] = fields["addresses"]
		all[i].Lost, all[i].Leaving = fields["lost"].truth(), fields["leaving"].truth()
	}
	l.distinctNames(all, list.key)
	l.ranges(all, pins, base)
	l.capacity(all, pools, replicas, growth, tolerateLoss)
	l.standing(all, list)
	return all
}

// nameAndZone reads a region's name and zone.
func nameAndZone(item field, fields map[string]field) (name, zone string) {
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

var regionForm = regexp.MustCompile(`^[a-z]+-[a-z]+[1-9][0-9]?$`)

// checkRegion returns what is wrong with the name of a region, or nothing.
func checkRegion(name string) string {
	if googlecloud.IsRegion(name) {
		return ""
	}
	hint := suggestion(name, googlecloud.Regions())
	if !regionForm.MatchString(name) {
		return "must be a Google Cloud region, such as europe-west1" + hint
	}
	return "has the form of a Google Cloud region but is not among those known" + hint +
		" (see `gcloud compute regions list`; add a new region to googlecloud/regions.go)"
}

// checkZone returns what is wrong with the zone of a known region, or nothing.
func checkZone(zone, region string) string {
	zones := googlecloud.Zones(region)
	if slices.Contains(zones, zone) {
		return ""
	}
	return "must be a zone of " + region + ": " + strings.Join(zones, ", ")
}

func (l *loader) distinctNames(all []regions.Region, key string) {
	first := map[string]int{}
	for i, region := range all {
		if region.Name == "" {
			continue
		}
		if j, ok := first[region.Name]; ok {
			l.problem(fmt.Sprintf("%s[%d].name", key, i), quoted(region.Name),
				fmt.Sprintf("is already the region of %s[%d]: list each region once", key, j))
			continue
		}
		first[region.Name] = i
	}
}
