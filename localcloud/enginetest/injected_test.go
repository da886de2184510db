package enginetest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/localcloud/faults"
)

// mostRepeats is how often an operator may have to repeat an update or a destroy. Every resource is hit on its first
// tries only, so that each repetition gets further.
const mostRepeats = 40

// TestFaultInjected brings the system up and destroys it on a cloud on which every kind of fault happens, repeating what
// failed as an operator would.
func TestFaultInjected(t *testing.T) {
	b := newFaultBench(t)
	counts := map[faults.Kind]int{}
	for seed := 1; seed <= points(t, 2); seed++ {
		plan := fmt.Sprint(seed)
		_ = os.Remove(b.kubeconfig()) // of the clusters before
		b.run(b.tool("localcloud"), "faults", plan)
		repeats := b.persist("up", mostRepeats)
		updated := b.faultCounts()
		b.run(b.tool("localcloud"), "faults", "off")
		checkConverged(b, keptDisks{})

		b.run(b.tool("localcloud"), "faults", plan)
		again := b.persist("destroy", mostRepeats)
		counts = b.faultCounts()
		b.run(b.tool("localcloud"), "faults", "off")
		checkEmpty(b)
		t.Logf("seed %d: up after %d runs, with faults %v so far; destroyed after %d", seed, repeats, updated, again)
	}
	for _, kind := range faults.Kinds() {
		t.Logf("%-14s %4d", kind, counts[kind])
		if counts[kind] == 0 {
			t.Errorf("no fault of kind %s was injected", kind)
		}
	}
}

// persist repeats an update or a destroy until it succeeds, and says how many runs that took.
func (b *bench) persist(command string, most int) int {
	b.t.Helper()
	for run := 1; ; run++ {
		out, err := b.tryPulumi(command + " --yes --skip-preview")
		if err == nil {
			return run
		}
		for line := range strings.Lines(out) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "error: ") && line != "error: update failed" {
				b.t.Log(line)
			}
		}
		if run == most {
			b.t.Fatalf("%s failed %d times, and last with\n%s", command, run, tail(out, 80))
		}
	}
}

// faultCounts is how many faults of each kind there were since the cloud's start.
func (b *bench) faultCounts() map[faults.Kind]int {
	b.t.Helper()
	out, _, _ := b.exec(b.tool("localcloud"), "status", "--json")
	return decode[struct{ Faults map[faults.Kind]int }](b.t, out).Faults
}

// TestFaultUnreachable updates the system while one region's Kubernetes API cannot be reached. What does not concern
// that region, and does not have to wait for it, is updated; the database is not, from that region on: of three voters
// only one may be away at a time. When the API is back, the same update does the rest.
func TestFaultUnreachable(t *testing.T) {
	b := newFaultBench(t)
	b.pulumi("up --yes --skip-preview")
	const first, lost, last = "europe-west1", "europe-west2", "europe-west3"
	tidb := workload{"TiDB", "database", "statefulset/tidb", "tidbImage"}
	syncthing := workload{"Syncthing", "files", "deployment/syncthing", "syncthingImage"}
	wordpress := workload{"WordPress", "wordpress", "deployment/wordpress", "wordpressImage"}
	for _, round := range []struct {
		name string
		// updated are the regions in which each changed workload is updated all the same.
		updated map[workload][]string
	}{
		{"with a change of the database", map[workload][]string{tidb: {first}, syncthing: {first, last}, wordpress: {}}},
		{"without one", map[workload][]string{wordpress: {first, last}}},
	} {
		old, wanted := map[workload]string{}, map[workload]string{}
		for w := range round.updated {
			old[w] = b.image(first, w)
			wanted[w] = old[w] + "-next"
			b.set(w.key, wanted[w])
		}
		b.run(b.tool("localcloud"), "fail", "control-plane", lost)
		out, err := b.tryPulumi("up --yes --skip-preview --continue-on-error")
		if err == nil {
			t.Fatalf("%s: the update succeeded without a region's API", round.name)
		}
		if !strings.Contains(out, unanswered) {
			t.Fatalf("%s: the update failed, but not because a cluster cannot be reached:\n%s", round.name, tail(out, 60))
		}
		for w, updated := range round.updated {
			for _, region := range []string{first, last} {
				want := old[w]
				if slices.Contains(updated, region) {
					want = wanted[w]
				}
				if got := b.image(region, w); got != want {
					t.Errorf("%s, with the API of %s away: in %s %s runs %s, not %s", round.name, lost, region, w.name, got, want)
				}
			}
		}
		b.run(b.tool("localcloud"), "heal", "control-plane", lost)
		b.pulumi("up --yes --skip-preview")
		for w := range round.updated {
			for _, region := range regionNames {
				if got := b.image(region, w); got != wanted[w] {
					t.Errorf("%s, with all APIs back: in %s %s runs %s, not %s", round.name, region, w.name, got, wanted[w])
				}
			}
		}
	}
	b.pulumi("preview --expect-no-changes")
	settleClusters(b)
}

// workload is one whose image a test changes.
type workload struct{ name, namespace, object, key string }

func (b *bench) image(region string, w workload) string {
	b.t.Helper()
	return b.kubectl(region, "-n", w.namespace, "get", w.object, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
}
