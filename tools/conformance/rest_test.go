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

// A Syncthing that watches without a delay loses count of its events, and then spins: a directory whose mode changes
// while the file in it has yet to be looked at is enough, as WordPress makes it with every month's first upload. It must
// come to rest.
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

// busy measures how much of a processor the busiest of the daemons uses or would use, for five seconds.
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

// processorTime is what the daemon's threads have used of processors so far, and what they waited for one: on a loaded machine a
// daemon that spins gets little.
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
