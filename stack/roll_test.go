package stack_test

import (
	"slices"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// databaseStands is the ConfigMap that tells a gate that there is a database to wait for.
const databaseStands = "database-stands"

// machinesRollRegionByRegion: a region's node pool waits for the previous region's machines and gate. The database and
// the files change only after all machines.
func machinesRollRegionByRegion(t rapid.TB, s *system) {
	var gate stacktest.Workload
	for i, region := range s.config.Regions {
		pool := s.poolOf(s.clusterIn(region))
		if i > 0 && !s.Closure(pool)[gate.Resource] {
			t.Errorf("%s does not wait for %s", pool, gate)
		}
		gate = s.workload(t, region, "gate")
		if !s.Closure(gate.Resource)[pool] {
			t.Errorf("%s does not wait for %s", gate, pool)
		}
	}
	first := s.config.Regions[0]
	for _, app := range []string{"pd", "nfs"} {
		if w := s.workload(t, first, app); !s.Closure(w.Resource)[gate.Resource] {
			t.Errorf("%s does not wait for %s", w, gate)
		}
	}
}

// gatesWaitForADatabaseThatHasStood: in every region, the ConfigMap that makes a gate wait depends on the complete
// database. So no gate waits for what is created after it, in a first or an interrupted update or in a recreated
// region.
func gatesWaitForADatabaseThatHasStood(t rapid.TB, s *system) {
	database := s.workload(t, s.config.Regions[0], "database-init")
	for _, region := range s.config.Regions {
		gate := s.workload(t, region, "gate")
		switch ref := gate.Pod.Containers[0].EnvVar("DATABASE_STANDS").ValueFrom.ConfigMapKeyRef; {
		case ref == nil || ref.Name != databaseStands || !ref.Optional:
			t.Errorf("%s does not read whether there is a database, or cannot do without: %+v", gate, ref)
		}
		var found *stacktest.Resource
		for _, r := range s.in(region, "ConfigMap") {
			if r.Metadata().Name == databaseStands {
				found = r
			}
		}
		switch {
		case found == nil:
			t.Errorf("%s never gets the ConfigMap %s", region.Name, databaseStands)
		case !s.Closure(found)[database.Resource]:
			t.Errorf("%s does not wait for %s", found, database)
		case found.Data()[gate.Pod.Containers[0].EnvVar("DATABASE_STANDS").ValueFrom.ConfigMapKeyRef.Key] == nil:
			t.Errorf("%s lacks the key that %s reads", found, gate)
		}
		// The gate asks its own region's Placement Driver, which reports on all regions: an additional region changes
		// no gate.
		if policy := s.object(gate.Resource, "NetworkPolicy", "gate"); policy != nil && !s.Preview {
			if peers, _ := policy.At("spec.egress.0.to").([]any); len(peers) != 1 {
				t.Errorf("%s may reach %v", gate, peers)
			}
		}
	}
}

// sitesRollRegionByRegion: file server, then WordPress, then the next region's file server; and no WordPress before the
// database. With a restore, each file server with its Job, and then each WordPress.
func sitesRollRegionByRegion(t rapid.TB, s *system) {
	database := s.workload(t, s.config.Regions[0], "database-init")
	var chain, sites []stacktest.Workload
	for _, region := range s.config.Regions {
		if s.config.Restore != nil {
			chain = append(chain, s.workload(t, region, "nfs"), s.workload(t, region, "restore"))
			sites = append(sites, s.workload(t, region, "wordpress"))
		} else {
			chain = append(chain, s.workload(t, region, "nfs"), s.workload(t, region, "wordpress"))
		}
		for _, app := range s.wordPressApps() {
			if w := s.workload(t, region, app); !s.Closure(w.Resource)[database.Resource] {
				t.Errorf("%s does not wait for %s", w, database)
			}
		}
	}
	chain = append(chain, sites...)
	for i, w := range chain {
		before := s.Closure(w.Resource)
		for j, other := range chain {
			if before[other.Resource] != (j < i) {
				t.Errorf("%s waits for %s: %v, want %v", w, other, before[other.Resource], j < i)
			}
		}
	}
}

// A change that restarts machines changes every region's node pool and gate.
func TestAChangeOfMachinesPassesEveryGate(t *testing.T) {
	before := run(t, configtest.Committed(t), false)
	for key, value := range map[string]string{"machineType": "e2-standard-8", "bootDiskGiB": "40", "nodesPerRegion": "3"} {
		t.Run(key, func(t *testing.T) {
			after := run(t, with(configtest.Committed(t), key, value), false)
			c := between(before, after)
			var want []string
			for _, region := range after.config.Regions {
				want = append(want, after.poolOf(after.clusterIn(region)).URN, after.workload(t, region, "gate").URN)
			}
			slices.Sort(c.changed)
			slices.Sort(want)
			if len(c.added)+len(c.removed) > 0 || !slices.Equal(c.changed, want) {
				t.Errorf("changes %+v, want %v", c, want)
			}
		})
	}
}

// A change of the file server restarts WordPress too, so that the next region waits until WordPress has its files
// again.
func TestAChangeOfTheFileServerRollsWordPress(t *testing.T) {
	before := run(t, configtest.Committed(t), false)
	after := run(t, with(configtest.Committed(t), "nfsImage", "registry.example.com/other:v1"), false)
	c := between(before, after)
	for _, region := range after.config.Regions {
		if w := after.workload(t, region, "wordpress"); !slices.Contains(c.changed, w.URN) {
			t.Errorf("%s does not change with the file server", w)
		}
	}
}
