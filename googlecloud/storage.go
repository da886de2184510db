package googlecloud

import (
	"regexp"
	"slices"
	"strings"
)

// multiRegions are the multi-regions of Cloud Storage, by the beginning of the names of the regions near them
// (https://cloud.google.com/storage/docs/locations).
var multiRegions = []struct{ prefix, name string }{
	{"europe-", "EU"}, {"us-", "US"}, {"northamerica-", "US"}, {"asia-", "ASIA"},
}

// MultiRegion is the multi-region of Cloud Storage near a region, or empty. It holds every object in at least two regions
// that are far apart.
func MultiRegion(region string) string {
	for _, each := range multiRegions {
		if strings.HasPrefix(region, each.prefix) {
			return each.name
		}
	}
	return ""
}

// IsMultiRegion reports whether Cloud Storage has a multi-region of a name.
func IsMultiRegion(name string) bool { return slices.Contains([]string{"EU", "US", "ASIA"}, name) }

// BucketName is the form of a bucket's name (https://cloud.google.com/storage/docs/buckets#naming). Longer names, of
// domains, are left out.
var BucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`)
