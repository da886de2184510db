package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/world"
)

// How long SQL pauses when the leading Placement Driver dies: no statement gets a timestamp.
func TestFiguresElection(t *testing.T) {
	w := world.New(t, committed(t, nil))
	pds := startPDs(w)
	clock := startClock(w, startTiDBs(w, w.Stack.Regions[:1]))
	t.Cleanup(clock.stop)
	var pauses []time.Duration
	for range 3 {
		leader := leaderOf(t, pds[0])
		at := time.Now()
		for _, pd := range pds {
			if pd.Region.Name == leader {
				pd.Signal(syscall.SIGKILL)
			}
		}
		w.Eventually(2*time.Minute, "SQL goes on", func() error { return clock.hasTicked(at) })
		pauses = append(pauses, clock.pause(at))
		quorum(w, pds...) // the killed one is back
	}
	clock.stop()
	clock.check(t)
	keepTable(t, w, "election.md", fmt.Sprintf(
		"| | median of %d | least | most |\n|---|---|---|---|\n| from the death of PD's leader to the end of the next statement | %.1f s | %.1f s | %.1f s |\n",
		len(pauses), median(pauses).Seconds(), slices.Min(pauses).Seconds(), slices.Max(pauses).Seconds()))
}

func median[T int | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

// keepTable prints a table and saves it among the artefacts.
func keepTable(t *testing.T, w *world.World, name, table string) {
	t.Helper()
	t.Log("\n" + table)
	if err := os.MkdirAll(w.Artefacts, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Artefacts, name), []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
}
