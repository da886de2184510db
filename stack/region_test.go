package stack_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// marked is a configuration in which a field of the regions at some indexes is true.
func marked(t *testing.T, values map[string]string, field string, indexes ...int) map[string]string {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(values[configtest.Project+":regions"]), &list); err != nil {
		t.Fatal(err)
	}
	for _, i := range indexes {
		list[i][field] = true
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return with(values, "regions", string(text))
}

// next runs the program on the state that another run left.
func next(t *testing.T, last *system, values map[string]string) *system {
	t.Helper()
	loaded, err := config.LoadRun(&pulumi.RunInfo{Project: configtest.Project, Config: values}, read(t, last.Graph))
	if err != nil {
		t.Fatal(err)
	}
	g, err := stacktest.Run(values, stacktest.Options{Last: last.Graph})
	if err != nil {
		t.Fatal(err)
	}
	return &system{Graph: g, config: loaded, homes: map[*stacktest.Resource]string{}, admission: map[string][]policy{}}
}

// changedInputs are the resources of both runs whose inputs differ: the engine updates or replaces exactly these.
func changedInputs(before, after *system) (names []string) {
	for _, r := range after.Resources {
		if old := before.Get(r.URN); old != nil && r.Custom && !slices.Contains(r.IgnoreChanges, "data") && !equal(old.Inputs, r.Inputs) {
			names = append(names, r.Kind()+" "+r.Name)
		}
	}
	return names
}

// A lost region goes, whichever it is, and no object of another region changes: a restart of a second voter would be the
// end of the quorum. When it is back, no object of another region changes either.
func TestALostRegionLeavesTheOthersAlone(t *testing.T) {
	committed := configtest.Committed(t)
	before := run(t, committed, false)
	for i, lost := range before.config.Regions {
		t.Run(lost.Name, func(t *testing.T) {
			after := next(t, before, marked(t, committed, "lost", i))
			if changed := changedInputs(before, after); !slices.Equal(changed, []string{"BackendService loadbalancer"}) {
				t.Errorf("changed: %v", changed)
			}
			for _, r := range after.Resources {
				if after.regionOf(r) == lost.Name && !isOf(r, "identity", "purge") {
					t.Errorf("%s is still declared", r)
				}
			}
			service, purge := after.Only("gcp:compute/backendService:BackendService"), after.Only("kubernetes:batch/v1:Job", "purge-"+lost.Name)
			if !after.Closure(service)[purge] {
				t.Errorf("the load balancer does not wait until it is certain that %s is lost", lost.Name)
			}
			if purge.DeletedWith == before.clusterIn(lost).URN {
				t.Errorf("%s runs in the lost region", purge)
			}
			back := next(t, after, committed)
			if c := between(before, back); !equal(c, change{}) {
				t.Errorf("a returned region differs from one that was never away: %+v", c)
			}
			if changed := changedInputs(after, back); !slices.Equal(changed, []string{"BackendService loadbalancer"}) {
				t.Errorf("changed for the return: %v", changed)
			}
		})
	}
}

// Regions leave after the load balancer has let go of them, one after the other, and nothing else changes.
func TestLeavingRegionsGoOneAfterTheOther(t *testing.T) {
	five := configtest.Sized(t, 5)
	before := run(t, five, false)
	after := next(t, before, marked(t, five, "leaving", 1, 4))
	if changed := changedInputs(before, after); !slices.Equal(changed, []string{"BackendService loadbalancer"}) {
		t.Errorf("changed: %v", changed)
	}
	var chain []*stacktest.Resource
	chain = append(chain, after.Only("gcp:compute/backendService:BackendService"))
	for _, i := range []int{1, 4} {
		chain = append(chain, after.Only("kubernetes:batch/v1:Job", "departure-"+before.config.Regions[i].Name))
	}
	for i, r := range chain[1:] {
		if !after.Closure(r)[chain[i]] {
			t.Errorf("%s does not wait for %s", r, chain[i])
		}
	}
	text := stacktest.Plain(chain[1].Inputs["spec"])
	if shown, _ := json.Marshal(text); !strings.Contains(string(shown), `{"name":"REPLICAS","value":"3"}`) {
		t.Errorf("the Job does not set three replicas: %s", shown)
	}
}

// Five replicas from five regions on, set after all stores are up.
func TestReplicasFollowTheRegions(t *testing.T) {
	for count, want := range map[int]string{3: "3", 5: "5", 7: "5"} {
		s := run(t, configtest.Sized(t, count), false)
		job := s.workload(t, s.config.Regions[0], "membership")
		if got := job.Pod.Containers[0].EnvVar("REPLICAS").Value; got != want {
			t.Errorf("%d regions have %s replicas, not %s", count, got, want)
		}
		for _, region := range s.config.Regions {
			if gate := s.workload(t, region, "tikv-gate"); !s.Closure(job.Resource)[gate.Resource] {
				t.Errorf("%s does not wait for %s", job, gate)
			}
		}
	}
}

// What exists decides which changes of the regions are refused.
func TestRegionsDoNotGoByASlip(t *testing.T) {
	committed := configtest.Committed(t)
	three := run(t, committed, false)
	protected := run(t, with(committed, "deletionProtection", "true"), false)
	for name, c := range map[string]struct {
		last    *system
		regions string
		want    []configtest.Mistake
	}{
		"an entry removed": {three, places("europe-west1-b", "europe-west2-b", "europe-west4-b"),
			[]configtest.Mistake{{Key: "regions", Fragment: "europe-west3: is not in the list, but has disks with data"}}},
		"an entry before others removed, and another added": {three, places("europe-west2-b", "europe-west3-b", "europe-west4-b"),
			[]configtest.Mistake{{Key: "regions", Fragment: "europe-west1: is not in the list"},
				{Key: "regions[0].addresses", Fragment: "set addresses to 10.65.0.0/16"}, {Key: "regions[1].addresses", Fragment: "set addresses to 10.66.0.0/16"}}},
		"another zone": {three, places("europe-west1-b", "europe-west2-c", "europe-west3-b"),
			[]configtest.Mistake{{Key: "regions[1].zone", Fragment: `"europe-west2-c": the region's disks are in europe-west2-b`}}},
		"a protected cluster": {protected, places("europe-west1-b", `europe-west2-b","lost":true,"machineType":"e2-standard-4`, "europe-west3-b"),
			[]configtest.Mistake{{Key: "regions[1].lost", Fragment: "the region's cluster is protected"}}},
		"no database yet": {nil, places("europe-west1-b", `europe-west2-b","lost":true,"machineType":"e2-standard-4`, "europe-west3-b"),
			[]configtest.Mistake{{Key: "regions[1].lost", Fragment: "there is no complete database yet"}}},
		"all lost": {three, places(`europe-west1-b","lost":true,"machineType":"e2-standard-4`, `europe-west2-b","lost":true,"machineType":"e2-standard-4`, `europe-west3-b","lost":true,"machineType":"e2-standard-4`),
			[]configtest.Mistake{{Key: "regions", Fragment: "3 lost regions: must leave at least one"}}},
		"too few stay": {three, places("europe-west1-b", `europe-west2-b","leaving":true,"machineType":"e2-standard-4`, "europe-west3-b"),
			[]configtest.Mistake{{Key: "regions", Fragment: "2 regions: would stay"}}},
		"both": {three, places("europe-west1-b", `europe-west2-b","leaving":true,"lost":true,"machineType":"e2-standard-4`, "europe-west3-b"),
			[]configtest.Mistake{{Key: "regions[1].leaving", Fragment: "the region is also lost"}, {Key: "regions", Fragment: "must not be at the same time"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var g *stacktest.Graph
			if c.last != nil {
				g = c.last.Graph
			}
			_, err := stacktest.Run(with(committed, "regions", c.regions), stacktest.Options{Last: g})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, m := range c.want {
				if !strings.Contains(err.Error(), m.Key+": ") || !strings.Contains(err.Error(), m.Fragment) {
					t.Errorf("not reported: %v\n%v", m, err)
				}
			}
			if got := strings.Count(err.Error(), "\n  "); got != len(c.want) {
				t.Errorf("%d mistakes reported, not %d:\n%v", got, len(c.want), err)
			}
		})
	}
}

// places is the list of regions with these zones. More fields may follow a zone.
func places(zones ...string) string {
	var items []string
	for _, zone := range zones {
		items = append(items, `{"name":"`+zone[:strings.LastIndexByte(strings.SplitN(zone, `"`, 2)[0], '-')]+`","zone":"`+zone+`"}`)
	}
	return "[" + strings.Join(items, ",") + "]"
}
