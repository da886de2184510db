package enginetest

import (
	"slices"
	"strings"
)

// updateUnreachable updates the system while one region's Kubernetes API is unreachable. Changes roll through the regions
// and stop at an unreachable one: the regions before it are updated, but from it on neither the database nor the sites
// are. Once the API is back, the same update does the rest.
func updateUnreachable(b *bench) {
	b.t.Helper()
	const first, lost, last = "europe-west1", "europe-west2", "europe-west3"
	syncthing := workload{"Syncthing", "files", "deployment/syncthing", "syncthingImage"}
	tidb, wordpress := theTiDB, theWordPress
	type round struct {
		name, how string
		// updated lists, for each changed workload, the regions that are updated despite the failure.
		updated map[workload][]string
	}
	rounds := []round{
		{"with a change of the database", " --continue-on-error", map[workload][]string{tidb: {first}, syncthing: {first}, wordpress: {}}},
		// A change of WordPress's image replaces Jobs. After an error, engine v3.200.0 with --continue-on-error walks
		// every path of the graph before its deletions (markAsDependency), which takes minutes.
		{"without one", "", map[workload][]string{wordpress: {first}}},
	}
	for _, round := range rounds[:min(points(b.t, 1), len(rounds))] {
		old, wanted := map[workload]string{}, map[workload]string{}
		for w := range round.updated {
			old[w] = b.image(first, w)
			wanted[w] = old[w] + "-next"
			b.set(w.key, wanted[w])
		}
		b.run(b.tool("localcloud"), "fail", "control-plane", lost)
		out, err := b.tryPulumi("up --yes --skip-preview" + round.how)
		if err == nil {
			b.t.Fatalf("%s: the update succeeded without a region's API", round.name)
		}
		if !strings.Contains(out, unanswered) {
			b.t.Fatalf("%s: the update failed, but not because a cluster cannot be reached:\n%s", round.name, tail(out, 60))
		}
		for w, updated := range round.updated {
			for _, region := range []string{first, last} {
				want := old[w]
				if slices.Contains(updated, region) {
					want = wanted[w]
				}
				if got := b.image(region, w); got != want {
					b.t.Errorf("%s, with the API of %s away: in %s %s runs %s, not %s", round.name, lost, region, w.name, got, want)
				}
			}
		}
		b.run(b.tool("localcloud"), "heal", "control-plane", lost)
		b.pulumi("up --yes --skip-preview")
		for w := range round.updated {
			for _, region := range regionNames {
				if got := b.image(region, w); got != wanted[w] {
					b.t.Errorf("%s, with all APIs back: in %s %s runs %s, not %s", round.name, region, w.name, got, wanted[w])
				}
			}
		}
	}
	b.pulumi("preview --expect-no-changes")
	settleClusters(b)
}

// workload names a workload whose image a test changes.
type workload struct{ name, namespace, object, key string }

var (
	theTiDB      = workload{"TiDB", "database", "deployment/tidb", "tidbImage"}
	theWordPress = workload{"WordPress", "wordpress", "deployment/wordpress", "wordpressImage"}
)

func (b *bench) image(region string, w workload) string {
	b.t.Helper()
	return b.kubectl(region, "-n", w.namespace, "get", w.object, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
}
