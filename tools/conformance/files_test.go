package conformance_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	"golang.org/x/sys/unix"
)

// startFiles starts every region's file server and Syncthing, and waits until the Syncthings are in sync.
func startFiles(w *world.World) (servers, daemons []*kubelet.Pod) {
	for _, region := range w.Stack.Regions {
		servers = append(servers, w.Start(region.Name, "nfs"))
	}
	w.Ready(longest(), servers...)
	for _, region := range w.Stack.Regions {
		daemons = append(daemons, w.Start(region.Name, "syncthing"))
	}
	inSync(w, daemons...)
	return servers, daemons
}

// inSync waits until the daemons run, are connected, and need nothing from each other.
func inSync(w *world.World, daemons ...*kubelet.Pod) {
	w.Ready(longest(), daemons...)
	w.Eventually(longest(), "the Syncthings are in sync", func() error { return w.InSync(daemons...) })
}

// tree is the content of a directory: by path, the kind and mode, and a file's size and checksum.
type tree map[string]string

// own reports whether a file is Syncthing's own, and not the site's.
func own(path string) bool {
	name := filepath.Base(path)
	return path == ".stfolder" || path == ".stignore" || strings.HasPrefix(name, ".syncthing.") || strings.HasPrefix(name, "~syncthing~")
}

// treeOf reads a directory, without files that vanish meanwhile.
func treeOf(t testing.TB, directory string) tree {
	t.Helper()
	found := tree{}
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		relative, _ := filepath.Rel(directory, path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || path == directory:
			return err
		case own(relative) && entry.IsDir():
			return fs.SkipDir
		case own(relative):
			return nil
		}
		description, err := describe(path)
		if err == nil {
			found[relative] = description
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func describe(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	// Ignore the setgid bit, which the provisioner's directory passes on: it is not synchronised, and does not matter
	// to the owner.
	text := (info.Mode() &^ fs.ModeSetgid).String()
	if info.Mode().IsRegular() {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, file); err != nil {
			return "", err
		}
		text += fmt.Sprintf(" %d bytes %x", info.Size(), sum.Sum(nil)[:6])
	}
	return text, nil
}

// differences returns up to ten lines about the paths that differ between a and b.
func (a tree) differences(b tree) (lines []string) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if a[path] != b[path] {
			lines = append(lines, fmt.Sprintf("%s: %q and %q", path, a[path], b[path]))
		}
	}
	if len(lines) > 10 {
		lines = append(lines[:10], fmt.Sprintf("and %d more", len(lines)-10))
	}
	return lines
}

// sameEverywhere waits until every region holds the same tree, the daemons are idle, and a condition holds for the
// tree.
func sameEverywhere(t testing.TB, w *world.World, daemons []*kubelet.Pod, what string, is func(tree) error) (same tree) {
	t.Helper()
	w.Eventually(longest(), what, func() error {
		same = treeOf(t, w.Files(daemons[0].Region.Name))
		if err := is(same); err != nil {
			return err
		}
		for _, other := range daemons[1:] {
			if lines := same.differences(treeOf(t, w.Files(other.Region.Name))); len(lines) > 0 {
				return fmt.Errorf("%s and %s hold:\n%s", daemons[0].Region.Name, other.Region.Name, strings.Join(lines, "\n"))
			}
		}
		return w.InSync(daemons...)
	})
	return same
}

// has checks that a path exists.
func has(path string) func(tree) error {
	return func(found tree) error {
		if _, ok := found[path]; !ok {
			return fmt.Errorf("there is no %s", path)
		}
		return nil
	}
}

// content returns new random bytes.
func content(bytes int) []byte {
	data := make([]byte, bytes)
	source := rand.NewChaCha8([32]byte{byte(rand.Int()), byte(rand.Int()), byte(rand.Int()), byte(rand.Int())})
	_, _ = source.Read(data)
	return data
}

// put writes a file as WordPress's processes do, with its parent directories.
func put(t testing.TB, path string, data []byte) {
	t.Helper()
	err := world.As(world.WWWData, func() error {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asWordPress calls a function with the file access rights of WordPress's processes.
func asWordPress(t testing.TB, what func() error) {
	t.Helper()
	if err := world.As(world.WWWData, what); err != nil {
		t.Fatal(err)
	}
}

// writeMapped overwrites a file with data of the same length through a memory mapping, which makes no inotify event.
func writeMapped(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	mapped, err := unix.Mmap(int(file.Fd()), 0, len(data), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	copy(mapped, data)
	return errors.Join(unix.Msync(mapped, unix.MS_SYNC), unix.Munmap(mapped))
}
