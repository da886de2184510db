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

// points is how many of a kind of interruption a test makes at least. GEO_FAULTS multiplies them, for a longer run.
func points(t *testing.T, n int) int {
	t.Helper()
	factor := 1
	if given := os.Getenv("GEO_FAULTS"); given != "" {
		var err error
		if factor, err = strconv.Atoi(given); err != nil || factor < 1 {
			t.Fatalf("GEO_FAULTS is %q: a whole number from 1 on is wanted", given)
		}
	}
	return n * factor
}

// About how many changes an update of the dev stack makes from nothing, and a destroy to nothing, with those that a kill
// undoes. (What goes with its cluster is deleted without a word of its own.)
const (
	updateChanges  = 320
	destroyChanges = 55
)

// A TestFault is no part of `make engine`, but of `make faults`.

// TestFaultInterrupted kills an update from nothing, and sends Ctrl-C to it, at points all over its run, mending the
// stack after each as an operator would, until one comes to its end; then a destroy likewise.
func TestFaultInterrupted(t *testing.T) {
	b := newFaultBench(t)
	wanted := map[syscall.Signal]int{syscall.SIGKILL: points(t, 14), syscall.SIGINT: points(t, 5)}
	reached := map[syscall.Signal]int{}
	// Not every run makes as many changes again, and after a Ctrl-C the engine lets what is under way come to an end.
	step := max((updateChanges-8*wanted[syscall.SIGINT])/(wanted[syscall.SIGKILL]+wanted[syscall.SIGINT]), 1)
	disks, repeats := keptDisks{}, 0
	// The chain goes on from where the last one left it. Whether the moment is a change's begin or its end alternates,
	// and its distance varies, so that they fall at other places in the engine's doings.
	for i := 0; ; i++ {
		signal, at := syscall.SIGKILL, moment{n: max(step+i%3-1, 1), begun: (i+i/4)%2 == 0}
		if i%4 == 3 {
			signal = syscall.SIGINT
		} else if at.begun {
			at.n += 3 // as many begin at once
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
			t.Fatalf("the engine, interrupted, panics:\n%s", tail(out, 60))
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

	for range points(t, 2) {
		hit, out, err := b.interrupt(syscall.SIGINT, moment{n: 5, begun: true}, "destroy")
		if !hit && err != nil {
			t.Fatalf("a destroy after a Ctrl-C: %v\n%s", err, tail(out, 60))
		}
	}
	kills := points(t, 3)
	b.killDestroy(kills, destroyChanges/(kills+3))
}

// TestFaultHalfMade destroys what an update that was killed half-way has left, killing the destroy as well.
func TestFaultHalfMade(t *testing.T) {
	b := newFaultBench(t)
	for i, n := range []int{12, 170} {
		hit, out, err := b.interrupt(syscall.SIGKILL, moment{n: n, begun: i%2 == 0}, "up")
		if !hit {
			t.Fatalf("the update ended before its change %d: %v\n%s", n, err, tail(out, 60))
		}
		b.recover()
		b.killDestroy(2, 4+3*i)
	}
}

// TestFaultTakenIn kills an update that has just applied a StatefulSet, and wants that StatefulSet changed afterwards. Its
// pods' environment holds atomic fields with defaults, which only the field manager that has applied them may apply again.
func TestFaultTakenIn(t *testing.T) {
	b := newFaultBench(t)
	applied := regexp.MustCompile("StatefulSet nfs-" + regionNames[0] + ` creating \(\d+s\) .*Waiting for StatefulSet`)
	hit, out, err := b.interrupt(syscall.SIGKILL, moment{printed: applied}, "up")
	if !hit {
		t.Fatalf("the update ended and never said %s: %v\n%s", applied, err, tail(out, 60))
	}
	b.recover()
	const image = "registry.k8s.io/sig-storage/nfs-provisioner:v4.0.7"
	b.set("nfsImage", image)
	b.pulumi("up --yes --skip-preview")
	settleClusters(b)
	checkInventory(b)
	for _, region := range regionNames {
		b.rolledOut(region, "files", "statefulset/nfs")
		if runs := b.kubectl(region, "-n", "files", "get", "pods", "-l", "app.kubernetes.io/name=nfs", "-o",
			"jsonpath={.items[*].spec.containers[*].image}"); runs != image {
			t.Errorf("%s runs %q, not %s", region, runs, image)
		}
	}
}

// again counts the updates that failed of themselves: on a machine that is busy enough, a control plane may not answer
// in time; and a node port may be taken by a Service that never came about (docs/operating.md). An operator repeats
// those, but not for ever. Any other failure is what the test looks for.
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

// killDestroy kills a destroy at a number of points, each so many changes from the last, and lets it then come to its
// end.
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

// checkConverged looks at a stack whose update has come to its end after interruptions: as if there had been none.
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
