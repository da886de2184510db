package conformance_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/world"
)

var (
	uploads = flag.Int("uploads", 15, "how many uploads the figures of propagation are taken from; docs/figures.md has them from 100")
	delays  = flag.Bool("delays", false, "take the figures of propagation for other delays of the watcher as well")
)

// settings are a set-up of Syncthing in which uploads are timed.
type settings struct {
	name   string
	change func(*declared.Stack)
	apart  time.Duration // round trip between every two regions
}

// declaredSettings changes nothing.
func declaredSettings(*declared.Stack) {}

// originalSettings is the set-up that this one replaces: Syncthing's defaults, except for a watcher delay of one
// second, and an index that ends with the pod.
func originalSettings(stack *declared.Stack) {
	inConfigs(`fsWatcherDelayS="[0-9.]+"`, `fsWatcherDelayS="1"`)(stack)
	inConfigs(`rescanIntervalS="[0-9]+"`, `rescanIntervalS="3600"`)(stack)
	inConfigs(`\s*<pullerDelayS>[^<]*</pullerDelayS>`, ``)(stack)
	inConfigs(`\s*<numConnections>[^<]*</numConnections>`, ``)(stack)
	change("syncthing", indexElsewhere)(stack)
}

// An upload of 100 kB reaches both other regions sooner than in the original set-up. With -uploads=100 -v the test
// prints the figures of docs/figures.md.
func TestPropagationFigures(t *testing.T) {
	all := []settings{
		{"original", originalSettings, 0},
		{"declared", declaredSettings, 0},
	}
	if *delays {
		// Whole seconds only: Syncthing drops fractions.
		for _, delay := range []string{"1", "2"} {
			all = append(all, settings{"declared, delay " + delay + " s", inConfigs(`fsWatcherDelayS="[0-9.]+"`, `fsWatcherDelayS="`+delay+`"`), 0})
		}
		for _, apart := range []time.Duration{10 * time.Millisecond, 30 * time.Millisecond} {
			all = append(all, settings{fmt.Sprintf("original, %v apart", apart), originalSettings, apart},
				settings{fmt.Sprintf("declared, %v apart", apart), declaredSettings, apart})
		}
	}
	figures := map[string][]time.Duration{}
	for _, each := range all {
		t.Run(each.name, func(t *testing.T) { figures[each.name] = timeUploads(t, each) })
	}
	if t.Failed() {
		return
	}
	table := fmt.Sprintf("100 kB to both other regions, %d uploads, in seconds:\n%-28s %8s %8s %10s\n", *uploads, "", "median", "p99", "original/")
	for _, each := range all {
		times := figures[each.name]
		original := figures["original"]
		if each.apart > 0 {
			original = figures[fmt.Sprintf("original, %v apart", each.apart)]
		}
		table += fmt.Sprintf("%-28s %8.2f %8.2f %10.1f\n", each.name, quantile(times, 0.5).Seconds(), quantile(times, 0.99).Seconds(),
			quantile(original, 0.5).Seconds()/quantile(times, 0.5).Seconds())
	}
	t.Log("\n" + table)
	if quantile(figures["declared"], 0.5) > quantile(figures["original"], 0.5)*3/4 {
		t.Errorf("the declared set-up is not clearly faster than the original one:\n%s", table)
	}
}

// timeUploads makes one upload after the other, in all regions in turn, and measures when both other regions have it.
func timeUploads(t *testing.T, s settings) (times []time.Duration) {
	stack := committed(t, nil)
	s.change(stack)
	w := world.New(t, stack)
	for i, a := range stack.Regions {
		for _, b := range stack.Regions[:i] {
			if err := w.Network.Apart(a.Name, b.Name, s.apart); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, daemons := startFiles(w)
	for i := range *uploads + 3 {
		path := fmt.Sprintf("uploads/2026/11/photo-%d.jpg", i)
		from := i % len(daemons)
		if i < 3 { // the first ones make the directories
			from = 0
		}
		data := content(100_000)
		writeAsPHP(t, filepath.Join(w.Files(daemons[from].Region.Name), path), data, 0)
		began := time.Now()
		for _, daemon := range daemons {
			there := filepath.Join(w.Files(daemon.Region.Name), path)
			for {
				if info, err := os.Stat(there); err == nil && info.Size() == int64(len(data)) {
					break
				}
				if time.Since(began) > 3*time.Minute {
					t.Fatalf("%s is not in %s after %v\n%s", path, daemon.Region.Name, time.Since(began), w.Describe(daemon))
				}
				time.Sleep(2 * time.Millisecond)
			}
		}
		if i >= 3 {
			times = append(times, time.Since(began))
		}
		// Stay out of step with the daemons' own timers.
		time.Sleep(time.Duration(100+37*i%400) * time.Millisecond)
	}
	slices.Sort(times)
	return times
}

// writeAsPHP writes a file as PHP moves an upload here from its temporary directory, which is on another file system:
// in place, in pieces of 8 KiB, and then sets the mode. pause is the time between pieces.
func writeAsPHP(t testing.TB, path string, data []byte, pause time.Duration) {
	t.Helper()
	asWordPress(t, func() error {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer file.Close()
		for piece := range slices.Chunk(data, 8<<10) {
			if _, err := file.Write(piece); err != nil {
				return err
			}
			time.Sleep(pause)
		}
		return errors.Join(file.Close(), os.Chmod(path, 0o644))
	})
}

// quantile returns the value below which a share of the sorted times lies.
func quantile(sorted []time.Duration, share float64) time.Duration {
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// A slowly written upload appears elsewhere as nothing, then as its beginning, and in the end complete; never with
// holes, never with parts of another version, and never as a conflict. The same holds for an existing file that is
// overwritten. Once the file exists elsewhere, it is missing only while Syncthing replaces it.
func TestPropagationOfASlowUpload(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	const name = "uploads/slow.jpg"
	here, there := filepath.Join(w.Files(daemons[0].Region.Name), name), filepath.Join(w.Files(daemons[1].Region.Name), name)
	var versions [][]byte
	appeared := false
	for version := range 2 {
		versions = append(versions, content(100_000))
		current := versions[version]
		written := make(chan error, 1)
		go func() {
			written <- world.As(world.WWWData, func() error { return writeSlowly(here, current) })
		}()
		seen, done := map[int]bool{}, false
		w.Eventually(longest(), "the upload is there", func() error {
			select {
			case err := <-written:
				if err != nil {
					t.Fatal(err)
				}
				done = true
			default:
			}
			// One read sees one file, to which nobody writes: Syncthing replaces it by another.
			found, err := os.ReadFile(there)
			if errors.Is(err, os.ErrNotExist) {
				if appeared && !beingReplaced(there) {
					t.Fatalf("%v, and Syncthing is not replacing it", err)
				}
				return err
			} else if err != nil {
				t.Fatal(err)
			}
			appeared, seen[len(found)] = true, true
			for _, known := range versions {
				if strings.HasPrefix(string(known), string(found)) {
					if done && len(found) == len(known) && string(found) == string(current) {
						return nil
					}
					return fmt.Errorf("%d of %d bytes are there", len(found), len(current))
				}
			}
			t.Fatalf("%d bytes are there which nobody wrote", len(found))
			return nil
		})
		t.Logf("version %d was seen elsewhere with %d different lengths", version+1, len(seen))
	}
	after := sameEverywhere(t, w, daemons, "all are alike", has(name))
	if found := conflicts(after); len(found) > 0 {
		t.Errorf("there are conflicts: %v", found)
	}
}

// An overwritten file is elsewhere in its old or its new version, or missing for the moment in which Syncthing replaces
// it.
func TestPropagationOfAnOverwrite(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	const name, times = "uploads/again.jpg", 20
	here, there := filepath.Join(w.Files(daemons[0].Region.Name), name), filepath.Join(w.Files(daemons[1].Region.Name), name)
	before := content(1000)
	writeAsPHP(t, here, before, 0)
	w.Eventually(longest(), "the file is there", func() error {
		found, err := os.ReadFile(there)
		if err == nil && !bytes.Equal(found, before) {
			err = fmt.Errorf("%d of %d bytes are there", len(found), len(before))
		}
		return err
	})
	var away []time.Duration
	for range times {
		now := content(len(before))
		writeAsPHP(t, here, now, 0)
		// Poll without a pause, for that moment is short.
		for began, missing := time.Now(), time.Duration(0); ; {
			if time.Since(began) > longest() {
				t.Fatalf("the new content is not there after %v", time.Since(began))
			}
			looked := time.Now()
			found, err := os.ReadFile(there)
			if errors.Is(err, os.ErrNotExist) {
				if !beingReplaced(there) {
					t.Fatalf("%v, and Syncthing is not replacing it", err)
				}
				missing += time.Since(looked)
				continue
			} else if err != nil {
				t.Fatal(err)
			}
			if missing > 0 {
				away, missing = append(away, missing), 0
			}
			if bytes.Equal(found, now) {
				break
			}
			if !bytes.Equal(found, before) && !bytes.HasPrefix(now, found) {
				t.Fatalf("%d bytes are there which nobody wrote", len(found))
			}
		}
		before = now
	}
	slices.Sort(away)
	t.Logf("the file was written again %d times, and was seen to be away elsewhere %d times, for %v", times, len(away), away)
}

// beingReplaced reports whether Syncthing is replacing, or has just replaced, a file that was found missing. Syncthing
// removes the old file and then renames the new one, which lies beside it under a temporary name until then. So a look
// for the temporary file and then for the file finds one of them, unless the next replacement begins between the two
// looks.
func beingReplaced(path string) bool {
	directory, name := filepath.Split(path)
	for range 3 {
		for _, path := range []string{filepath.Join(directory, ".syncthing."+name+".tmp"), path} {
			if _, err := os.Lstat(path); err == nil {
				return true
			}
		}
	}
	return false
}

// writeSlowly takes about eight seconds, with pauses longer than the watcher's delay.
func writeSlowly(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	for piece := range slices.Chunk(data, len(data)/8+1) {
		if _, err := file.Write(piece); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	return file.Close()
}
