package conformance_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	corev1 "k8s.io/api/core/v1"
)

// What WordPress writes in one region reaches the other two unchanged, with content and mode, readable for WordPress
// there. Renames and deletions do too.
func TestSyncthingKeepsRegionsAlike(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	home := w.Files(daemons[0].Region.Name)

	put(t, home+"/uploads/2026/11/åäö 你好 😀.jpg", content(100_000))
	sameEverywhere(t, w, daemons, "an upload is everywhere", has("uploads/2026/11/åäö 你好 😀.jpg"))

	const files = 1000
	began := time.Now()
	for i := range files {
		put(t, fmt.Sprintf("%s/plugins/shop/%02d/%02d/file-%d.php", home, i%10, i%100/10, i), content(100+i))
	}
	all := sameEverywhere(t, w, daemons, "a plugin is everywhere", func(found tree) error {
		n := 0
		for path := range found {
			if strings.HasPrefix(path, "plugins/shop/") && strings.HasSuffix(path, ".php") {
				n++
			}
		}
		if n != files {
			return fmt.Errorf("%d files of %d", n, files)
		}
		return nil
	})
	t.Logf("%d files and their directories were everywhere in %.1f s", files, time.Since(began).Seconds())

	began = time.Now()
	put(t, home+"/uploads/film.mp4", content(200<<20))
	sameEverywhere(t, w, daemons, "a film is everywhere", has("uploads/film.mp4"))
	t.Logf("200 MB were everywhere in %.1f s", time.Since(began).Seconds())

	asWordPress(t, func() error { return os.Rename(home+"/plugins/shop", home+"/plugins/store") })
	asWordPress(t, func() error { return os.Remove(home + "/uploads/film.mp4") })
	asWordPress(t, func() error { return os.Chmod(home+"/plugins/store/01/01/file-11.php", 0o600) })
	asWordPress(t, func() error { return os.Chmod(home+"/plugins/store/02", 0o700) })
	asWordPress(t, func() error { return os.Symlink("store", home+"/plugins/link") })
	renamed := sameEverywhere(t, w, daemons, "changes are everywhere", func(found tree) error {
		for path, description := range map[string]string{
			"uploads/film.mp4": "", "plugins/shop": "",
			"plugins/link":                     "Lrwxrwxrwx",
			"plugins/store/02":                 "drwx------",
			"plugins/store/03/03/file-333.php": all["plugins/shop/03/03/file-333.php"],
		} {
			if found[path] != description {
				return fmt.Errorf("%s is %q, want %q", path, found[path], description)
			}
		}
		return nil
	})
	if mode := renamed["plugins/store/01/01/file-11.php"]; !strings.HasPrefix(mode, "-rw------- ") {
		t.Errorf("a file that only its owner may read is %q", mode)
	}
	for _, daemon := range daemons {
		err := filepath.WalkDir(w.Files(daemon.Region.Name), func(path string, entry os.DirEntry, err error) error {
			if err != nil || path == w.Files(daemon.Region.Name) {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.Sys().(*syscall.Stat_t).Uid != world.WWWData {
				t.Errorf("in %s, %s belongs to %d", daemon.Region.Name, path, info.Sys().(*syscall.Stat_t).Uid)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	undoFiles(t, w, daemons)
	unharmed(t, w, daemons...)
}

// Caches, leftovers of updates and logs stay in their region, and do not keep a deleted directory alive.
func TestSyncthingIgnoresWhatIsOneRegionsOwn(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	home := w.Files(daemons[0].Region.Name)
	ignored := []string{
		"cache/page.html", "cache/deep/er/page.html", "upgrade/plugin.zip", "upgrade-temp-backup/plugins/x.php",
		"wflogs/attack.php", "debug.log", "uploads/.nfs00000000abc",
	}
	kept := []string{"uploads/cache/x.png", "plugins/upgrade/x.php", "uploads/debug.log", "themes/cache.css", ".htaccess"}
	for _, path := range append(kept, ignored...) {
		put(t, filepath.Join(home, path), content(1000))
	}
	put(t, home+"/uploads/last.txt", content(10))
	w.Eventually(longest(), "the rest is everywhere", func() error {
		for _, daemon := range daemons[1:] {
			there := treeOf(t, w.Files(daemon.Region.Name))
			for _, path := range append(kept, "uploads/last.txt") {
				if err := has(path)(there); err != nil {
					return fmt.Errorf("%s: %w", daemon.Region.Name, err)
				}
			}
		}
		return w.InSync(daemons...)
	})
	for _, daemon := range daemons[1:] {
		there := treeOf(t, w.Files(daemon.Region.Name))
		for _, path := range ignored {
			if has(path)(there) == nil || has(strings.Split(path, "/")[0])(there) == nil && !strings.HasPrefix(path, "uploads/") {
				t.Errorf("%s has %s, which is another region's own", daemon.Region.Name, path)
			}
		}
	}
	// Another region's client still has a deleted file of the directory open. That must not keep the directory there.
	put(t, filepath.Join(w.Files(daemons[1].Region.Name), "uploads/.nfs00000000def"), content(10))
	asWordPress(t, func() error { return os.RemoveAll(home + "/uploads") })
	w.Eventually(longest(), "a deleted directory is gone everywhere", func() error {
		for _, daemon := range daemons {
			if has("uploads")(treeOf(t, w.Files(daemon.Region.Name))) == nil {
				return fmt.Errorf("%s still has it", daemon.Region.Name)
			}
		}
		return w.InSync(daemons...)
	})
}

// A device ID is known before its daemon runs, and the daemon has that ID. Each daemon talks only to the declared
// peers: one with another certificate is refused, whatever it claims to share.
func TestSyncthingKnowsItsPeersOnly(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	for _, daemon := range daemons {
		var status struct{ MyID string }
		if err := w.AskSyncthing(daemon, "system/status", &status); err != nil {
			t.Fatal(err)
		}
		if want := w.Stack.Output("syncthing_devices", daemon.Region.Name); status.MyID != want {
			t.Errorf("the device ID in %s is %s, and the stack's output says %s", daemon.Region.Name, status.MyID, want)
		}
		var connections struct {
			Connections map[string]struct {
				Connected bool
				Type      string
			}
		}
		if err := w.AskSyncthing(daemon, "system/connections", &connections); err != nil {
			t.Fatal(err)
		}
		if len(connections.Connections) != len(daemons)-1 {
			t.Errorf("%s has %+v", daemon.Region.Name, connections.Connections)
		}
	}

	// The stranger has the third region's place, name and files, but its own certificate.
	last := daemons[2]
	home := w.Files(daemons[0].Region.Name)
	put(t, home+"/uploads/before.txt", content(1000))
	before := sameEverywhere(t, w, daemons, "a file is everywhere", has("uploads/before.txt"))
	last.Stop()
	stranger := w.Start(last.Region.Name, "syncthing", withStrangersCertificate)
	w.Ready(longest(), stranger)
	put(t, w.Files(last.Region.Name)+"/uploads/planted.php", content(1000))
	put(t, home+"/uploads/secret.txt", content(1000))
	var status struct{ MyID string }
	if err := w.AskSyncthing(stranger, "system/status", &status); err != nil {
		t.Fatal(err)
	}
	for _, daemon := range daemons[:2] {
		w.Eventually(longest(), "a stranger has been refused", func() error {
			var refused map[string]any
			if err := w.AskSyncthing(daemon, "cluster/pending/devices", &refused); err != nil {
				return err
			}
			if refused[status.MyID] == nil {
				return fmt.Errorf("%s has refused %v, and not %s", daemon.Region.Name, refused, status.MyID)
			}
			return nil
		})
	}
	both := sameEverywhere(t, w, daemons[:2], "the two go on", has("uploads/secret.txt"))
	if _, ok := both["uploads/planted.php"]; ok {
		t.Error("a stranger's file came in")
	}
	at := treeOf(t, w.Files(last.Region.Name))
	if _, ok := at["uploads/secret.txt"]; ok {
		t.Error("a stranger got a file")
	}
	if before["uploads/before.txt"] != both["uploads/before.txt"] {
		t.Error("a stranger changed a file")
	}
}

// The GUI, which can do anything to the files, answers only inside the pod. Only the sync port is reachable from
// outside.
func TestSyncthingGUIIsOnLoopback(t *testing.T) {
	w := world.New(t, committed(t, nil))
	_, daemons := startFiles(w)
	for _, daemon := range daemons {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		code, output, err := daemon.Exec(ctx, "syncthing", "curl", "-sS", "-m", "20", "http://127.0.0.1:8384/rest/noauth/health")
		cancel()
		if err != nil || code != 0 || !strings.Contains(output, "OK") {
			t.Errorf("inside the pod of %s the GUI says %q (%d, %v)", daemon.Region.Name, output, code, err)
		}
		if connection, err := net.DialTimeout("tcp", at(daemon, 22000), 20*time.Second); err != nil {
			t.Errorf("the sync port of %s: %v", daemon.Region.Name, err)
		} else {
			connection.Close()
		}
		if connection, err := net.DialTimeout("tcp", at(daemon, 8384), 5*time.Second); err == nil {
			t.Errorf("%s answers at %s", daemon.Region.Name, connection.RemoteAddr())
			connection.Close()
		}
		listening(t, daemon)
	}
}

func at(pod *kubelet.Pod, port int) string {
	return net.JoinHostPort(pod.Network.Address.String(), fmt.Sprint(port))
}

// listening fails the test if anything in the pod but the sync port can be reached from outside.
func listening(t *testing.T, pod *kubelet.Pod) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for kind, state := range map[string]string{"tcp": "0A", "udp": "07"} { // TCP: listening; UDP: not connected
		_, table, err := pod.Exec(ctx, "syncthing", "cat", "/proc/net/"+kind, "/proc/net/"+kind+"6")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(table, "\n") {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != state {
				continue
			}
			address, port, _ := strings.Cut(fields[1], ":")
			loopback := strings.HasSuffix(address, "0100007F") || address == "00000000000000000000000001000000"
			if sync := kind == "tcp" && port == fmt.Sprintf("%04X", 22000); !loopback && !sync {
				t.Errorf("%s listens on %s %s", pod.Region.Name, kind, fields[1])
			}
		}
	}
}

// withStrangersCertificate gives a Syncthing an undeclared identity, with the right name in its certificate.
func withStrangersCertificate(pod *declared.Pod) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "syncthing"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		panic(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	another := declared.Key{Namespace: pod.Namespace, Name: "stranger"}
	for i, volume := range pod.Spec().Volumes {
		if volume.Secret == nil {
			continue
		}
		data := maps.Clone(pod.Region.Secrets[declared.Key{Namespace: pod.Namespace, Name: volume.Secret.SecretName}].Data)
		data["cert.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
		data["key.pem"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
		pod.Region.Secrets[another] = &corev1.Secret{Data: data}
		pod.Spec().Volumes[i].Secret.SecretName = another.Name
	}
}
