package gcp

import (
	"fmt"
	"slices"
	"strings"
)

// scope is where the resources of a type live.
type scope int

const (
	global scope = iota
	regional
	zonal
	located // in a zone or a region
)

// place is where a resource is. Region is set for a zone too.
type place struct{ project, region, zone, location string }

// regionZones are Google Cloud's regions with the letters of their zones.
var regionZones = map[string]string{
	"africa-south1": "abc", "asia-east1": "abc", "asia-east2": "abc", "asia-northeast1": "abc",
	"asia-northeast2": "abc", "asia-northeast3": "abc", "asia-south1": "abc", "asia-south2": "abc",
	"asia-southeast1": "abc", "asia-southeast2": "abc", "australia-southeast1": "abc",
	"australia-southeast2": "abc", "europe-central2": "abc", "europe-north1": "abc", "europe-north2": "abc",
	"europe-southwest1": "abc", "europe-west1": "bcd", "europe-west2": "abc", "europe-west3": "abc",
	"europe-west4": "abc", "europe-west6": "abc", "europe-west8": "abc", "europe-west9": "abc",
	"europe-west10": "abc", "europe-west12": "abc", "me-central1": "abc", "me-central2": "abc", "me-west1": "abc",
	"northamerica-northeast1": "abc", "northamerica-northeast2": "abc", "northamerica-south1": "abc",
	"southamerica-east1": "abc", "southamerica-west1": "abc", "us-central1": "abcf", "us-east1": "bcd",
	"us-east4": "abc", "us-east5": "abc", "us-south1": "abc", "us-west1": "abc", "us-west2": "abc",
	"us-west3": "abc", "us-west4": "abc",
}

// zonesOf lists a region's zones in order; nil if it is not a region.
func zonesOf(region string) []string {
	var zones []string
	for _, letter := range regionZones[region] {
		zones = append(zones, region+"-"+string(letter))
	}
	return zones
}

// regionOf returns the region of a zone, or the region itself.
func regionOf(location string) string {
	if _, ok := regionZones[location]; ok {
		return location
	}
	if i := strings.LastIndex(location, "-"); i > 0 {
		return location[:i]
	}
	return ""
}

func isZone(location string) bool { return slices.Contains(zonesOf(regionOf(location)), location) }

// where determines a resource's place from its inputs and the provider's configuration.
func (k *kind) where(in object, config place) (place, error) {
	at := place{project: in.str("project")}
	if at.project == "" {
		at.project = config.project
	}
	if at.project == "" {
		return at, fmt.Errorf("project: required field is not set: set gcp:project, or project on the resource")
	}
	pick := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	switch k.scope {
	case regional:
		at.region = pick(in.str("region"), config.region, regionOf(config.zone))
		at.location = at.region
	case zonal:
		at.zone = pick(in.str("zone"), zoneOfReference(in.str("group")), config.zone)
		at.location = at.zone
	case located:
		at.location = pick(in.str("location"), locationOfReference(in.str("cluster")), config.zone, config.region)
	default:
		return at, nil
	}
	name := map[scope]string{regional: "region", zonal: "zone", located: "location"}[k.scope]
	switch {
	case at.location == "":
		return at, fmt.Errorf("%s: required field is not set: set it on the resource, or on the provider", name)
	case isZone(at.location):
		at.zone, at.region = at.location, regionOf(at.location)
	default:
		at.region = at.location
	}
	_, isRegion := regionZones[at.location]
	if isRegion && k.scope != zonal || isZone(at.location) && k.scope != regional {
		return at, nil
	}
	return at, &apiError{404, fmt.Sprintf("The resource 'projects/%s/%ss/%s' was not found", at.project, name,
		at.location), "notFound"}
}

// zoneOfReference returns the zone in a reference; empty if there is none.
func zoneOfReference(ref string) string { return segmentAfter(ref, "zones") }

// locationOfReference returns the location in a cluster's resource name; empty if there is none.
func locationOfReference(ref string) string { return segmentAfter(ref, "locations") }

func segmentAfter(ref, segment string) string {
	parts := strings.Split(ref, "/")
	if i := slices.Index(parts, segment); i >= 0 && i+1 < len(parts) {
		return parts[i+1]
	}
	return ""
}
