package stack_test

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
)

// changes returns what a configuration changes in the committed stack, as "Kind name" with * for the region.
func changes(t *testing.T, settings map[string]string) (changed, added, removed []string) {
	t.Helper()
	before := run(t, configtest.Committed(t), false)
	values := configtest.Committed(t)
	for key, value := range settings {
		values = with(values, key, value)
	}
	after := run(t, values, false)
	c := between(before, after)
	names := func(s *system, urns []string) (all []string) {
		for _, urn := range urns {
			r := s.Get(urn)
			name := r.Name
			if region := s.regionOf(r); region != "" {
				name = strings.ReplaceAll(name, region, "*")
			}
			all = append(all, r.Kind()+" "+name)
		}
		slices.Sort(all)
		return all
	}
	return names(after, c.changed), names(after, c.added), names(before, c.removed)
}

func eachThrice(names ...string) (all []string) {
	for _, name := range names {
		all = append(all, name, name, name)
	}
	slices.Sort(all)
	return all
}

// Larger disks change the disks and their claims, and nothing that would restart a pod. The volumes keep their capacity,
// which the driver's resizer raises.
func TestMoreRoomChangesDisksAndClaimsOnly(t *testing.T) {
	for key, want := range map[string][]string{
		"pdDiskGiB":    {"Disk storage-*-pd", "PersistentVolumeClaim tidb-*-pd"},
		"tikvDiskGiB":  {"Disk storage-*-tikv", "PersistentVolumeClaim tidb-*-tikv"},
		"filesDiskGiB": {"Disk storage-*-files", "PersistentVolumeClaim nfs-*"},
	} {
		t.Run(key, func(t *testing.T) {
			changed, added, removed := changes(t, map[string]string{key: "40"})
			if !slices.Equal(changed, eachThrice(want...)) || len(added)+len(removed) > 0 {
				t.Errorf("changes %v, adds %v, removes %v", changed, added, removed)
			}
		})
	}
}

// Other sizes change what they size, the gates that the next region's change waits for, and no data.
func TestOtherSizesChangeWhatTheySize(t *testing.T) {
	machines := eachThrice("Job gate-*", "NodePool cluster-*")
	for key, c := range map[string]struct {
		value string
		want  []string
	}{
		"nodesPerRegion":    {"3", machines},
		"machineType":       {"e2-standard-4", machines},
		"wordpressReplicas": {"1", eachThrice("Deployment wordpress-*")},
		"tidbReplicas":      {"1", eachThrice("Deployment tidb-*-tidb")},
	} {
		t.Run(key, func(t *testing.T) {
			changed, added, removed := changes(t, map[string]string{key: c.value})
			if !slices.Equal(changed, c.want) || len(added)+len(removed) > 0 {
				t.Errorf("changes %v, adds %v, removes %v", changed, added, removed)
			}
		})
	}
}

// Stale reads for visitors are turned on and off by WordPress's configuration alone, whose new name rolls the pods.
func TestStaleReadsChangeWordPressAlone(t *testing.T) {
	changed, added, removed := changes(t, map[string]string{"visitorStaleness": "60"})
	if !slices.Equal(changed, eachThrice("ConfigMap wordpress-*-config")) || len(added)+len(removed) > 0 {
		t.Errorf("changes %v, adds %v, removes %v", changed, added, removed)
	}
}
