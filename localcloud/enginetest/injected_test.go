package enginetest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/localcloud/faults"
)

// mostRepeats is how often an operator may have to repeat an update or a destroy. Faults hit only the first tries on
// each resource, so each repetition gets further.
const mostRepeats = 40

// TestFaultInjected brings the system up and destroys it on a cloud that injects every kind of fault, and repeats
// failed runs as an operator would.
func TestFaultInjected(t *testing.T) {
	b := newFaultBench(t)
	counts := map[faults.Kind]int{}
	for n := range points(t, 1) {
		seed := n + 2 // seed 2 triggers every kind
		plan := fmt.Sprint(seed)
		goOn := " --continue-on-error" // without it, each fault of the Kubernetes API costs an update
		if n%2 == 1 {
			plan, goOn = plan+":dropped=0,conflict=0,refused=0", ""
		}
		_ = os.Remove(b.kubeconfig()) // of the previous clusters
		b.run(b.tool("localcloud"), "faults", plan)
		repeats := b.persist("up"+goOn, mostRepeats)
		updated := b.faultCounts()
		b.run(b.tool("localcloud"), "faults", "off")
		checkConverged(b, keptDisks{})
		checkSecrets(b) // above all in the output of failed runs

		b.run(b.tool("localcloud"), "faults", plan)
		again := b.persist("destroy"+goOn, mostRepeats)
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

// forgotten matches the provider's errors when the engine retries a failed operation and does not pass ignoreChanges.
var forgotten = regexp.MustCompile(`internal: expected diff|At least one of \['node_version'`)

// persist repeats an update or a destroy until it succeeds, as docs/operating.md says, and returns the number of runs.
func (b *bench) persist(command string, most int) int {
	b.t.Helper()
	refresh := ""
	for run := 1; ; run++ {
		out, err := b.tryPulumi(command + " --yes --skip-preview" + refresh)
		if refresh = ""; forgotten.MatchString(out) {
			refresh = " --refresh"
		}
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

// faultCounts returns how many faults of each kind were injected since the cloud's start.
func (b *bench) faultCounts() map[faults.Kind]int {
	b.t.Helper()
	out, _, _ := b.exec(b.tool("localcloud"), "status", "--json")
	return decode[struct{ Faults map[faults.Kind]int }](b.t, out).Faults
}

// TestFaultUnreachable updates the system while one region's Kubernetes API is unreachable. Changes roll through the
// regions and stop at an unreachable one: the regions before it are updated, but from it on neither the database nor
// the sites are. Once the API is back, the same update does the rest. With all APIs unreachable, the system is
// destroyed.
//
// The first update runs with --parallel 1: no wait may depend on what the graph has not yet created.
func TestFaultUnreachable(t *testing.T) {
	b := newFaultBench(t)
	b.pulumi("up --yes --skip-preview --parallel 1")
	checkClusters(b)
	checkEvents(b)
	b.pulumi("preview --expect-no-changes")
	const first, lost, last = "europe-west1", "europe-west2", "europe-west3"
	syncthing := workload{"Syncthing", "files", "deployment/syncthing", "syncthingImage"}
	tidb, wordpress := theTiDB, theWordPress
	for _, round := range []struct {
		name, how string
		// updated lists, for each changed workload, the regions that are updated despite the failure.
		updated map[workload][]string
	}{
		{"with a change of the database", " --continue-on-error", map[workload][]string{tidb: {first}, syncthing: {first}, wordpress: {}}},
		// A change of WordPress's image replaces Jobs. After an error, engine v3.200.0 with --continue-on-error walks
		// every path of the graph before its deletions (markAsDependency), which takes minutes.
		{"without one", "", map[workload][]string{wordpress: {first}}},
	} {
		old, wanted := map[workload]string{}, map[workload]string{}
		for w := range round.updated {
			old[w] = b.image(first, w)
			wanted[w] = old[w] + "-next"
			b.set(w.key, wanted[w])
		}
		b.run(b.tool("localcloud"), "fail", "control-plane", lost)
		out, err := b.tryPulumi("up --yes --skip-preview" + round.how)
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
	b.run(b.tool("localcloud"), "fail", "control-plane")
	b.pulumi("destroy --yes --skip-preview")
	checkEmpty(b)
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
