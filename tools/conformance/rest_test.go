package conformance_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// A Syncthing that watches without a delay can lose count of its events, and then spins. It is enough that a
// directory's mode changes before the file in it is scanned, as with WordPress's first upload of every month. Syncthing
// must come to rest.
func TestSyncthingRests(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	home := w.Files(daemons[0].Region.Name)
	for i := range 200 {
		directory := fmt.Sprintf("%s/uploads/%04d", home, 2026+i)
		put(t, filepath.Join(directory, "first.jpg"), content(1000))
		asWordPress(t, func() error { return os.Chmod(directory, 0o700) })
	}
	sameEverywhere(t, w, daemons, "the uploads are everywhere", has("uploads/2225/first.jpg"))
	busiest := busy(t, daemons)
	t.Logf("after the uploads the busiest Syncthing used %.2f of a processor", busiest)
	w.Eventually(longest(), "all come to rest", func() error {
		if busiest := busy(t, daemons); busiest > 0.1 {
			return fmt.Errorf("the busiest uses %.2f of a processor", busiest)
		}
		return nil
	})
	unharmed(t, w, daemons...)
}

// busy measures, over five seconds, how much of a processor the busiest daemon uses or would use.
func busy(t *testing.T, daemons []*kubelet.Pod) (most float64) {
	t.Helper()
	const window = 5 * time.Second
	before := make([]time.Duration, len(daemons))
	for i, daemon := range daemons {
		before[i] = processorTime(t, daemon)
	}
	time.Sleep(window)
	for i, daemon := range daemons {
		most = max(most, (processorTime(t, daemon)-before[i]).Seconds()/window.Seconds())
	}
	return most
}

// processorTime returns how much processor time the daemon's threads have used so far, and how long they waited for a
// processor: on a loaded machine a spinning daemon gets little.
func processorTime(t *testing.T, daemon *kubelet.Pod) (sum time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	code, output, err := daemon.Exec(ctx, "syncthing", "sh", "-c", `exec 2>/dev/null # threads end meanwhile
	for thread in /proc/[0-9]*/task/*; do
		read -r name <$thread/comm && [ "$name" = syncthing ] && read -r times <$thread/schedstat && echo "$times"
	done`)
	if err != nil || output == "" {
		t.Fatalf("reading the threads' times: %d %v %s", code, err, output)
	}
	for line := range strings.Lines(output) {
		var used, waited, slices int64
		if _, err := fmt.Sscan(line, &used, &waited, &slices); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		sum += time.Duration(used + waited)
	}
	return sum
}
