package world

import (
	"fmt"
	"os"
	"runtime"
	"slices"

	"geo-wordpress/tools/conformance/declared"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// WWWData is the ID of the user and group that WordPress writes its files as.
const WWWData = 33

// Files returns the directory behind a region's shared volume, WordPress's wp-content, on the file server's disk.
func (w *World) Files(region string) string {
	w.t.Helper()
	return w.Shared(region, w.sharedClaim(w.Stack.Region(region)))
}

// Export returns the path under which a region's file server exports the shared volume.
func (w *World) Export(region string) string {
	r := w.Stack.Region(region)
	return "/export/" + r.Claims[w.sharedClaim(r)].Spec.VolumeName
}

func (w *World) sharedClaim(region *declared.Region) declared.Key {
	w.t.Helper()
	for key, claim := range region.Claims {
		if slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteMany) {
			return key
		}
	}
	w.t.Fatalf("%s declares no claim that many may write to", region.Name)
	return declared.Key{}
}

// As calls a function with a user's file access rights instead of root's. Files that it creates belong to the user and
// the group of that ID.
func As(user int, call func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		if _, err := unix.SetfsgidRetGid(user); err != nil {
			done <- err
			return
		}
		if _, err := unix.SetfsuidRetUid(user); err != nil {
			done <- err
			return
		}
		// setfsuid returns the ID before, and no error. Only another call returns the current one.
		if now, _ := unix.SetfsuidRetUid(user); now != user {
			done <- fmt.Errorf("files are used as %d, not as %d", now, user)
			return
		}
		done <- call()
	}()
	return <-done
}

// Wipe removes everything in a directory, hidden files too.
func Wipe(directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(directory + "/" + entry.Name()); err != nil {
			return err
		}
	}
	return nil
}
