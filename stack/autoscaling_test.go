package stack_test

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
	"geo-wordpress/sizing"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var autoscalingRules = []invariant{
	{"what grows has one autoscaler, from the configured number on", whatGrowsHasOneAutoscaler},
	{"autoscalers add pods fast and take them away slowly", podsGoSlowly},
	{"node pools grow as configured", nodePoolsGrow},
	{"no autoscaler moves what must not move", nothingMovesThatMustNot},
	{"what does not move stays together", whatDoesNotMoveStaysTogether},
	{"there is room for the least and for the most", roomAtBothEnds},
	{"regions grow before visitors are sent away", regionsGrowBeforeVisitorsAreSentAway},
	{"what calls for a machine displaces nothing", whatCallsForAMachineDisplacesNothing},
}

const safeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict"

// growing is a configuration in which everything that can grow does.
func growing(values map[string]string) map[string]string {
	return with(values, "growth", `{"wordpress":6,"tidb":3,"nodes":4}`)
}

// most are the configured most pods of what can grow, 0 for what does not grow.
func (s *system) most(app string) int {
	return map[string]int{"wordpress": s.config.Growth.WordPress, "tidb": s.config.Growth.TiDB}[app]
}

func (s *system) grows(app string) bool { return s.most(app) > 0 }

func (s *system) requestsPerMachine(region regions.Region) float64 {
	least := s.config.Replicas
	return sizing.GrowingRequestsPerMachine(least.WordPress, s.config.Growth.Most(least).WordPress, region.Nodes, max(region.Nodes, region.MostNodes))
}

func podAnnotations(w stacktest.Workload) map[string]any {
	for _, path := range []string{"spec.template.metadata.annotations", "spec.jobTemplate.spec.template.metadata.annotations"} {
		if annotations, ok := w.Resource.At(path).(map[string]any); ok {
			return annotations
		}
	}
	return nil
}

// whatGrowsHasOneAutoscaler: its target is a Deployment of its region and namespace that exists before it, with a request of
// CPU in every container, without which there is no utilization; and no update sets that Deployment's replicas.
func whatGrowsHasOneAutoscaler(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		var targets []string
		for _, r := range s.in(region, "HorizontalPodAutoscaler") {
			name := r.Text("spec.scaleTargetRef.name")
			targets = append(targets, name)
			target := s.workload(t, region, name)
			if target.Kind() != "Deployment" || r.Text("spec.scaleTargetRef.kind") != "Deployment" || r.Text("spec.scaleTargetRef.apiVersion") != "apps/v1" ||
				target.Metadata().Name != name || !s.Preview && target.Metadata().Namespace != r.Metadata().Namespace {
				t.Errorf("%s scales %v", r, r.At("spec.scaleTargetRef"))
			}
			if !s.Closure(r)[target.Resource] {
				t.Errorf("%s does not wait for %s", r, target)
			}
			if !slices.Contains(target.IgnoreChanges, "spec.replicas") {
				t.Errorf("an update resets the replicas of %s", target)
			}
			if least, most := r.At("spec.minReplicas"), r.At("spec.maxReplicas"); least != float64(target.Spec.Replicas) || most != float64(s.most(name)) || most.(float64) < least.(float64) {
				t.Errorf("%s allows %v to %v pods, %s starts with %d", r, least, most, target, target.Spec.Replicas)
			}
			if r.Text("spec.metrics.0.resource.name") != "cpu" || r.At("spec.metrics.0.resource.target.averageUtilization") != float64(sizing.GrowthPercent) {
				t.Errorf("%s follows %v", r, r.At("spec.metrics"))
			}
			request(t, target.Pod) // fails if a container requests no CPU
		}
		slices.Sort(targets)
		var want []string
		for _, app := range []string{"tidb", "wordpress"} {
			if s.grows(app) {
				want = append(want, app)
			}
		}
		if !slices.Equal(targets, want) {
			t.Errorf("%s has autoscalers for %v, want %v", region.Name, targets, want)
		}
	}
}

// podsGoSlowly: one pod at a time, after minutes without need, and the next when it has stopped.
func podsGoSlowly(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if r.Kind() != "HorizontalPodAutoscaler" {
			continue
		}
		down, target := asList(r.At("spec.behavior.scaleDown.policies")), s.target(r)
		if len(down) != 1 || down[0].(map[string]any)["type"] != "Pods" || down[0].(map[string]any)["value"] != 1.0 {
			t.Fatalf("%s takes away %v", r, down)
		}
		grace := target.Resource.At("spec.template.spec.terminationGracePeriodSeconds").(float64)
		if between := down[0].(map[string]any)["periodSeconds"].(float64); between < grace {
			t.Errorf("%s takes away a pod each %v seconds, and one may take %v to stop", r, between, grace)
		}
		up, quiet := r.At("spec.behavior.scaleUp.stabilizationWindowSeconds").(float64), r.At("spec.behavior.scaleDown.stabilizationWindowSeconds").(float64)
		if up > 60 || quiet < 600 || quiet > 3600 {
			t.Errorf("%s adds pods after %v seconds and takes them away after %v", r, up, quiet)
		}
		for _, policy := range asList(r.At("spec.behavior.scaleUp.policies")) {
			if seconds := policy.(map[string]any)["periodSeconds"].(float64); seconds > 60 {
				t.Errorf("%s waits %v seconds before it adds more pods", r, seconds)
			}
		}
	}
}

// target is the workload that an autoscaler scales.
func (s *system) target(autoscaler *stacktest.Resource) stacktest.Workload {
	for _, w := range s.Workloads() {
		if s.regionOf(w.Resource) == s.regionOf(autoscaler) && app(w) == autoscaler.Text("spec.scaleTargetRef.name") {
			return w
		}
	}
	return stacktest.Workload{}
}

func nodePoolsGrow(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		pool := s.poolOf(s.clusterIn(region))
		if s.config.Growth.Nodes == 0 {
			if pool.At("autoscaling") != nil {
				t.Errorf("%s grows", pool)
			}
			continue
		}
		for path, want := range map[string]any{
			"autoscaling.minNodeCount": float64(region.Nodes), "autoscaling.maxNodeCount": float64(s.config.Growth.Nodes),
			"autoscaling.totalMinNodeCount": nil, "autoscaling.totalMaxNodeCount": nil, // not beside a zone's limits
			"autoscaling.locationPolicy": "BALANCED", // what GKE answers with
			"initialNodeCount":           nil,        // its change would replace the pool
		} {
			if got := pool.At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", pool, path, got, want)
			}
		}
	}
}

// nothingMovesThatMustNot: the servers of a quorum and of files stay where they are while machines come and go, and only
// there: the annotation restarts pods, so a pool that does not grow has none.
func nothingMovesThatMustNot(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		stays := slices.Contains([]string{"pd", "tikv", "nfs", "syncthing"}, app(w)) && s.config.Growth.Nodes > 0
		if got := podAnnotations(w)[safeToEvict] == "false"; got != stays {
			t.Errorf("%s keeps its machine: %t, want %t", w, got, stays)
		}
	}
}

// whatDoesNotMoveStaysTogether: PD and TiKV prefer a machine that is kept anyway, for themselves and for the NFS server: the
// scheduler counts the preferences of running pods, too. The NFS server prefers its disk's machine to theirs.
func whatDoesNotMoveStaysTogether(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		for _, name := range []string{"pd", "tikv"} {
			w := s.workload(t, region, name)
			preferred, weight := w.Pod.Affinity.PodAffinity.Preferred, 0
			if want := map[bool]int{true: 3, false: 0}[s.config.Growth.Nodes > 0]; len(preferred) != want || len(w.Pod.Affinity.PodAffinity.Required) > 0 {
				t.Fatalf("%s is bound by %+v", w, w.Pod.Affinity)
			}
			for i, p := range preferred {
				other := s.workload(t, region, []string{"pd", "tikv", "nfs"}[i])
				weight += p.Weight
				if !p.Term.LabelSelector.Selects(other.Labels) || p.Term.TopologyKey != "kubernetes.io/hostname" ||
					!slices.Equal(p.Term.Namespaces, []string{s.namespaceOf(other.Resource).Metadata().Name}) {
					t.Errorf("%s prefers the machine of %+v, want that of %s", w, p.Term, other)
				}
			}
			if disk := s.workload(t, region, "nfs").Pod.Affinity.PodAffinity.Preferred[0].Weight; 2*weight >= disk {
				t.Errorf("%s draws the NFS server away from its disk, with %d against %d", w, weight, disk)
			}
		}
	}
}

func roomAtBothEnds(t rapid.TB, s *system) {
	most := s.config.Growth.Most(s.config.Replicas)
	for _, region := range s.config.Regions {
		machine, err := googlecloud.LookupMachineType(region.MachineType)
		if err != nil {
			t.Fatal(err)
		}
		if !sizing.Fits(machine, region.Nodes, s.config.Replicas) {
			t.Errorf("%s has no room for %+v", region.Name, s.config.Replicas)
		}
		if nodes := max(region.Nodes, region.MostNodes); !sizing.Fits(machine, nodes, most) {
			t.Errorf("%s has no room for %+v on %d machines", region.Name, most, nodes)
		}
	}
}

func regionsGrowBeforeVisitorsAreSentAway(t rapid.TB, s *system) {
	backends := asList(s.Only(backendType, "loadbalancer").At("backends"))
	for i, region := range s.config.Regions {
		rate := backends[i].(map[string]any)["maxRatePerInstance"].(float64) * float64(region.Nodes)
		if most := s.config.Growth.WordPress; rate < sizing.CallsForMore(most) {
			t.Errorf("visitors leave %s at %v requests a second, before it has %d pods", region.Name, rate, most)
		}
	}
}

// classOf is the priority class that a workload should have; nil if its region has none of that name. What calls for machines
// has one of its own.
func (s *system) classOf(region regions.Region, w stacktest.Workload) *stacktest.Resource {
	name := ranks[app(w)].class
	if s.grows(app(w)) && s.config.Growth.Nodes > 0 {
		name = "growing-" + app(w)
	}
	for _, r := range s.in(region, "PriorityClass") {
		if r.Metadata().Name == "geo-wordpress-"+name {
			return r
		}
	}
	return nil
}

// whatCallsForAMachineDisplacesNothing: a pod that waits for the preemption of another calls for no machine (the cluster
// autoscaler's FAQ, "How does Cluster Autoscaler work with Pod Priority and Preemption?"). Where no machine comes, the pods that
// serve displace others as before: there is room for the most, unless a machine is lost.
func whatCallsForAMachineDisplacesNothing(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		for _, w := range s.workloads(region) {
			class := s.classOf(region, w)
			if class == nil {
				continue // reported by priorities
			}
			waits := strings.HasSuffix(w.Kind(), "Job") || w.Kind() == "Pod" || s.grows(app(w)) && s.config.Growth.Nodes > 0
			if policy := class.Text("preemptionPolicy"); policy != map[bool]string{true: "Never", false: "PreemptLowerPriority"}[waits] {
				t.Errorf("%s of %s preempts %s", w, class, policy)
			}
		}
	}
}

// Growth adds autoscalers, and changes nothing but what must know. The pods' own growth changes the Deployments' annotations,
// which say whose their number is, and restarts nothing.
func TestGrowthChangesWhatItMust(t *testing.T) {
	for growth, want := range map[string]struct{ changed, added []string }{
		`{"wordpress":2}`: {eachThrice("Deployment wordpress-*"), eachThrice("HorizontalPodAutoscaler wordpress-*")},
		`{"tidb":2}`:      {eachThrice("Deployment tidb-*-tidb"), eachThrice("HorizontalPodAutoscaler tidb-*-tidb")},
		`{"wordpress":3}`: {append([]string{"BackendService loadbalancer"}, eachThrice("Deployment wordpress-*")...), eachThrice("HorizontalPodAutoscaler wordpress-*")},
		`{"wordpress":2,"nodes":4}`: {
			eachThrice("NodePool cluster-*", "Job gate-*", "StatefulSet tidb-*-pd", "Job tidb-*-pd-gate", "StatefulSet tidb-*-tikv",
				"Job tidb-*-tikv-gate", "StatefulSet nfs-*", "Deployment syncthing-*", "Deployment wordpress-*"),
			eachThrice("HorizontalPodAutoscaler wordpress-*", "PriorityClass priority-*-growing-wordpress"),
		},
		`{"tidb":2,"nodes":4}`: {
			eachThrice("NodePool cluster-*", "Job gate-*", "StatefulSet tidb-*-pd", "Job tidb-*-pd-gate", "StatefulSet tidb-*-tikv",
				"Job tidb-*-tikv-gate", "Deployment tidb-*-tidb", "StatefulSet nfs-*", "Deployment syncthing-*", "Deployment wordpress-*"),
			eachThrice("HorizontalPodAutoscaler tidb-*-tidb", "PriorityClass priority-*-growing-tidb"),
		},
	} {
		changed, added, removed := changes(t, map[string]string{"growth": growth})
		if !slices.Equal(changed, want.changed) || !slices.Equal(added, want.added) || len(removed) > 0 {
			t.Errorf("%s: changes %v, adds %v, removes %v", growth, changed, added, removed)
		}
	}
	before, after := run(t, configtest.Committed(t), false), run(t, with(configtest.Committed(t), "growth", `{"wordpress":3,"tidb":2}`), false)
	for _, w := range after.Workloads() {
		if !equal(before.Get(w.URN).At("spec"), w.At("spec")) {
			t.Errorf("the pods' growth restarts %s", w)
		}
	}
}

// While autoscalers hold them, other numbers of pods and machines change the autoscalers, and reset nothing.
func TestTheLeastChangesTheAutoscalers(t *testing.T) {
	before := run(t, growing(configtest.Committed(t)), false)
	after := run(t, with(with(growing(configtest.Committed(t)), "wordpressReplicas", "3"), "nodesPerRegion", "3"), false)
	var changed []string
	for _, urn := range between(before, after).changed {
		changed = append(changed, after.Get(urn).Kind())
	}
	slices.Sort(changed)
	want := []string{"HorizontalPodAutoscaler", "HorizontalPodAutoscaler", "HorizontalPodAutoscaler",
		"Job", "Job", "Job", "NodePool", "NodePool", "NodePool"}
	if !slices.Equal(changed, want) {
		t.Errorf("changes %v, want %v", changed, want)
	}
}

// The cluster autoscaler adds no machine because the least is larger (its FAQ, "My cluster is below minimum"), so the update says
// how to add it.
func TestALargerLeastIsNotEnough(t *testing.T) {
	fixed := configtest.Committed(t)
	one := with(growing(fixed), "regions", `[{"name":"europe-west1","zone":"europe-west1-b","nodes":3},
		{"name":"europe-west2","zone":"europe-west2-b"},{"name":"europe-west3","zone":"europe-west3-b"}]`)
	for name, c := range map[string]struct {
		before, after map[string]string
		want          int
	}{
		"more for a pool that grows":    {growing(fixed), with(growing(fixed), "nodesPerRegion", "3"), 3},
		"more, and growth with it":      {fixed, with(growing(fixed), "nodesPerRegion", "3"), 3},
		"more for one region":           {growing(fixed), one, 1},
		"no more":                       {growing(fixed), growing(fixed), 0},
		"fewer":                         {with(growing(fixed), "nodesPerRegion", "3"), growing(fixed), 0},
		"more for a pool that is fixed": {fixed, with(fixed, "nodesPerRegion", "3"), 0},
		"more without growth any more":  {growing(fixed), with(with(fixed, "nodesPerRegion", "3"), "growth", `{"wordpress":6,"tidb":3}`), 0},
	} {
		after, err := stacktest.Run(c.after, stacktest.Options{Last: run(t, c.before, false).Graph})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(after.Warnings) != c.want {
			t.Errorf("%s: %d warnings, want %d: %q", name, len(after.Warnings), c.want, after.Warnings)
		}
		for _, warning := range after.Warnings {
			if !strings.Contains(warning, "gcloud container clusters resize CLUSTER --location europe-west") || !strings.Contains(warning, "--num-nodes 3") {
				t.Errorf("%s: %s", name, warning)
			}
		}
	}
	if first := run(t, growing(fixed), false); len(first.Warnings) > 0 {
		t.Errorf("a new stack: %q", first.Warnings)
	}
}

// An autoscaler that may have added pods is not removed before it has taken them away.
func TestGrowthGoesInTwoSteps(t *testing.T) {
	committed := configtest.Committed(t)
	grown := run(t, growing(committed), false)
	for _, growth := range []string{`{}`, `{"tidb":2}`, `{"tidb":3,"nodes":4}`} {
		_, err := stacktest.Run(with(committed, "growth", growth), stacktest.Options{Last: grown.Graph})
		if want := "growth.wordpress: is not set, but a region may have grown to 6 pods, which would stay: set it to 2 (as wordpressReplicas), run `pulumi up`"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", growth, err, want)
		}
	}
	last := next(t, grown, with(committed, "growth", `{"wordpress":2,"tidb":2,"nodes":2}`))
	if changed := changedInputs(grown, last); len(changed) == 0 {
		t.Error("nothing shrinks")
	}
	want := "growth.wordpress: is not set, and wordpressReplicas is 3 instead of 2: first remove it alone"
	if _, err := stacktest.Run(with(with(committed, "wordpressReplicas", "3"), "nodesPerRegion", "3"), stacktest.Options{Last: last.Graph}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("another number at once: %v, want %s", err, want)
	}
	gone := next(t, last, committed)
	if c := between(run(t, committed, false), gone); !equal(c, change{}) {
		t.Errorf("a stack that has grown differs from one that never did: %+v", c)
	}
}
