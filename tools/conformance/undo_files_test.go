package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// Somebody deletes a directory in one region, and spoils a file. The other regions keep what Syncthing deletes and replaces there,
// outside of the shared volume, and the page docs/undo.md puts it back everywhere, byte for byte. Old versions are bounded.
func undoFiles(t *testing.T, w *world.World, daemons []*kubelet.Pod) {
	here := w.Files(daemons[0].Region.Name)
	const files = 200
	for i := range files {
		put(t, fmt.Sprintf("%s/uploads/2025/%02d/it's %d.jpg", here, i%12+1, i), content(100*i))
	}
	put(t, here+"/themes/shop/style.css", []byte("good"))
	put(t, here+"/robots.txt", []byte("good"))
	asWordPress(t, func() error { return os.Chmod(here+"/uploads/2025/01/it's 0.jpg", 0o600) })
	// Nobody waits a minute here until they are old enough to be kept.
	anHourAgo := time.Now().Add(-time.Hour)
	asWordPress(t, func() error {
		return filepath.WalkDir(here, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Type()&os.ModeSymlink != 0 {
				return err
			}
			return os.Chtimes(path, anHourAgo, anHourAgo)
		})
	})
	before := sameEverywhere(t, w, daemons, "the files of 2025 are everywhere", has("uploads/2025/12/it's 11.jpg"))
	w.Eventually(longest(), "the files are old everywhere", func() error {
		for _, daemon := range daemons {
			for _, name := range []string{"robots.txt", "themes/shop/style.css", fmt.Sprintf("uploads/2025/%02d/it's %d.jpg", (files-1)%12+1, files-1)} {
				info, err := os.Stat(filepath.Join(w.Files(daemon.Region.Name), name))
				if err != nil || time.Since(info.ModTime()) < time.Minute {
					return fmt.Errorf("%s in %s is new: %v", name, daemon.Region.Name, err)
				}
			}
		}
		return w.InSync(daemons...)
	})

	moment := time.Now().UTC().Format("20060102150405")
	began := time.Now()
	asWordPress(t, func() error { return errors.Join(os.RemoveAll(here+"/uploads/2025"), os.Remove(here+"/robots.txt")) })
	for i := range 5 { // a write that takes a while: Syncthing carries what it sees
		put(t, here+"/themes/shop/style.css", []byte(strings.Repeat("bad", i)))
		time.Sleep(100 * time.Millisecond)
	}
	put(t, here+"/uploads/since.txt", []byte("written since"))
	sameEverywhere(t, w, daemons, "everything is gone everywhere", func(found tree) error {
		if has("uploads/2025")(found) == nil || has("robots.txt")(found) == nil {
			return errors.New("it is still there")
		}
		return has("uploads/since.txt")(found)
	})
	t.Logf("%d files were gone everywhere in %.1f s", files, time.Since(began).Seconds())

	for i, daemon := range daemons {
		lines := strings.Split(inPod(t, daemon, "syncthing", "sh", "/var/syncthing/config/undo.sh", "list", moment), "\n")
		want := files + 2
		if i == 0 {
			want = 0 // the region in which somebody deleted them
			lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
		}
		if len(lines) != want {
			t.Errorf("%s lists %d versions, want %d: %.500s", daemon.Region.Name, len(lines), want, strings.Join(lines, "\n"))
		}
		exported, _ := filepath.Rel(w.Files(daemon.Region.Name), versions(w, daemon))
		if info, err := os.Stat(versions(w, daemon)); err != nil || info.Mode().Perm() != 0o700 || !strings.HasPrefix(exported, "../") {
			t.Errorf("the versions of %s are at %s of the exported volume, %v, %v", daemon.Region.Name, exported, info, err)
		}
	}

	inPod(t, daemons[1], "syncthing", "sh", "/var/syncthing/config/undo.sh", "missing", moment, "uploads/2025")
	inPod(t, daemons[1], "syncthing", "sh", "/var/syncthing/config/undo.sh", "missing", moment, "robots.txt")
	inPod(t, daemons[1], "syncthing", "sh", "/var/syncthing/config/undo.sh", "missing", moment, "themes")
	after := sameEverywhere(t, w, daemons, "what was missing is everywhere", func(found tree) error {
		return errors.Join(has("robots.txt")(found), has(fmt.Sprintf("uploads/2025/%02d/it's %d.jpg", (files-1)%12+1, files-1))(found))
	})
	if after["themes/shop/style.css"] == before["themes/shop/style.css"] {
		t.Error("a file that was not missing was replaced")
	}
	inPod(t, daemons[1], "syncthing", "sh", "/var/syncthing/config/undo.sh", "replace", moment, "themes/shop/style.css")
	after = sameEverywhere(t, w, daemons, "what was spoilt is right everywhere", func(found tree) error {
		if found["themes/shop/style.css"] != before["themes/shop/style.css"] {
			return errors.New("not yet")
		}
		return nil
	})
	lost(t, before, after)
	if after["uploads/since.txt"] == "" {
		t.Error("what was written since is lost")
	}
	bounded(t, w, daemons[1])
}

// bounded runs the declared housekeeping, at sixty times its pace, over versions that are too old and too large.
func bounded(t *testing.T, w *world.World, daemon *kubelet.Pod) {
	t.Helper()
	kept := func() (names []string) {
		entries, err := os.ReadDir(versions(w, daemon))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.IsDir() {
				names = append(names, entry.Name())
			}
		}
		return names
	}
	keep := func(ago time.Duration) string {
		name := time.Now().Add(-ago).UTC().Format("20060102150405")
		asWordPress(t, func() error {
			return errors.Join(os.MkdirAll(versions(w, daemon)+"/"+name+"/uploads", 0o700),
				os.WriteFile(versions(w, daemon)+"/"+name+"/uploads/film.mp4", make([]byte, 2<<20), 0o600))
		})
		return name
	}
	week, days := keep(7*24*time.Hour+time.Minute), keep(7*24*time.Hour-time.Hour)
	script := daemon.Container("housekeeping").Command[2]
	run := func(share string) {
		inPod(t, daemon, "housekeeping", "sh", "-c", `touch "$VERSIONS/.changed"; [ -z "$1" ] || export SHARE=$1; timeout 3 sh -ec "$2" || [ $? = 143 ]`,
			"sh", share, strings.Replace(script, "sleep 60", "sleep 1", 1))
	}
	run("")
	if now := kept(); slices.Contains(now, week) || !slices.Contains(now, days) {
		t.Errorf("after a week there are versions of %v", now)
	}
	hour := keep(time.Hour)
	last := kept()[len(kept())-1]
	total := inPod(t, daemon, "housekeeping", "sh", "-c", `df -Pk "$VERSIONS" | tail -n 1 | (read -r _ total _; echo $((total / 4000)))`)
	run(total) // 4 MB, and there are two films and all that was deleted
	if now := kept(); slices.Contains(now, days) || !slices.Contains(now, last) {
		t.Errorf("without room for all, there are versions of %v; the last were of %s, and film of %s", now, last, hour)
	}
}

// versions is the directory of a region's old versions, on the file server's disk.
func versions(w *world.World, daemon *kubelet.Pod) string { return index(w, daemon) + "/versions" }

// inPod runs a command in a container, and returns its output.
func inPod(t *testing.T, pod *kubelet.Pod, container string, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	code, output, err := pod.Exec(ctx, container, command...)
	if err != nil || code != 0 {
		t.Fatalf("%s in %s ended with %d, %v\n%s", strings.Join(command[:2], " "), pod.Region.Name, code, err, output)
	}
	return strings.TrimSpace(output)
}
