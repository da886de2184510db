package enginetest

import (
	"fmt"
	"os"
	"regexp"
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
	return b.status().Faults
}
