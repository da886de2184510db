package gcp

import (
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
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

// zonesOf lists a region's zones in order; nil if it is not a region.
func zonesOf(region string) []string { return googlecloud.Zones(region) }

// regionOf returns the region of a zone, or the region itself.
func regionOf(location string) string { return googlecloud.RegionOf(location) }

func isZone(location string) bool { return googlecloud.IsZone(location) }

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
	if googlecloud.IsRegion(at.location) && k.scope != zonal || isZone(at.location) && k.scope != regional {
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
