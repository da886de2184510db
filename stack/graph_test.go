package stack_test

import (
	"encoding/json"
	"strings"

	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var graphRules = []invariant{
	{"URNs are unique", urnsAreUnique},
	{"everything descends from a component", everythingDescendsFromAComponent},
	{"children carry their component's name", childrenCarryTheirComponentsName},
	{"a cluster, a node pool and a provider in each region", oneClusterInEachRegion},
	{"objects have their own region's provider", objectsHaveTheirRegionsProvider},
	{"objects go with their cluster", objectsGoWithTheirCluster},
	{"objects are in namespaces of the graph", objectsAreInNamespacesOfTheGraph},
	{"providers are told who they are", providersAreToldWhoTheyAre},
	{"regions don't read each other's state", regionsDoNotReadEachOther},
	{"protection follows the configuration", protectionFollowsTheConfiguration},
}

func urnsAreUnique(t rapid.TB, s *system) {
	seen := map[string]bool{}
	for _, r := range s.Resources {
		if seen[r.URN] {
			t.Errorf("registered twice: %s", r.URN)
		}
		seen[r.URN] = true
	}
}

func everythingDescendsFromAComponent(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if r.Type == stacktest.StackType {
			continue
		}
		component := strings.HasPrefix(r.Type, "geo-wordpress:")
		if component == r.Custom {
			t.Errorf("%s: the program's own types are components, and only they", r)
		}
		switch parent := s.Get(r.Parent); {
		case parent == nil:
			t.Errorf("%s has a parent that was never registered: %s", r, r.Parent)
		case r.Custom && (parent.Custom || parent.Type == stacktest.StackType):
			t.Errorf("%s is a child of %s, not of a component", r, parent)
		}
	}
}

func childrenCarryTheirComponentsName(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		parent := s.Get(r.Parent)
		if parent == nil || parent.Type == stacktest.StackType {
			continue
		}
		if r.Name != parent.Name && !strings.HasPrefix(r.Name, parent.Name+"-") {
			t.Errorf("%s does not begin with the name of its component, %s", r, parent.Name)
		}
	}
}

func oneClusterInEachRegion(t rapid.TB, s *system) {
	for _, typ := range []string{stacktest.ClusterType, stacktest.PoolType, stacktest.ProviderType} {
		has := map[string]int{}
		for _, r := range s.Of(typ) {
			has[s.regionOf(r)]++
		}
		for _, region := range s.config.Regions {
			if has[region.Name] != 1 {
				t.Errorf("%s has %d of type %s, want 1", region.Name, has[region.Name], typ)
			}
		}
		if len(has) != len(s.config.Regions) {
			t.Errorf("%s stand in %v, the regions are %v", typ, has, s.names())
		}
	}
}

func objectsHaveTheirRegionsProvider(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		switch {
		case !r.IsKubernetes():
			// The SDK drops a provider of another package silently.
			if r.Provider != "" {
				t.Errorf("%s has the provider %s, and should have its package's default one", r, r.Provider)
			}
		case s.Get(r.Provider) == nil || s.Get(r.Provider).Type != stacktest.ProviderType:
			t.Errorf("%s has the provider %q, and should have its region's", r, r.Provider)
		case s.regionOf(r) == "" || s.regionOf(r) != s.regionOf(s.Get(r.Provider)):
			t.Errorf("%s belongs to %q, and its provider %s to another region", r, s.regionOf(r), s.Get(r.Provider).Name)
		}
	}
}

func objectsGoWithTheirCluster(t rapid.TB, s *system) {
	clusters := map[string]string{}
	for _, r := range s.Of(stacktest.ClusterType) {
		clusters[s.regionOf(r)] = r.URN
	}
	for _, r := range s.Resources {
		want := ""
		if r.IsKubernetes() {
			want = clusters[s.regionOf(r)]
		}
		if r.DeletedWith != want {
			t.Errorf("%s is deleted with %q, want %q", r, r.DeletedWith, want)
		}
		if r.RetainOnDelete {
			t.Errorf("%s is retained on delete", r)
		}
	}
}

func objectsAreInNamespacesOfTheGraph(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		if !r.IsKubernetes() || stacktest.ClusterScoped(r.Kind()) {
			continue
		}
		name := r.Metadata().Namespace
		if name == "" {
			t.Errorf("%s names no namespace", r)
			continue
		}
		found := false
		for before := range s.Closure(r) {
			found = found || before.Kind() == "Namespace" && before.Provider == r.Provider &&
				(name == stacktest.Unknown || before.Metadata().Name == name)
		}
		if !found {
			t.Errorf("%s does not depend on the namespace %q of its cluster", r, name)
		}
	}
}

func providersAreToldWhoTheyAre(t rapid.TB, s *system) {
	for _, r := range s.Of(stacktest.ProviderType) {
		cluster := s.Get(s.clusterOf(r).URN)
		if !r.Inputs["kubeconfig"].IsSecret() {
			t.Errorf("the kubeconfig of %s is not a secret", r)
		}
		if _, ok := r.Inputs["clusterIdentifier"]; !ok {
			t.Errorf("%s has no cluster identifier: a new kubeconfig would replace every object", r)
		}
		if !s.Closure(r)[s.poolOf(r)] {
			t.Errorf("%s does not wait for its machines", r)
		}
		if s.Preview {
			continue
		}
		if id := r.Text("clusterIdentifier"); id != cluster.ID {
			t.Errorf("%s is identified by %q, not by its cluster %q", r, id, cluster.ID)
		}
		var file struct {
			Clusters []struct {
				Cluster struct {
					Server string `json:"server"`
				} `json:"cluster"`
			} `json:"clusters"`
		}
		if err := json.Unmarshal([]byte(r.Text("kubeconfig")), &file); err != nil || len(file.Clusters) != 1 {
			t.Errorf("%s has a kubeconfig of %d clusters (%v)", r, len(file.Clusters), err)
		} else if want := "https://" + cluster.Output("endpoint"); file.Clusters[0].Cluster.Server != want {
			t.Errorf("%s calls %s, its cluster is at %s", r, file.Clusters[0].Cluster.Server, want)
		}
	}
}

// regionsDoNotReadEachOther: no input of a region's resources comes from another region's clusters or objects. (Tiers
// wait for each other, but pass no values.)
func regionsDoNotReadEachOther(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		region := s.regionOf(r)
		for property, urns := range r.PropertyDependencies {
			for _, urn := range urns {
				from := s.Get(urn)
				if from == nil || region == "" {
					continue
				}
				live := from.IsKubernetes() || strings.HasPrefix(from.Type, "gcp:")
				if other := s.regionOf(from); live && other != "" && other != region {
					t.Errorf("%s of %s is made of %s, of another region", property, r, from)
				}
			}
		}
	}
}

func protectionFollowsTheConfiguration(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		data := r.Type == stacktest.DiskType || r.Kind() == "Bucket"
		if want := s.config.ProtectData && data; r.Protect != want {
			t.Errorf("%s is protected: %v, want %v", r, r.Protect, want)
		}
	}
	for _, r := range s.Of(stacktest.ClusterType) {
		if r.At("deletionProtection") != s.config.DeletionProtection {
			t.Errorf("%s: deletion protection is %v, want %v", r, r.At("deletionProtection"), s.config.DeletionProtection)
		}
	}
}

// clusterOf and poolOf are those of a resource's region.
func (s *system) clusterOf(r *stacktest.Resource) *stacktest.Resource {
	return s.sameRegion(r, stacktest.ClusterType)
}

func (s *system) poolOf(r *stacktest.Resource) *stacktest.Resource {
	return s.sameRegion(r, stacktest.PoolType)
}

func (s *system) sameRegion(r *stacktest.Resource, typ string) *stacktest.Resource {
	for _, other := range s.Of(typ) {
		if s.regionOf(other) == s.regionOf(r) {
			return other
		}
	}
	return nil
}
