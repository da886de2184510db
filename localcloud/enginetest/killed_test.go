package enginetest

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// points returns the least number of interruptions of a kind in a test. GEO_FAULTS multiplies it, for a longer run.
func points(t *testing.T, n int) int {
	t.Helper()
	factor := 1
	if given := os.Getenv("GEO_FAULTS"); given != "" {
		var err error
		if factor, err = strconv.Atoi(given); err != nil || factor < 1 {
			t.Fatalf("GEO_FAULTS is %q, but must be a whole number of at least 1", given)
		}
	}
	return n * factor
}

// The approximate number of changes of an update of the dev stack from nothing, and of a destroy to nothing, including
// those that a kill undoes. (The deletion of what goes with its cluster is not reported.)
const (
	updateChanges  = 320
	destroyChanges = 55
)

// The TestFault tests belong to `make faults`, not to `make engine`.

// TestFaultInterrupted kills an update from nothing, or sends it Ctrl-C, at points all over its run, and repairs the
// stack after each as an operator would, until an update finishes. Then it updates the stack while a region's API is
// unreachable, and interrupts a destroy in the same way.
func TestFaultInterrupted(t *testing.T) {
	b := newFaultBench(t)
	wanted := map[syscall.Signal]int{syscall.SIGKILL: points(t, 9), syscall.SIGINT: points(t, 3)}
	reached := map[syscall.Signal]int{}
	// Not every run repeats as many changes, and after a Ctrl-C the engine finishes the operations in progress.
	step := max((updateChanges-8*wanted[syscall.SIGINT])/(wanted[syscall.SIGKILL]+wanted[syscall.SIGINT]), 1)
	disks, repeats := keptDisks{}, 0
	// Each run continues where the last one was interrupted. The moment alternates between the start and the end of a
	// change, and its distance varies, so that the interruptions hit different places in the engine.
	for i := 0; ; i++ {
		signal, at := syscall.SIGKILL, moment{n: max(step+i%3-1, 1), begun: (i+i/4)%2 == 0}
		if i%4 == 3 {
			signal = syscall.SIGINT
		} else if at.begun {
			at.n += 3 // about as many start at once
		}
		hit, out, err := b.interrupt(signal, at, "up")
		if !hit {
			if err != nil {
				repeats = b.again(repeats, err, out)
				continue
			}
			break
		}
		reached[signal]++
		if strings.Contains(out, "panic: ") {
			t.Fatalf("the interrupted engine panics:\n%s", tail(out, 60))
		}
		b.recover()
		disks.check(b)
	}
	t.Logf("killed at %d points, sent Ctrl-C at %d", reached[syscall.SIGKILL], reached[syscall.SIGINT])
	for signal, least := range wanted {
		if reached[signal] < least {
			t.Errorf("the update got %s at %d points, want at least %d", signal, reached[signal], least)
		}
	}
	checkConverged(b, disks)
	updateUnreachable(b)

	for range points(t, 2) {
		hit, out, err := b.interrupt(syscall.SIGINT, moment{n: 5, begun: true}, "destroy")
		if !hit && err != nil {
			t.Fatalf("a destroy after a Ctrl-C: %v\n%s", err, tail(out, 60))
		}
	}
	kills := points(t, 3)
	b.killDestroy(kills, destroyChanges/(kills+3))
}

// TestFaultHalfMade destroys what an update killed half-way has left, and kills the destroy as well.
func TestFaultHalfMade(t *testing.T) {
	b := newFaultBench(t)
	for i, n := range []int{170, 12}[:min(points(t, 1), 2)] {
		hit, out, err := b.interrupt(syscall.SIGKILL, moment{n: n, begun: i%2 == 0}, "up")
		if !hit {
			t.Fatalf("the update ended before its change %d: %v\n%s", n, err, tail(out, 60))
		}
		b.recover()
		b.killDestroy(2, 7-3*i)
	}
}

// takeIn kills an update from nothing that has just applied a StatefulSet, and then changes that StatefulSet. The pods'
// environment holds atomic fields with defaults, which only the field manager that applied them may apply again.
//
// Both updates run with --parallel 1: no wait may depend on what the graph has not yet created.
func takeIn(b *bench) {
	b.t.Helper()
	applied := regexp.MustCompile("StatefulSet nfs-" + regionNames[0] + ` creating \(\d+s\) .*Waiting for StatefulSet`)
	hit, out, err := b.interrupt(syscall.SIGKILL, moment{printed: applied}, "up --parallel 1")
	if !hit {
		b.t.Fatalf("the update ended without printing %s: %v\n%s", applied, err, tail(out, 60))
	}
	b.recover()
	const image = "registry.k8s.io/sig-storage/nfs-provisioner:v4.0.7"
	b.set("nfsImage", image)
	b.pulumi("up --yes --skip-preview --parallel 1")
	settleClusters(b)
	checkInventory(b)
	for _, region := range regionNames {
		b.rolledOut(region, "files", "statefulset/nfs")
		if runs := b.kubectl(region, "-n", "files", "get", "pods", "-l", "app.kubernetes.io/name=nfs", "-o",
			"jsonpath={.items[*].spec.containers[*].image}"); runs != image {
			b.t.Errorf("%s runs %q, not %s", region, runs, image)
		}
	}
}

// again counts the updates that failed for known reasons: a control plane on a busy machine may not answer in time, and
// a node port may be taken by a Service that was never created (docs/operating.md). An operator repeats such an update,
// but not forever. Any other failure fails the test.
func (b *bench) again(repeats int, err error, out string) int {
	b.t.Helper()
	leaked := strings.Contains(out, leakedPort)
	if !leaked && !strings.Contains(out, unanswered) {
		b.t.Fatalf("the update after a kill fails: %v\n%s", err, tail(out, 60))
	}
	if repeats++; repeats > 3 {
		b.t.Fatalf("the update fails again and again: %v\n%s", err, tail(out, 60))
	}
	if leaked {
		b.t.Logf("a node port is taken: waiting %s for the API server's repair", leakRepairs)
		time.Sleep(leakRepairs)
	}
	b.t.Logf("the update failed, and is repeated: %v\n%s", err, tail(out, 30))
	return repeats
}

// killDestroy kills a destroy at a number of points, each step changes after the last, and then lets it finish.
func (b *bench) killDestroy(kills, step int) {
	b.t.Helper()
	reached := 0
	for i := range kills {
		hit, out, err := b.interrupt(syscall.SIGKILL, moment{n: max(step, 1), begun: i%2 == 0}, "destroy")
		if !hit {
			if err != nil {
				b.t.Fatalf("a destroy after %d kills: %v\n%s", reached, err, tail(out, 60))
			}
			break
		}
		reached++
		b.recover()
	}
	b.t.Logf("destroy killed at %d points", reached)
	b.pulumi("destroy --yes --skip-preview")
	checkEmpty(b)
}

// checkConverged checks that a stack updated with interruptions looks as if there had been none.
func checkConverged(b *bench, disks keptDisks) {
	b.t.Helper()
	b.pulumi("refresh --yes --skip-preview")
	b.pulumi("preview --expect-no-changes")
	settleClusters(b)
	checkInventory(b)
	disks.check(b)
	if len(disks) != dataDisks {
		b.t.Errorf("%d data disks were made, not %d: %v", len(disks), dataDisks, disks)
	}
}
