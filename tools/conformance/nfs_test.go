package conformance_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// What WordPress writes through one region's file server reaches the other regions' disks and can be read through their
// file servers: a server's writes wake Syncthing through inotify, and the server serves what Syncthing writes.
func TestNFSWakesSyncthing(t *testing.T) {
	w := world.New(t, committed(t, nil))
	for _, region := range w.Stack.Regions {
		scanned(region, 0) // only the watcher is left to find anything
	}
	servers, daemons := startFiles(w)
	for i, one := range []struct {
		version, bytes int // Debian's client writes at most a kilobyte with version 4
	}{{4, 700}, {3, 100_000}} {
		for from := range servers {
			path := fmt.Sprintf("upload-%d-from-%d.jpg", i, from)
			data := content(one.bytes)
			nfsWrite(t, w, servers[from], one.version, path, data)
			sameEverywhere(t, w, daemons, "what was written by NFS is on all disks", has(path))
			for _, server := range servers {
				w.Eventually(longest(), "it can be read by NFS", func() error {
					read, err := nfsRead(w, server, one.version, path)
					if err == nil && !bytes.Equal(read, data) {
						err = fmt.Errorf("%d bytes in %s, which are other than the %d written", len(read), server.Region.Name, len(data))
					}
					return err
				})
			}
			info, err := os.Stat(filepath.Join(w.Files(daemons[0].Region.Name), path))
			if err != nil || info.Mode().Perm()&0o600 != 0o600 {
				t.Errorf("it is %v (%v)", info, err)
			}
		}
	}
	unharmed(t, w, append(servers, daemons...)...)
}

// A file server that is replaced, as at every upgrade, serves the same files again.
func TestNFSServerComesBack(t *testing.T) {
	w := world.New(t, committed(t, nil))
	region := w.Stack.Regions[0].Name
	server := w.Start(region, "nfs")
	w.Ready(longest(), server)
	data := content(700)
	nfsWrite(t, w, server, 4, "kept.txt", data)
	if end := server.Stop(); end.Took > time.Duration(*server.Spec().TerminationGracePeriodSeconds+10)*time.Second {
		t.Errorf("it ended with %+v", end)
	}
	server = w.Start(region, "nfs")
	w.Ready(longest(), server)
	w.Eventually(longest(), "the file can be read again", func() error {
		read, err := nfsRead(w, server, 4, "kept.txt")
		if err == nil && !bytes.Equal(read, data) {
			err = fmt.Errorf("it is %d other bytes", len(read))
		}
		return err
	})
	nfsWrite(t, w, server, 4, "new.txt", data)
	unharmed(t, w, server)
}

// nfsURL returns the URL of a file of a region's export for Debian's NFS client, as WordPress's user.
func nfsURL(w *world.World, server *kubelet.Pod, version int, path string) string {
	return fmt.Sprintf("nfs://%s%s/%s?version=%d&uid=%d&gid=%[5]d", server.Network.Address, w.Export(server.Region.Name), path, version, world.WWWData)
}

// nfsWrite writes a file from outside the pods, as the machines do that mount the volume for their pods.
func nfsWrite(t testing.TB, w *world.World, server *kubelet.Pod, version int, path string, data []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	// During the server's grace period after a start, nobody can open a file.
	w.Eventually(longest(), "a file is written by NFS", func() error {
		output, err := exec.Command("timeout", "60", "nfs-cp", file, nfsURL(w, server, version, path)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("nfs-cp to %s: %w: %s", server.Region.Name, err, output)
		}
		return nil
	})
}

func nfsRead(w *world.World, server *kubelet.Pod, version int, path string) ([]byte, error) {
	var complaint bytes.Buffer
	command := exec.Command("timeout", "60", "nfs-cat", nfsURL(w, server, version, path))
	command.Stderr = &complaint
	data, err := command.Output()
	if err != nil {
		err = fmt.Errorf("nfs-cat from %s: %w: %s", server.Region.Name, err, complaint.String())
	}
	return data, err
}

// scanned sets the rescan interval of a region's Syncthing, in seconds; 0 is never.
func scanned(region *declared.Region, seconds int) {
	inRegion(region, `rescanIntervalS="[0-9]+"`, fmt.Sprintf(`rescanIntervalS="%d"`, seconds))
}
