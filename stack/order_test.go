package stack_test

import (
	"fmt"
	"slices"
	"strings"

	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// orderRules check that every resource depends on all that its software needs, so that the graph can be created one
// resource at a time. The order of registration is not enough: without a dependency, the engine may create a resource
// later.
var orderRules = []invariant{
	{"the tiers go through the regions one by one", tiersGoThroughTheRegions},
	{"machines roll region by region", machinesRollRegionByRegion},
	{"a gate waits only for a database that has stood", gatesWaitForADatabaseThatHasStood},
	{"the sites roll region by region, after the database", sitesRollRegionByRegion},
	{"files and Syncthing do not wait for their own database", filesDoNotWaitForTheDatabase},
	{"a restore ends before anything else writes or copies files", aRestoreComesFirst},
	{"pods wait for what they mount", podsWaitForWhatTheyMount},
	{"pods wait for their policies, names and rights", podsWaitForTheirSurroundings},
	{"claims wait for whoever binds them", claimsWaitForWhoeverBindsThem},
	{"nothing else waits for pods", nothingElseWaitsForPods},
	{"a changed configuration rolls its pods", aChangedConfigurationRollsItsPods},
}

// tiersGoThroughTheRegions: every server waits for the previous one, and the server after a voter for the voter's gate,
// which ends once the whole database is healthy again. So no two voters restart at once.
func tiersGoThroughTheRegions(t rapid.TB, s *system) {
	var chain []stacktest.Workload
	for _, tier := range []string{"pd", "tikv", "tidb"} {
		for _, region := range s.config.Regions {
			chain = append(chain, s.workload(t, region, tier))
			if tier != "tidb" {
				chain = append(chain, s.workload(t, region, tier+"-gate"))
			}
		}
	}
	chain = append(chain, s.workload(t, s.config.Regions[0], "database-init"))
	for i, server := range chain[1:] {
		if !slices.Contains(server.Dependencies, chain[i].URN) {
			t.Errorf("%s does not wait for %s", server, chain[i])
		}
	}
	// No server waits for a later one, as it would for a quorum: the closure is exactly the chain so far.
	for i, server := range chain {
		before := s.Closure(server.Resource)
		for j, other := range chain {
			if before[other.Resource] != (j < i) {
				t.Errorf("%s waits for %s: %v, want %v", server, other, before[other.Resource], j < i)
			}
		}
	}
}

// wordPressApps are the labels of the pods in WordPress's namespace.
func (s *system) wordPressApps() []string {
	apps := []string{"wordpress", "wordpress-cron", "wordpress-cli"}
	if s.config.Site != nil {
		apps = append(apps, "wordpress-install")
	}
	return apps
}

// isOf says whether a resource belongs to one of the components, by the prefix of its name.
func isOf(r *stacktest.Resource, components ...string) bool {
	return slices.ContainsFunc(components, func(c string) bool { return strings.HasPrefix(r.Name, c+"-") })
}

// filesDoNotWaitForTheDatabase: the first region's file server starts in parallel with the database, and Syncthing
// waits only for its own region's file server. A restore comes before Syncthing: see restore_test.go.
func filesDoNotWaitForTheDatabase(t rapid.TB, s *system) {
	if s.config.Restore != nil {
		return
	}
	first := s.config.Regions[0]
	for _, app := range []string{"nfs", "syncthing"} {
		for other := range s.Closure(s.workload(t, first, app).Resource) {
			if isOf(other, "tidb") {
				t.Errorf("%s of %s waits for the database: %s", app, first.Name, other)
			}
		}
	}
	for _, region := range s.config.Regions {
		syncthing := s.workload(t, region, "syncthing")
		for _, urn := range syncthing.Dependencies {
			if other := s.Get(urn); s.regionOf(other) != region.Name {
				t.Errorf("%s itself waits for %s", syncthing, other)
			}
		}
	}
}

// mounted are the objects of a kind that a workload's pods reference in volumes, variables and the service account.
func (s *system) mounted(w stacktest.Workload, kind string) map[*stacktest.Resource]bool {
	names := map[string]bool{}
	for _, v := range w.Pod.Volumes {
		switch {
		case v.ConfigMap != nil && kind == "ConfigMap":
			names[v.ConfigMap.Name] = true
		case v.Secret != nil && kind == "Secret" && !v.Secret.Optional:
			names[v.Secret.SecretName] = true
		case v.Claim != nil && kind == "PersistentVolumeClaim":
			names[v.Claim.ClaimName] = true
		}
	}
	for _, c := range w.Pod.All() {
		for _, e := range c.Env {
			if ref := e.ValueFrom.ConfigMapKeyRef; ref != nil && kind == "ConfigMap" && !ref.Optional {
				names[ref.Name] = true
			}
			if ref := e.ValueFrom.SecretKeyRef; ref != nil && kind == "Secret" && !ref.Optional {
				names[ref.Name] = true
			}
		}
	}
	if kind == "ServiceAccount" && w.Pod.ServiceAccountName != "" {
		names[w.Pod.ServiceAccountName] = true
	}
	found := map[*stacktest.Resource]bool{}
	for name := range names {
		found[s.object(w.Resource, kind, name)] = true
	}
	return found
}

// object finds an object by its kind and name in another object's cluster and namespace. It is nil if there is none.
func (s *system) object(of *stacktest.Resource, kind, name string) *stacktest.Resource {
	for _, r := range s.Resources {
		if r.Kind() == kind && r.Provider == of.Provider && r.Metadata().Namespace == of.Metadata().Namespace &&
			r.ObjectName() == name {
			return r
		}
	}
	return nil
}

func podsWaitForWhatTheyMount(t rapid.TB, s *system) {
	if s.Preview {
		return // objects have no names yet to find them by; the dependencies are the same
	}
	for _, w := range s.Workloads() {
		before := s.Closure(w.Resource)
		for _, kind := range []string{"ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount"} {
			for r := range s.mounted(w, kind) {
				if r == nil {
					t.Errorf("%s names a %s that its namespace does not have", w, kind)
				} else if !before[r] {
					t.Errorf("%s does not wait for %s", w, r)
				}
			}
		}
		podsFindTheirKeys(t, s, w)
	}
}

// podsFindTheirKeys: a pod that references a missing key never starts.
func podsFindTheirKeys(t rapid.TB, s *system, w stacktest.Workload) {
	has := func(kind, name, key string) {
		r := s.object(w.Resource, kind, name)
		if r == nil {
			return // already reported
		}
		if _, ok := r.Data()[key]; !ok {
			t.Errorf("%s names the key %s of %s, which has none", w, key, r)
		}
	}
	for _, c := range w.Pod.All() {
		if len(c.EnvFrom) > 0 {
			t.Errorf("%s: %s takes a whole object for its environment: %v", w, c.Name, c.EnvFrom)
		}
		for _, e := range c.Env {
			if ref := e.ValueFrom.ConfigMapKeyRef; ref != nil && !ref.Optional {
				has("ConfigMap", ref.Name, ref.Key)
			}
			if ref := e.ValueFrom.SecretKeyRef; ref != nil {
				has("Secret", ref.Name, ref.Key)
			}
		}
		for _, m := range c.VolumeMounts {
			v := w.Pod.Volume(m.Name)
			switch {
			case v == nil:
				t.Errorf("%s: container %s mounts %s, which the pod does not have", w, c.Name, m.Name)
			case v.ConfigMap != nil && m.SubPath != "":
				has("ConfigMap", v.ConfigMap.Name, m.SubPath)
			case v.Secret != nil:
				for _, item := range v.Secret.Items {
					has("Secret", v.Secret.SecretName, item.Key)
				}
			}
		}
	}
}

func podsWaitForTheirSurroundings(t rapid.TB, s *system) {
	for _, w := range s.Workloads() {
		before := s.Closure(w.Resource)
		policies, names, bindings := 0, 0, 0
		for _, r := range s.Resources {
			if r.Provider != w.Provider || !r.IsKubernetes() {
				continue
			}
			if s.namespaceOf(r) != s.namespaceOf(w.Resource) && r.Kind() != "ClusterRoleBinding" {
				continue
			}
			need := false
			switch r.Kind() {
			case "NetworkPolicy":
				var object struct {
					Spec struct {
						PodSelector stacktest.Selector `json:"podSelector"`
					} `json:"spec"`
				}
				r.Into(&object)
				if need = object.Spec.PodSelector.Selects(w.Labels); need {
					policies++
				}
			case "Service":
				var object struct {
					Spec struct {
						Selector map[string]string `json:"selector"`
					} `json:"spec"`
				}
				r.Into(&object)
				if need = (stacktest.Selector{MatchLabels: object.Spec.Selector}).Selects(w.Labels); need {
					names++
				}
			case "RoleBinding", "ClusterRoleBinding":
				if need = w.Pod.ServiceAccountName != "" && r.Text("subjects.0.name") == w.Pod.ServiceAccountName; need {
					bindings++
				}
			}
			if need && !before[r] {
				t.Errorf("%s does not wait for %s", w, r)
			}
		}
		// The namespace's own two, and one that admits traffic for these pods.
		if policies < 3 {
			t.Errorf("%s is selected by %d network policies, want 3 or more", w, policies)
		}
		if server := !strings.HasSuffix(w.Kind(), "Job"); server && names != 1 {
			t.Errorf("%s is found by %d services, want 1", w, names)
		}
		if want := map[bool]int{true: 2}[app(w) == "nfs"]; bindings != want && !(s.Preview && want == 0) { // a preview knows no names
			t.Errorf("%s has %d bindings, want %d", w, bindings, want)
		}
		if w.Kind() == "StatefulSet" && s.object(w.Resource, "Service", w.Spec.ServiceName) == nil && !s.Preview {
			t.Errorf("%s names the service %q, which its namespace does not have", w, w.Spec.ServiceName)
		}
	}
}

// namespaceOf is the Namespace resource of an object, known in a preview too; nil if the object has none.
func (s *system) namespaceOf(r *stacktest.Resource) *stacktest.Resource {
	for _, urn := range r.PropertyDependencies["metadata"] {
		if n := s.Get(urn); n.Kind() == "Namespace" {
			return n
		}
	}
	return nil
}

func claimsWaitForWhoeverBindsThem(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		onDisks := s.onDisks(region.Name)
		for _, claim := range s.in(region, "PersistentVolumeClaim") {
			if slices.Contains(onDisks, claim) {
				continue // its volume is an input: see diskRules
			}
			class := s.provisionedBy(claim, region)
			if class == nil {
				t.Errorf("%s has no storage class of the graph", claim)
				continue
			}
			server := s.workload(t, region, "nfs")
			if !slices.Contains(server.Pod.Containers[0].Args, "-provisioner="+class.Text("provisioner")) {
				t.Errorf("%s is provisioned by %s, but %s is started with %v", claim, class.Text("provisioner"), server, server.Pod.Containers[0].Args)
			}
			if !s.Closure(claim)[server.Resource] {
				t.Errorf("%s does not wait for %s, which provisions it", claim, server)
			}
			for _, user := range []string{"wordpress", "syncthing"} {
				if w := s.workload(t, region, user); !s.Closure(w.Resource)[claim] {
					t.Errorf("%s does not wait for %s", w, claim)
				}
			}
		}
	}
}

func (s *system) provisionedBy(claim *stacktest.Resource, region regions.Region) *stacktest.Resource {
	for _, class := range s.in(region, "StorageClass") {
		if slices.Contains(claim.PropertyDependencies["spec"], class.URN) {
			return class
		}
	}
	return nil
}

// nothingElseWaitsForPods: by default Pulumi waits for a Service's endpoints and a disruption budget's pods, but
// neither may wait for pods. For volumes and claims, the provider's own wait is not used, because it exits on a broken
// connection: claims are watched until they are bound and have the size, and then the volumes are bound too.
func nothingElseWaitsForPods(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if !r.IsKubernetes() {
			continue
		}
		wantSkip, wantWait := "", ""
		switch r.Kind() {
		case "Service", "PodDisruptionBudget", "PersistentVolume":
			wantSkip = "true"
		case "HorizontalPodAutoscaler": // before its removal, until it has taken the pods away
			if r.At("spec.minReplicas") == r.At("spec.maxReplicas") {
				wantWait = fmt.Sprintf("jsonpath={.status.currentReplicas}=%v", r.At("spec.maxReplicas"))
			}
		case "PersistentVolumeClaim":
			wantWait = "jsonpath={.status.phase}=Bound"
			if !strings.HasSuffix(r.Name, "-wp-content") { // the others grow
				wantWait = fmt.Sprintf("[%q,%q]", wantWait, "jsonpath={.spec.resources.requests.storage}="+r.Text("spec.resources.requests.storage"))
			}
		}
		annotations := r.Metadata().Annotations
		if skip, wait := annotations["pulumi.com/skipAwait"], annotations["pulumi.com/waitFor"]; skip != wantSkip || wait != wantWait {
			t.Errorf("%s has skipAwait %q and waitFor %q, want %q and %q", r, skip, wait, wantSkip, wantWait)
		}
	}
}

// aChangedConfigurationRollsItsPods: an auto-named object that changes is replaced under a new name, which makes the
// pods read it.
func aChangedConfigurationRollsItsPods(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if r.Metadata().Name == databaseStands {
			continue // read by name, by pods that may come before it; it never changes
		}
		if r.Metadata().Name == certificates {
			continue // read again by PD and TiKV; TiDB rolls, see certificates_test.go
		}
		if (r.Kind() == "ConfigMap" || r.Kind() == "Secret") && r.Metadata().Name != "" {
			t.Errorf("%s is named %s: its pods would go on with what they read at their start", r, r.Metadata().Name)
		}
	}
}
