package regions

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// zonesByRegion holds the zone letters of Google Cloud's regions. Regions that are not in this table are refused here:
// Google would refuse a well-formed but non-existent region only after the network exists. Source:
// cloud.google.com/compute/docs/regions-zones. Add the regions that Google has opened since.
var zonesByRegion = func() map[string]string {
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

// Known returns the regions that a stack may use, sorted.
func Known() []string { return slices.Sorted(maps.Keys(zonesByRegion)) }

// Zones returns the zones of a region, or nil if it is not known.
func Zones(region string) []string {
	var zones []string
	for _, letter := range zonesByRegion[region] {
		zones = append(zones, region+"-"+string(letter))
	}
	return zones
}

var regionForm = regexp.MustCompile(`^[a-z]+-[a-z]+[1-9][0-9]?$`)

// checkRegion returns what is wrong with the name of a region, or nothing.
func checkRegion(name string) string {
	if _, ok := zonesByRegion[name]; ok {
		return ""
	}
	hint := suggestion(name, Known())
	if !regionForm.MatchString(name) {
		return "must be a Google Cloud region, such as europe-west1" + hint
	}
	return "has the form of a Google Cloud region but is not among those known" + hint +
		" (see `gcloud compute regions list`; a new region is added in regions/zones.go)"
}

// checkZone returns what is wrong with the zone of a known region, or nothing.
func checkZone(zone, region string) string {
	zones := Zones(region)
	if slices.Contains(zones, zone) {
		return ""
	}
	return "must be a zone of " + region + ": " + strings.Join(zones, ", ")
}
