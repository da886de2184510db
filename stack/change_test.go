package stack_test

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"pgregory.net/rapid"
)

// change is the difference between two configurations of a stack: the URNs of added, changed and removed resources.
type change struct {
	added, changed, removed []string
}

// between compares two runs as the engine does: each resource's inputs, except those whose changes it ignores, and
// dependencies.
func between(before, after *system) change {
	var c change
	for _, r := range after.Resources {
		old := before.Get(r.URN)
		if old != nil {
			keepIgnored(old, r)
		}
		switch {
		case old == nil:
			c.added = append(c.added, r.URN)
		case !equal(old.Inputs, r.Inputs) || !equal(old.Dependencies, r.Dependencies) || old.DeletedWith != r.DeletedWith ||
			old.Provider != r.Provider || old.Protect != r.Protect:
			c.changed = append(c.changed, r.URN)
		}
	}
	for _, r := range before.Resources {
		if after.Get(r.URN) == nil {
			c.removed = append(c.removed, r.URN)
		}
	}
	return c
}

// keepIgnored sets the inputs whose changes a resource ignores to their old values.
func keepIgnored(old, new *stacktest.Resource) {
	for _, text := range new.IgnoreChanges {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			panic(err) // the engine would refuse it too
		}
		path.Reset(old.Inputs, new.Inputs)
	}
}

// The program does not depend on the time, on chance or on the order of a map: a second update changes nothing.
func TestTheSameConfigurationChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := configtest.ValidConfig(t)
		first, second := run(t, values, false), run(t, values, false)
		if c := between(first, second); !equal(c, change{}) {
			t.Errorf("a second run of the same configuration: %+v", c)
		}
	})
}

// An image's tag changes the workloads that run it, and replaces nothing.
func TestAnImageChangesItsWorkloadsOnly(t *testing.T) {
	before := run(t, configtest.Committed(t), false)
	for key, users := range map[string][]string{
		"pdImage":        {"pd", "pd-gate"}, // the next region waits for the gate
		"tikvImage":      {"tikv", "tikv-gate"},
		"tidbImage":      {"tidb"},
		"nfsImage":       {"nfs", "wordpress"}, // its readiness shows that the region has its files again
		"wordpressImage": {"wordpress", "database-init", "wordpress-cli"},
		"wpcliImage":     {"wordpress-cli"}, // and restarts nothing
		"syncthingImage": {"syncthing"},
		"toolsImage":     {"pd", "gate", "pd-gate", "tikv-gate", "membership", "tidb", "nfs", "wordpress", "syncthing", "wordpress-cron"},
	} {
		t.Run(key, func(t *testing.T) {
			after := run(t, with(configtest.Committed(t), key, "registry.example.com/other:v1"), false)
			var want []string
			for _, w := range before.Workloads() {
				if slices.Contains(users, app(w)) {
					want = append(want, w.URN)
				}
			}
			c := between(before, after)
			slices.Sort(c.changed)
			slices.Sort(want)
			if len(c.added)+len(c.removed) > 0 || !slices.Equal(c.changed, want) {
				t.Errorf("changes %+v, want %v", c, want)
			}
		})
	}
}

// Adding regions changes nothing in the existing ones: neither addresses nor machines nor data.
func TestMoreRegionsKeepWhatStands(t *testing.T) {
	before, after := run(t, configtest.Sized(t, 3), false), run(t, configtest.Sized(t, 5), false)
	c := between(before, after)
	if len(c.removed) > 0 {
		t.Errorf("removed: %v", c.removed)
	}
	for _, urn := range c.changed {
		r := after.Get(urn)
		if strings.HasPrefix(r.Type, "gcp:") && after.regionOf(r) != "" || r.Type == stacktest.ProviderType ||
			slices.Contains([]string{"PersistentVolume", "PersistentVolumeClaim", "Namespace", "Service"}, r.Kind()) {
			t.Errorf("changed: %s", r)
		}
	}
	for _, urn := range c.added {
		if r := after.Get(urn); slices.Contains(before.names(), after.regionOf(r)) {
			t.Errorf("added in a region that stood: %s", r)
		}
	}
}

// Removing a region removes its own resources only. The others do not change when they are pinned to their addresses.
func TestFewerRegionsKeepTheOthers(t *testing.T) {
	pinned := func(names ...string) map[string]string {
		blocks := map[string]string{
			"europe-west1": "10.64.0.0/16", "europe-west2": "10.65.0.0/16", "europe-west3": "10.66.0.0/16",
			"europe-west4": "10.67.0.0/16", "europe-west6": "10.68.0.0/16",
		}
		var items []string
		for _, name := range names {
			items = append(items, `{"name":"`+name+`","zone":"`+name+`-b","addresses":"`+blocks[name]+`"}`)
		}
		return with(configtest.Committed(t), "regions", "["+strings.Join(items, ",")+"]")
	}
	before := run(t, pinned("europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6"), false)
	after := run(t, pinned("europe-west1", "europe-west3", "europe-west6"), false)
	c := between(before, after)
	for _, urn := range c.removed {
		if r := before.Get(urn); !slices.Contains([]string{"europe-west2", "europe-west4"}, before.regionOf(r)) {
			t.Errorf("removed: %s", r)
		}
	}
	for _, urn := range append(c.changed, c.added...) {
		r := after.Get(urn)
		if old := before.Get(urn); old != nil && r.Kind() == "NodePool" && equal(old.Inputs, r.Inputs) {
			continue // only its dependency on another region's gate changed
		}
		if slices.Contains([]string{"Disk", "NodePool", "Subnetwork", "PersistentVolume", "PersistentVolumeClaim"}, r.Kind()) {
			t.Errorf("changed: %s", r)
		}
	}
}
