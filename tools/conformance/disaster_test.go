package conformance_test

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// A Syncthing that is replaced, as at every upgrade, keeps what it knew: what was changed or deleted meanwhile, on
// either side, is so everywhere, and nothing else changes.
func TestSyncthingComesBack(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	here, there := w.Files(daemons[0].Region.Name), w.Files(daemons[1].Region.Name)
	for _, name := range []string{"stays", "deleted-here", "deleted-there", "edited-here", "edited-there"} {
		put(t, here+"/uploads/"+name, content(2000))
	}
	before := sameEverywhere(t, w, daemons, "the files are everywhere", has("uploads/edited-there"))

	if end := daemons[1].Stop(); len(end.Killed) > 0 {
		t.Errorf("Syncthing was killed: %+v", end)
	}
	edited := content(3000)
	asWordPress(t, func() error {
		return errors.Join(os.Remove(here+"/uploads/deleted-here"), os.Remove(there+"/uploads/deleted-there"))
	})
	put(t, here+"/uploads/edited-here", edited)
	put(t, there+"/uploads/edited-there", edited)
	put(t, here+"/uploads/new-here", edited)
	put(t, there+"/uploads/new-there", edited)
	want := treeOf(t, here)
	delete(want, "uploads/deleted-there")
	for _, name := range []string{"edited-there", "new-there"} {
		want["uploads/"+name] = want["uploads/edited-here"]
	}
	daemons[1] = w.Start(daemons[1].Region.Name, "syncthing")
	after := sameEverywhere(t, w, daemons, "what happened meanwhile is everywhere", func(found tree) error {
		if lines := want.differences(found); len(lines) > 0 {
			return fmt.Errorf("wanted and found:\n%s", strings.Join(lines, "\n"))
		}
		return nil
	})
	if after["uploads/stays"] != before["uploads/stays"] {
		t.Errorf("what nobody touched is %s, and was %s", after["uploads/stays"], before["uploads/stays"])
	}
}

// The scan finds what the watcher misses because there is no inotify event.
func TestSyncthingFindsWhatTheWatcherMissed(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	path := w.Files(daemons[0].Region.Name) + "/plugins/shop/shop.php"
	put(t, path, content(5000))
	sameEverywhere(t, w, daemons, "a file is everywhere", has("plugins/shop/shop.php"))
	began := time.Now()
	asWordPress(t, func() error { return writeMapped(path, content(5000)) })
	want, err := describe(path)
	if err != nil {
		t.Fatal(err)
	}
	sameEverywhere(t, w, daemons, "a change that made no event is everywhere", func(found tree) error {
		if other := treeOf(t, w.Files(daemons[1].Region.Name))["plugins/shop/shop.php"]; other != want {
			return fmt.Errorf("it is still %s in %s", other, daemons[1].Region.Name)
		}
		return nil
	})
	t.Logf("the scan found it in %.0f s", time.Since(began).Seconds())
}

// A region loses its index but not its files. Edits on either side reach every region. Files deleted elsewhere
// meanwhile may come back; no file disappears.
func TestDisasterIndexLost(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	here, there := w.Files(daemons[0].Region.Name), w.Files(daemons[1].Region.Name)
	names := manyFiles(t, here)
	before := sameEverywhere(t, w, daemons, "the files are everywhere", has(names[len(names)-1]))

	daemons[1].Stop()
	if err := world.Wipe(index(w, daemons[1])); err != nil {
		t.Fatal(err)
	}
	deleted, hereEdited, thereEdited := names[0], names[1], names[2]
	asWordPress(t, func() error { return os.Remove(filepath.Join(here, deleted)) })
	put(t, filepath.Join(here, hereEdited), []byte("edited here"))
	put(t, filepath.Join(there, thereEdited), []byte("edited there"))
	wantHere, wantThere := treeOf(t, here)[hereEdited], treeOf(t, there)[thereEdited]

	daemons[1] = w.Start(daemons[1].Region.Name, "syncthing")
	after := sameEverywhere(t, w, daemons, "the regions are alike again", func(found tree) error {
		if found[hereEdited] != wantHere || found[thereEdited] != wantThere {
			return fmt.Errorf("the edits are %q and %q, want %q and %q", found[hereEdited], found[thereEdited], wantHere, wantThere)
		}
		return nil
	})
	lost(t, before, after, deleted, hereEdited, thereEdited)
	_, back := after[deleted]
	t.Logf("a file that was deleted meanwhile is back: %v; conflicts: %v", back, conflicts(after))
}

// A region loses its disk, with files and index. The other regions fill it again, and lose nothing.
func TestDisasterDiskLost(t *testing.T) {
	w := world.New(t, committed(t, nil))
	servers, daemons := startFiles(w)
	names := manyFiles(t, w.Files(daemons[0].Region.Name))
	before := sameEverywhere(t, w, daemons, "the files are everywhere", has(names[len(names)-1]))
	daemons[1].Stop()
	servers[1].Stop()
	region := daemons[1].Region.Name
	if err := world.Wipe(filepath.Dir(w.Files(region))); err != nil {
		t.Fatal(err)
	}
	w.Files(region) // creates the volume's directory again
	servers[1] = w.Start(region, "nfs")
	w.Ready(longest(), servers[1])
	daemons[1] = w.Start(region, "syncthing")
	after := sameEverywhere(t, w, daemons, "the disk is filled again", has(names[0]))
	lost(t, before, after)
}

// A region's volume is emptied but Syncthing's index is not, once while the daemon is stopped and once while it runs.
// Syncthing must not take this for deletions by users. It stops; the other regions lose nothing, and go on. Once its
// index is removed too, it fills the volume again.
func TestDisasterVolumeEmptied(t *testing.T) {
	for _, running := range []bool{false, true} {
		t.Run(fmt.Sprintf("running=%v", running), func(t *testing.T) {
			w := world.New(t, committed(t, nil))
			_, daemons := startFiles(w)
			region := daemons[1].Region.Name
			names := manyFiles(t, w.Files(daemons[0].Region.Name))
			before := sameEverywhere(t, w, daemons, "the files are everywhere", has(names[len(names)-1]))
			if !running {
				daemons[1].Stop()
			}
			if err := world.Wipe(w.Files(region)); err != nil { // in name order, so the marker goes first
				t.Fatal(err)
			}
			if !running {
				daemons[1] = w.Start(region, "syncthing")
			}
			w.Ready(longest(), daemons[1])
			stops(t, w, daemons[1])
			others := []*kubelet.Pod{daemons[0], daemons[2]}
			put(t, w.Files(daemons[0].Region.Name)+"/uploads/afterwards", content(1000))
			after := sameEverywhere(t, w, others, "the others go on", has("uploads/afterwards"))
			lost(t, before, after)

			daemons[1].Stop()
			if err := world.Wipe(index(w, daemons[1])); err != nil {
				t.Fatal(err)
			}
			daemons[1] = w.Start(region, "syncthing")
			after = sameEverywhere(t, w, daemons, "the volume is filled again", has("uploads/afterwards"))
			lost(t, before, after)
		})
	}
}

// The marker disappears and the files stay: the region's Syncthing stops, and nobody's files change. Once the marker is
// back, it catches up.
func TestDisasterMarkerMissing(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	here, there := w.Files(daemons[0].Region.Name), w.Files(daemons[1].Region.Name)
	names := manyFiles(t, here)
	before := sameEverywhere(t, w, daemons, "the files are everywhere", has(names[len(names)-1]))
	if err := os.RemoveAll(there + "/.stfolder"); err != nil {
		t.Fatal(err)
	}
	put(t, there+"/uploads/there", content(1000))
	stops(t, w, daemons[1])
	put(t, here+"/uploads/here", content(1000))
	others := []*kubelet.Pod{daemons[0], daemons[2]}
	lost(t, before, sameEverywhere(t, w, others, "the others go on", has("uploads/here")))
	lost(t, before, treeOf(t, there))

	asWordPress(t, func() error { return os.Mkdir(there+"/.stfolder", 0o755) })
	after := sameEverywhere(t, w, daemons, "the region goes on", func(found tree) error {
		return errors.Join(has("uploads/here")(found), has("uploads/there")(found))
	})
	lost(t, before, after)
}

// One region's clock is an hour ahead, another's a day behind, by the times of their files. A region that has seen a
// file and changes it has the newer version, whatever its clock says, and there is no conflict.
func TestDisasterClocksApart(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	clocks := []time.Duration{0, time.Hour, -24 * time.Hour}
	const name = "themes/site/style.css"
	write := func(region int, text string) {
		path := filepath.Join(w.Files(daemons[region].Region.Name), name)
		put(t, path+".new", []byte(text))
		asWordPress(t, func() error {
			now := time.Now().Add(clocks[region])
			return errors.Join(os.Chtimes(path+".new", now, now), os.Rename(path+".new", path))
		})
	}
	var after tree
	for i, region := range []int{0, 1, 0, 2, 1, 2, 0} {
		text := fmt.Sprintf("edit %d, in region %d", i, region)
		write(region, text)
		after = sameEverywhere(t, w, daemons, "an edit is everywhere", func(tree) error {
			for _, daemon := range daemons {
				if now, err := os.ReadFile(filepath.Join(w.Files(daemon.Region.Name), name)); err != nil || string(now) != text {
					return fmt.Errorf("%s has %q, want %q (%v)", daemon.Region.Name, now, text, err)
				}
			}
			return nil
		})
	}
	if found := conflicts(after); len(found) > 0 {
		t.Errorf("there are conflicts: %v", found)
	}
	asWordPress(t, func() error { return os.Remove(filepath.Join(w.Files(daemons[2].Region.Name), name)) })
	sameEverywhere(t, w, daemons, "a deletion is everywhere", func(found tree) error {
		if has(name)(found) == nil {
			return errors.New("it is still there")
		}
		return nil
	})
}

// If two regions lose each other, the third relays their changes. If one region loses both others, both sides go on.
// Once they are joined again, both versions of a file edited on both sides are kept, the later of an edit and a deletion
// wins, an edit that loses to a deletion is kept as a conflict's copy, and everything else is merged.
func TestDisasterRegionsCut(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	a, b, c := daemons[0].Region.Name, daemons[1].Region.Name, daemons[2].Region.Name
	here, there := w.Files(a), w.Files(b)
	names := manyFiles(t, here)
	before := sameEverywhere(t, w, daemons, "the files are everywhere", has(names[len(names)-1]))

	cut := func(from, to string) {
		if err := w.Network.Cut(from, to); err != nil {
			t.Fatal(err)
		}
	}
	cut(a, b)
	put(t, here+"/uploads/the-long-way", content(50_000))
	w.Eventually(longest(), "the third region carries a file to the second", func() error {
		return has("uploads/the-long-way")(treeOf(t, there))
	})

	cut(a, c)
	both, deletedHere, deletedThere := names[0], names[1], names[2]
	put(t, filepath.Join(here, both), []byte("edited here"))
	put(t, here+"/uploads/new-here", content(1000))
	put(t, filepath.Join(here, deletedThere), []byte("edited here, deleted there"))
	asWordPress(t, func() error { return os.Remove(filepath.Join(here, deletedHere)) })
	knows(w, daemons[0], both, deletedHere, deletedThere)
	// Syncthing gives a deletion the second in which it found it, and a fraction of a second from the file.
	time.Sleep(2 * time.Second)
	put(t, filepath.Join(there, both), []byte("edited there, later"))
	put(t, there+"/uploads/new-there", content(1000))
	put(t, filepath.Join(there, deletedHere), []byte("edited there, deleted here"))
	asWordPress(t, func() error { return os.Remove(filepath.Join(there, deletedThere)) })
	knows(w, daemons[1], both, deletedHere, deletedThere)
	if err := has("uploads/new-there")(treeOf(t, here)); err == nil {
		t.Fatal("the regions are not parted")
	}

	w.Network.Join(a, b)
	w.Network.Join(a, c)
	after := sameEverywhere(t, w, daemons, "the regions are alike again", func(found tree) error {
		return errors.Join(has("uploads/new-here")(found), has("uploads/new-there")(found))
	})
	lost(t, before, after, both, deletedHere, deletedThere)
	texts := []string{}
	for path := range after {
		if text, err := os.ReadFile(filepath.Join(here, path)); err == nil && len(text) < 100 {
			texts = append(texts, string(text))
		}
	}
	for _, text := range []string{"edited here", "edited there, later", "edited here, deleted there", "edited there, deleted here"} {
		if !slices.Contains(texts, text) {
			t.Errorf("nowhere is %q: it was lost", text)
		}
	}
	for path, copies := range map[string]int{both: 1, deletedThere: 1, deletedHere: 0} {
		found := slices.DeleteFunc(conflicts(after), func(conflict string) bool { return !strings.HasPrefix(conflict, path+".") })
		if len(found) != copies {
			t.Errorf("the conflicts of %s are %v, want %d", path, found, copies)
		}
	}
	if has(deletedHere)(after) != nil || has(deletedThere)(after) == nil {
		t.Errorf("the later change did not win: %s, which was edited last, and %s, which was deleted last, are among %v", deletedHere, deletedThere,
			slices.Sorted(maps.Keys(after)))
	}
}

// manyFiles makes files of a site, and returns their paths.
func manyFiles(t testing.TB, directory string) (paths []string) {
	t.Helper()
	for i := range 40 {
		paths = append(paths, fmt.Sprintf("uploads/2026/%02d/file-%d", i%4, i))
		put(t, filepath.Join(directory, paths[i]), content(1000+i))
	}
	return paths
}

// index returns the directory of the index of a region's Syncthing.
func index(w *world.World, daemon *kubelet.Pod) string {
	return filepath.Join(filepath.Dir(w.Files(daemon.Region.Name)), "syncthing")
}

// lost fails the test if anything in before is missing or different in after, except what somebody changed.
func lost(t testing.TB, before, after tree, changed ...string) {
	t.Helper()
	for path, was := range before {
		if after[path] != was && !slices.Contains(changed, path) {
			t.Errorf("%s is %q, and was %q", path, after[path], was)
		}
	}
}

// conflicts returns the paths of the versions that lost a conflict.
func conflicts(found tree) (paths []string) {
	for path := range found {
		if strings.Contains(path, ".sync-conflict-") {
			paths = append(paths, path)
		}
	}
	return paths
}

// stops waits until a Syncthing has noticed that it must not trust its folder.
func stops(t testing.TB, w *world.World, daemon *kubelet.Pod) {
	t.Helper()
	w.Eventually(longest(), "Syncthing stops", func() error {
		var status struct{ State, Error string }
		folder := w.SyncthingConfig(daemon.Region).Folders[0].ID
		if err := w.AskSyncthing(daemon, "db/status?folder="+url.QueryEscape(folder), &status); err != nil {
			return err
		}
		if status.State != "error" || !strings.Contains(status.Error, "marker") {
			return fmt.Errorf("it is %+v", status)
		}
		return nil
	})
}

// knows waits until a Syncthing's index agrees with the disk about files.
func knows(w *world.World, daemon *kubelet.Pod, paths ...string) {
	for _, path := range paths {
		w.Eventually(longest(), "an index knows of a change", func() error { return indexed(w, daemon, path) })
	}
}

// indexed returns an error unless a Syncthing's index agrees with the disk about a file.
func indexed(w *world.World, daemon *kubelet.Pod, path string) error {
	var file struct {
		Local struct {
			Deleted bool
			Size    int64
		}
	}
	folder := w.SyncthingConfig(daemon.Region).Folders[0].ID
	query := "db/file?folder=" + url.QueryEscape(folder) + "&file=" + url.QueryEscape(path)
	if err := w.AskSyncthing(daemon, query, &file); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(w.Files(daemon.Region.Name), path))
	if deleted := errors.Is(err, os.ErrNotExist); file.Local.Deleted != deleted || !deleted && file.Local.Size != info.Size() {
		return fmt.Errorf("in %s, %s is %+v to its index", daemon.Region.Name, path, file.Local)
	}
	return nil
}
