package conformance_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// How many statements a page costs, and how long it takes in a region at a distance from the leaders of the Placement
// Drivers and of the data: the figures for choosing regions. The region has a TiDB beside its WordPress, as every region.
func TestFiguresDistance(t *testing.T) {
	w := world.New(t, committed(t, site))
	home, away := w.Stack.Regions[0], w.Stack.Regions[1]
	pds := startPDs(w)
	tidb := startTiDBs(w, []*declared.Region{home, away})[1]
	lead(t, w, pds, home.Name)
	if _, err := w.Job(home.Name, "wordpress-install"); err != nil {
		t.Fatal(err)
	}
	wordpress := w.Start(away.Name, "wordpress")
	w.Ready(5*time.Minute, wordpress)
	editor, err := logIn(w, away)
	if err != nil {
		t.Fatal(err)
	}
	stranger := (&session{client: &http.Client{}, site: editor.site}).in(w, away)
	number := 0
	publish := func() error {
		number++
		_, err := editor.publish(fmt.Sprintf("A post, number %d", number), "With a text.")
		return err
	}
	for range 25 {
		if err := publish(); err != nil {
			t.Fatal(err)
		}
	}
	things := []struct {
		name string
		do   func() error
	}{
		{"the front page", func() error { _, err := stranger.get("/"); return err }},
		{"the dashboard's list of posts", func() error { _, err := editor.get("/wp-admin/edit.php"); return err }},
		{"a post created (REST)", publish},
	}
	distances := []time.Duration{0, 10 * time.Millisecond, 30 * time.Millisecond}
	const runs = 5
	took := map[string][]time.Duration{} // by thing, for each distance
	statements := map[string]int{}
	var trips []time.Duration // measured round trips, for each distance
	for i, distance := range distances {
		if err := w.Network.Apart(home.Name, away.Name, distance); err != nil {
			t.Fatal(err)
		}
		trips = append(trips, roundTrip(t, wordpress, pds[0]))
		for _, thing := range things {
			var times []time.Duration
			var counts []int
			for range runs {
				before := statementsOf(t, tidb)
				began := time.Now()
				if err := thing.do(); err != nil {
					t.Fatalf("%s, %v away: %v", thing.name, distance, err)
				}
				times = append(times, time.Since(began))
				counts = append(counts, statementsOf(t, tidb)-before)
			}
			// The minimum is the time without interference from the rest of the machine. The count is the median,
			// because now and then a probe adds statements.
			time, count := slices.Min(times), median(counts)
			if i == 0 {
				statements[thing.name] = count
			}
			took[thing.name] = append(took[thing.name], time)
			// A few statements only set the session, and the others make one round trip or more.
			if least := distance.Seconds() * float64(count); time.Seconds() < least {
				t.Errorf("%s made %d statements over a distance of %v in %v, less than the way takes", thing.name, count, distance, time)
			}
		}
	}

	var table strings.Builder
	fmt.Fprintf(&table, "A round trip: %.1f ms, %.1f ms and %.1f ms.\n\n", 1e3*trips[0].Seconds(), 1e3*trips[1].Seconds(), 1e3*trips[2].Seconds())
	fmt.Fprintf(&table, "| | statements | beside the leaders | 10 ms away | 30 ms away | round trips |\n|---|---|---|---|---|---|\n")
	for _, thing := range things {
		all := took[thing.name]
		ways := ratio(all[2]-all[0], trips[2]-trips[0])
		fmt.Fprintf(&table, "| %s | %d | %d ms | %d ms (%.1f times) | %d ms (%.1f times) | %.0f |\n", thing.name, statements[thing.name],
			all[0].Milliseconds(), all[1].Milliseconds(), ratio(all[1], all[0]), all[2].Milliseconds(), ratio(all[2], all[0]), ways)
	}
	keepTable(t, w, "distance.md", table.String())
}

// roundTrip measures the round trip from WordPress to a Placement Driver: opening a connection takes one.
func roundTrip(t *testing.T, wordpress, pd *kubelet.Pod) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	const script = `for ($i = 0; $i < 15; $i++) { $t = hrtime(true); fclose(fsockopen($argv[1], 2379)); echo hrtime(true) - $t, "\n"; }`
	code, output, err := wordpress.Exec(ctx, "wordpress", "php", "-r", script, pd.Network.Address.String())
	if err != nil || code != 0 {
		t.Fatalf("measuring the way to PD: %d %s (%v)", code, output, err)
	}
	var all []time.Duration
	for _, text := range strings.Fields(output) {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("measuring the way to PD: %s", output)
		}
		all = append(all, time.Duration(n))
	}
	return slices.Min(all)
}

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

// statementsOf returns how many commands TiDB has answered since its start: each was one round trip for the client.
func statementsOf(t *testing.T, tidb *kubelet.Pod) (n int) {
	t.Helper()
	code, metrics, err := pageOf(tidb, 10080, "/metrics")
	if err != nil || code != http.StatusOK {
		t.Fatalf("TiDB's metrics: %d (%v)", code, err)
	}
	found := false
	for line := range strings.Lines(metrics) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "} ")
		if !strings.HasPrefix(name, "tidb_server_query_total{") || strings.Contains(name, `type="Quit"`) {
			continue
		}
		count, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		n += int(count)
		found = true
	}
	if !found {
		t.Fatal("TiDB's metrics have no tidb_server_query_total")
	}
	return n
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
