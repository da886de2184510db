package googlecloud

import (
	"maps"
	"slices"
)

// zoneLetters holds the zone letters of Google Cloud's regions. A region that is not in this table is refused before
// anything is created; Google would refuse it only after the network exists. Source:
// cloud.google.com/compute/docs/regions-zones. Add the regions that Google has opened since.
var zoneLetters = func() map[string]string {
	table := map[string]string{
		"europe-west1": "bcd",
		"us-east1":     "bcd",
		"us-central1":  "abcf",
	}
	for _, region := range []string{
		"africa-south1",
		"asia-east1", "asia-east2",
		"asia-northeast1", "asia-northeast2", "asia-northeast3",
		"asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2",
		"australia-southeast1", "australia-southeast2",
		"europe-central2", "europe-north1", "europe-north2", "europe-southwest1",
		"europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8", "europe-west9", "europe-west10",
		"europe-west12",
		"me-central1", "me-central2", "me-west1",
		"northamerica-northeast1", "northamerica-northeast2", "northamerica-south1",
		"southamerica-east1", "southamerica-west1",
		"us-east4", "us-east5", "us-south1", "us-west1", "us-west2", "us-west3", "us-west4",
	} {
		table[region] = "abc"
	}
	return table
}()

// Regions returns the names of all regions, sorted.
func Regions() []string { return slices.Sorted(maps.Keys(zoneLetters)) }

// IsRegion reports whether a region of that name exists.
func IsRegion(name string) bool { return zoneLetters[name] != "" }

// Zones returns the zones of a region, sorted, or nil if there is no such region.
func Zones(region string) []string {
	var zones []string
	for _, letter := range zoneLetters[region] {
		zones = append(zones, region+"-"+string(letter))
	}
	return zones
}

// IsZone reports whether a zone of that name exists.
func IsZone(name string) bool { return slices.Contains(Zones(RegionOf(name)), name) }

// RegionOf returns the region of a zone, or the region itself. The location need not exist: a zone's name is its
// region's, a hyphen and a letter.
func RegionOf(location string) string {
	if n := len(location); n > 2 && location[n-2] == '-' {
		return location[:n-2]
	}
	return location
}
