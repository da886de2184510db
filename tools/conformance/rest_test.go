package conformance_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

// busy measures how much of a processor the busiest of the daemons uses, for five seconds.
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

// processorTime is what the daemon's processes have used so far.
func processorTime(t *testing.T, daemon *kubelet.Pod) (sum time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	code, output, err := daemon.Exec(ctx, "syncthing", "sh", "-c", "cat /proc/[0-9]*/stat")
	if err != nil || output == "" {
		t.Fatalf("reading the processes' times: %d %v %s", code, err, output)
	}
	const tick = time.Second / 100 // USER_HZ
	for line := range strings.Lines(output) {
		_, rest, found := strings.Cut(line, "(syncthing) ")
		fields := strings.Fields(rest)
		if !found || len(fields) < 13 {
			continue
		}
		for _, field := range fields[11:13] { // utime and stime, the 14th and 15th of all
			n, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum
}
