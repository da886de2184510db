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
	const lost = "europe-west2"
	old := map[string]string{}
	for _, w := range unreachableWorkloads {
		old[w.name] = b.image("europe-west1", w)
	}
	b.run(b.tool("localcloud"), "fail", "control-plane", lost)
	for _, w := range unreachableWorkloads {
		b.set(w.key, w.image)
	}
	out, err := b.tryPulumi("up --yes --skip-preview --continue-on-error")
	if err == nil {
		t.Fatal("the update succeeded without a region's API")
	}
	if !strings.Contains(out, "unreachable") {
		t.Fatalf("the update failed, but not because a cluster cannot be reached:\n%s", tail(out, 60))
	}
	for _, w := range unreachableWorkloads {
		for _, region := range []string{"europe-west1", "europe-west3"} {
			want := old[w.name]
			if slices.Contains(w.updated, region) {
				want = w.image
			}
			if got := b.image(region, w); got != want {
				t.Errorf("%s, with the API of %s away: %s runs %s, not %s", region, lost, w.name, got, want)
			}
		}
	}
	b.run(b.tool("localcloud"), "heal", "control-plane", lost)
	b.pulumi("up --yes --skip-preview")
	for _, region := range regionNames {
		for _, w := range unreachableWorkloads {
			if got := b.image(region, w); got != w.image {
				t.Errorf("%s, with all APIs back: %s runs %s, not %s", region, w.name, got, w.image)
			}
		}
	}
	b.pulumi("preview --expect-no-changes")
	checkClusters(b)
}

// workload is one whose image a test changes.
type workload struct {
	name, namespace, object string
	key, image              string
	// updated are the regions in which it is updated although the API of europe-west2 is away.
	updated []string
}

var unreachableWorkloads = []workload{
	{"TiDB", "database", "statefulset/tidb", "tidbImage", "docker.io/pingcap/tidb:v8.5.8", []string{"europe-west1"}},
	{"Syncthing", "files", "deployment/syncthing", "syncthingImage", "docker.io/syncthing/syncthing:2.1.3",
		[]string{"europe-west1", "europe-west3"}},
}

func (b *bench) image(region string, w workload) string {
	b.t.Helper()
	return b.kubectl(region, "-n", w.namespace, "get", w.object, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
}
