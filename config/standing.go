package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"geo-wordpress/regions"
)

// standing checks which regions are taken away, and that no region with data goes without preparation.
func (l *loader) standing(all []regions.Region, list field) {
	database := len(l.last.Databases) > 0
	lost, leaving := 0, 0
	for i, region := range all {
		entry := func(name string) string { return fmt.Sprintf("%s[%d].%s", list.key, i, name) }
		if region.Lost {
			lost++
		}
		if region.Leaving {
			leaving++
		}
		switch goes := map[bool]string{true: "lost", false: "leaving"}[region.Lost]; {
		case region.Lost && region.Leaving:
			l.problem(entry("leaving"), "true", "the region is also lost: set lost if its machines or disks are gone for good, "+
				"leaving if it lives, and remove the other")
		case !region.Lost && !region.Leaving:
			if database { // before, the disks are empty, and the region may have no machines to be had in its zone
				l.zoneOfItsDisks(region, entry("zone"))
			}
			l.rangesOfItsMachines(region, entry("addresses"))
		case !database:
			l.problem(entry(goes), "true", "there is no complete database yet, and so nothing to take the region from: "+
				"remove it (`pulumi config rm --path '"+entry(goes)+"'`)")
		case slices.Contains(l.last.Protected, region.Name):
			l.problem(entry(goes), "true", "the region's cluster is protected against deletion: set deletionProtection to "+
				"false, run `pulumi up` without "+goes+", and then set it")
		}
	}
	switch stay := len(all) - leaving; {
	case lost > 0 && lost == len(all):
		l.problem(list.key, count(lost, "lost region"), "must leave at least one, with a copy of the data")
	case leaving > 0 && lost > 0:
		l.problem(list.key, fmt.Sprintf("%s and %s", count(leaving, "leaving region"), count(lost, "lost region")),
			"must not be at the same time: first replace or remove what is lost")
	case leaving > 0 && len(all)%2 == 1 && (stay < minRegions || stay%2 == 0): // an even list is reported already
		l.problem(list.key, count(stay, "region"), fmt.Sprintf("would stay without those that leave: "+
			"must be an odd number, %d or more", minRegions))
	}
	if database {
		l.removed(all, list)
	}
}

// primaryRegion reads the name of the region that holds the leaders, empty for none. It may be lost, and comes back.
func (l *loader) primaryRegion(all []regions.Region) string {
	primary := l.top("primaryRegion")
	name, _ := primary.checked(func(name string) string {
		var stay []string
		for _, region := range all {
			if region.Name == name && !region.Leaving {
				return ""
			}
			if region.Name != "" && !region.Leaving {
				stay = append(stay, region.Name)
			}
		}
		if name == "" || len(stay) == 0 { // without regions, that is the mistake
			return ""
		}
		return "must be one of the regions that stay (" + strings.Join(stay, ", ") + "), or empty, for no primary region" +
			suggestion(name, stay)
	})
	return name
}

// zoneOfItsDisks reports a zone other than that of the region's disks.
func (l *loader) zoneOfItsDisks(region regions.Region, key string) {
	for _, disk := range l.last.Disks {
		if disk.Region == region.Name && region.Zone != "" && disk.Zone != "" && disk.Zone != region.Zone {
			l.problem(key, quoted(region.Zone), fmt.Sprintf("the region's disks are in %s and cannot move: set it back. To replace "+
				"the region in another zone, set lost to true, run `pulumi up`, then remove lost and set the zone", disk.Zone))
			return
		}
	}
}

// rangesOfItsMachines reports a region that would move to other addresses, because one before it in the list was removed.
func (l *loader) rangesOfItsMachines(region regions.Region, key string) {
	has, err := netip.ParsePrefix(l.last.Ranges[region.Name])
	if err == nil && region.Ranges.Nodes.IsValid() && has != region.Ranges.Nodes {
		l.problem(key, region.Ranges.Nodes.String(), fmt.Sprintf("the region's machines have addresses of %s, and would lose "+
			"them: set addresses to %s", has, regions.BlockOf(has)))
	}
}

// removed reports regions that have disks but no entry any more: an update would delete their part of the database.
func (l *loader) removed(all []regions.Region, list field) {
	var gone []string
	for _, disk := range l.last.Disks {
		listed := slices.ContainsFunc(all, func(r regions.Region) bool { return r.Name == disk.Region })
		if !listed && !slices.Contains(gone, disk.Region) {
			gone = append(gone, disk.Region)
		}
	}
	for _, name := range gone {
		l.problem(list.key, name, "is not in the list, but has disks with data: put its entry back, with leaving set to true "+
			"(or lost, if its machines or disks are gone for good), run `pulumi up`, and then remove the entry")
	}
}
