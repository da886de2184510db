package api

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
)

// Scope is where the resources of a type are.
type Scope int

// The scopes. A Located resource is in a zone or a region.
const (
	Global Scope = iota
	Regional
	Zonal
	Located
)

// Property is the input that gives a resource's location; empty if it is global.
func (s Scope) Property() string { return [...]string{"", "region", "zone", "location"}[s] }

// Location is where a resource is, or by default is created. Name is the zone or region; empty if it is global. A zone's
// Region is set too.
type Location struct{ Project, Region, Zone, Name string }

// Where determines a resource's location from its inputs and the defaults.
func (k *Kind) Where(in Object, defaults Location) (Location, error) {
	at := Location{Project: cmp.Or(in.Str("project"), defaults.Project)}
	if at.Project == "" {
		return at, fmt.Errorf("project: required field is not set: set gcp:project, or project on the resource")
	}
	switch k.Scope {
	case Global:
		return at, nil
	case Regional:
		at.Name = cmp.Or(in.Str("region"), defaults.Region, googlecloud.RegionOf(defaults.Zone))
	case Zonal:
		at.Name = cmp.Or(in.Str("zone"), ZoneOfReference(in.Str("group")), defaults.Zone)
	case Located:
		at.Name = cmp.Or(in.Str("location"), segmentAfter(in.Str("cluster"), "locations"), defaults.Zone, defaults.Region)
	}
	at.Region = googlecloud.RegionOf(at.Name)
	name := k.Scope.Property()
	switch {
	case at.Name == "":
		return at, fmt.Errorf("%s: required field is not set: set it on the resource, or on the provider", name)
	case googlecloud.IsZone(at.Name) && k.Scope != Regional:
		at.Zone = at.Name
		return at, nil
	case googlecloud.IsRegion(at.Name) && k.Scope != Zonal:
		return at, nil
	}
	return at, &Error{404, fmt.Sprintf("The resource 'projects/%s/%ss/%s' was not found", at.Project, name, at.Name), "notFound"}
}

// ZoneOfReference returns the zone in a reference; empty if there is none.
func ZoneOfReference(ref string) string { return segmentAfter(ref, "zones") }

func segmentAfter(ref, segment string) string {
	parts := strings.Split(ref, "/")
	if i := slices.Index(parts, segment); i >= 0 && i+1 < len(parts) {
		return parts[i+1]
	}
	return ""
}
