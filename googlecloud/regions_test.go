package googlecloud_test

import (
	"testing"

	"geo-wordpress/googlecloud"
)

// A cluster and its node pool are named after the region, and Pulumi's suffix must still fit: a hyphen and seven digits.
func TestEveryRegionFitsInAClusterName(t *testing.T) {
	const autoNameSuffix = 8
	for _, region := range googlecloud.Regions() {
		if got := len("cluster-"+region) + autoNameSuffix; got > googlecloud.MaxClusterName {
			t.Errorf("cluster-%s has %d characters with its suffix, and GKE allows %d", region, got, googlecloud.MaxClusterName)
		}
		for _, zone := range googlecloud.Zones(region) {
			if !googlecloud.IsZone(zone) || googlecloud.IsRegion(zone) || googlecloud.RegionOf(zone) != region {
				t.Errorf("%s is not a zone of %s", zone, region)
			}
		}
		if !googlecloud.IsRegion(region) || googlecloud.IsZone(region) || googlecloud.RegionOf(region) != region {
			t.Errorf("%s is not a region", region)
		}
		if len(googlecloud.Zones(region)) < 3 {
			t.Errorf("%s has zones %v, and Google's regions have three or more", region, googlecloud.Zones(region))
		}
	}
}

func TestOtherLocations(t *testing.T) {
	for location, region := range map[string]string{
		"": "", "-b": "-b", "b": "b", "europe-west99": "europe-west99", "europe-west99-b": "europe-west99",
		"europe-west1-a": "europe-west1", "europe-west1-": "europe-west1-", "us-east4-d": "us-east4",
	} {
		if got := googlecloud.RegionOf(location); got != region {
			t.Errorf("the region of %q is %q, want %q", location, got, region)
		}
		if googlecloud.IsZone(location) || googlecloud.IsRegion(location) || len(googlecloud.Zones(location)) > 0 {
			t.Errorf("%q does not exist", location)
		}
	}
}
