package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"geo-wordpress/regions"
)

// noSmallerDisk reports sizes below those of the disks that exist. No disk shrinks: the update would replace it by an
// empty one. (A region whose zone changes gets new disks, of any size.)
func (l *loader) noSmallerDisk(disks Disks, all []regions.Region) {
	for _, d := range []struct {
		role, name string
		size       int
	}{
		{"pd", "pdDiskGiB", disks.PD},
		{"tikv", "tikvDiskGiB", disks.TiKV},
		{"files", "filesDiskGiB", disks.Files},
	} {
		var larger []string
		largest := 0
		for _, disk := range l.last.Disks {
			stands := slices.ContainsFunc(all, func(r regions.Region) bool { return r.Name == disk.Region && r.Zone == disk.Zone })
			if disk.Role == d.role && stands && d.size != 0 && disk.SizeGiB > d.size {
				larger = append(larger, fmt.Sprintf("%s (%d GiB)", disk.Region, disk.SizeGiB))
				largest = max(largest, disk.SizeGiB)
			}
		}
		if len(larger) > 0 {
			l.problem(l.project+":"+d.name, strconv.Itoa(d.size), fmt.Sprintf("smaller than the disk of %s, and a persistent "+
				"disk cannot shrink: the update would replace it by an empty one; set %d or more", strings.Join(larger, ", "), largest))
		}
	}
}
