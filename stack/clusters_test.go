package stack_test

import (
	"net/netip"
	"slices"
	"strings"

	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var clusterRules = []invariant{
	{"changes are ignored by name, and nowhere else", changesAreIgnoredByName},
	{"the temporary pool's machine is the nodes' own and small", theTemporaryPoolIsSmall},
	{"what Google has changed the default of is declared", changedDefaultsAreDeclared},
	{"every pod reaches whatever resolves its names", namesAreResolved},
}

// changesAreIgnoredByName: the reason for each field is in components/cluster, components/storage and components/nfs. Ignoring
// any other would hide a change. tools/recover/identity.go also lists those of clusters and pools.
func changesAreIgnoredByName(t rapid.TB, s *system) {
	want := map[string][]string{
		stacktest.PoolType:    {"nodeConfig.kubeletConfig", "nodeConfig.resourceLabels"},
		stacktest.ClusterType: {"nodeConfig"},

		"kubernetes:core/v1:PersistentVolume": {"metadata.name", "spec.capacity.storage"},
	}
	if s.config.Growth.Nodes > 0 {
		want[stacktest.PoolType] = append(want[stacktest.PoolType], "nodeCount")
	}
	for _, r := range s.Resources {
		fields := want[r.Type]
		switch {
		case r.Kind() == "Deployment" && s.grows(r.Metadata().Name):
			fields = []string{"spec.replicas"}
		case r.Kind() == "PersistentVolumeClaim" && strings.HasSuffix(r.Name, "-wp-content"):
			fields = []string{"spec.resources.requests.storage"}
		case strings.HasSuffix(r.Name, "-founders"): // the record of who founded the database
			fields = []string{"data"}
		}
		if !slices.Equal(r.IgnoreChanges, fields) {
			t.Errorf("%s ignores the changes %v, want %v", r, r.IgnoreChanges, fields)
		}
	}
}

// theTemporaryPoolIsSmall: its disk counts in the quota. It has its own account, because a project may have no Compute
// default service account.
func theTemporaryPoolIsSmall(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		cluster, account, role := s.clusterIn(region), s.in(region, "Account")[0], s.in(region, "IAMMember")[0]
		if !s.Preview && cluster.At("nodeConfig.serviceAccount") != account.Output("email") {
			t.Errorf("the temporary machine of %s runs as %v, not as %s", cluster, cluster.At("nodeConfig.serviceAccount"), account)
		}
		// GKE checks the role when it decides whether the machine, and with it the cluster, is healthy.
		for _, before := range []*stacktest.Resource{account, role} {
			if !slices.Contains(cluster.Dependencies, before.URN) {
				t.Errorf("%s does not wait for %s", cluster, before)
			}
		}
		for path, want := range map[string]any{
			"nodeConfig.diskType": "pd-standard", "nodeConfig.diskSizeGb": 20.0,
			"nodeConfig.shieldedInstanceConfig.enableSecureBoot": true,
			"nodeConfig.workloadMetadataConfig.mode":             "GKE_METADATA",
		} {
			if got := cluster.At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", cluster, path, got, want)
			}
		}
	}
}

func changedDefaultsAreDeclared(t rapid.TB, s *system) {
	for _, region := range s.config.Regions {
		for path, want := range map[string]any{
			"addonsConfig.dnsCacheConfig.enabled":                        false,
			"masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled": false,
			"privateClusterConfig.enablePrivateNodes":                    true,
		} {
			if got := s.clusterIn(region).At(path); got != want {
				t.Errorf("%s: %s is %v, want %v", s.clusterIn(region), path, got, want)
			}
		}
		if got := s.in(region, "NodePool")[0].At("networkConfig.enablePrivateNodes"); got != true {
			t.Errorf("%s: networkConfig.enablePrivateNodes is %v", s.in(region, "NodePool")[0], got)
		}
	}
}

// namesAreResolved: Cloud DNS answers on the metadata server's address. NodeLocal DNSCache, in clusters that have it,
// answers on its own address or in its pods, before kube-dns.
func namesAreResolved(t rapid.TB, s *system) {
	server := func(app string) pod {
		return pod{app: app, namespace: "kube-system", labels: map[string]string{"k8s-app": app}}
	}
	for _, region := range s.config.Regions {
		for _, from := range s.pods(region) {
			for _, address := range []string{"169.254.169.254", "169.254.20.10"} {
				if !s.leaves(from, netip.MustParseAddr(address), pod{}, 53) {
					t.Errorf("%s of %s does not reach the name server %s", from.app, region.Name, address)
				}
			}
			for _, app := range []string{"kube-dns", "node-local-dns"} {
				if !s.leaves(from, netip.Addr{}, server(app), 53) {
					t.Errorf("%s of %s does not reach the name servers %s", from.app, region.Name, app)
				}
			}
			if s.leaves(from, netip.Addr{}, server("metrics-server"), 53) {
				t.Errorf("%s of %s reaches any pod on port 53", from.app, region.Name)
			}
		}
	}
}
