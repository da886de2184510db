// Package images holds what stands here for the container images: the real programs, built from their modules or
// installed from Debian's packages, at the paths where the images have them, with the images' defaults.
package images

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/sandbox"
)

// system is what a program that is linked dynamically needs of this machine.
var system = []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"}

// defaultPath is what images set when they say nothing else.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Bin is the directory of the programs that `make conformance` builds.
func Bin() string {
	if bin := os.Getenv("CONFORMANCE_BIN"); bin != "" {
		return bin
	}
	bin, err := filepath.Abs("../../.bin")
	if err != nil {
		panic(err)
	}
	return bin
}

// Find is the image of a reference, such as docker.io/pingcap/pd:v8.5.7, found by its name alone.
func Find(reference string) (*kubelet.Image, error) {
	name, _, _ := strings.Cut(path.Base(reference), "@")
	name, _, _ = strings.Cut(name, ":")
	make, ok := images[name]
	if !ok {
		return nil, fmt.Errorf("nothing stands here for the image %s", reference)
	}
	return make(), nil
}

var images = map[string]func() *kubelet.Image{
	"pd":        func() *kubelet.Image { return server("pd-server") },
	"tidb":      func() *kubelet.Image { return server("tidb-server") },
	"busybox":   busybox,
	"syncthing": syncthing,
}

// server is an image of PingCAP's: one program in the root directory.
func server(name string) *kubelet.Image {
	return &kubelet.Image{
		Root: sandbox.Root{
			Machine:  system,
			Programs: map[string]string{"/" + name: filepath.Join(Bin(), name)},
		},
		Env:        []string{defaultPath},
		Entrypoint: []string{"/" + name},
	}
}

// busybox is BusyBox's own image: the one program, under all its names, and nothing of this machine.
func busybox() *kubelet.Image {
	links := map[string]string{}
	program, err := exec.LookPath("busybox")
	if err == nil {
		var applets []byte
		applets, err = exec.Command(program, "--list").Output()
		for _, applet := range strings.Fields(string(applets)) {
			if applet != "busybox" {
				links["/bin/"+applet] = "busybox"
			}
		}
	}
	if err != nil {
		panic(fmt.Sprintf("images: listing what busybox can do: %v", err)) // Missing found it
	}
	return &kubelet.Image{
		Root: sandbox.Root{
			Directories: []string{"/bin", "/root", "/etc"},
			Files: map[string]sandbox.File{
				"/etc/passwd": {Text: "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n", Mode: 0o644},
				"/etc/group":  {Text: "root:x:0:\nwww-data:x:33:\n", Mode: 0o644},
			},
			Links:    links,
			Programs: map[string]string{"/bin/busybox": program},
		},
		Env:     []string{defaultPath},
		Command: []string{"sh"},
	}
}

// syncthing is Syncthing's own image. It lets the GUI listen on every address, and sets a home.
func syncthing() *kubelet.Image {
	program, _ := exec.LookPath("syncthing")
	return &kubelet.Image{
		Root: sandbox.Root{
			Machine:     system,
			Directories: []string{"/var/syncthing"},
			Programs:    map[string]string{"/bin/syncthing": program},
		},
		Env: []string{defaultPath, "PUID=1000", "PGID=1000", "HOME=/var/syncthing",
			"STGUIADDRESS=0.0.0.0:8384", "STHOMEDIR=/var/syncthing/config"},
		Entrypoint: []string{"/bin/syncthing"},
		StopSignal: syscall.SIGTERM,
	}
}

// Missing are the programs that the tests need and this machine does not have, each with where it comes from.
func Missing() (missing []string) {
	for _, name := range []string{"pd-server", "tidb-server"} {
		if _, err := os.Stat(filepath.Join(Bin(), name)); err != nil {
			missing = append(missing, filepath.Join(Bin(), name)+" (make conformance builds it)")
		}
	}
	for program, debian := range map[string]string{
		"busybox":      "busybox-static",
		"apache2":      "apache2",
		"php":          "php-cli",
		"syncthing":    "syncthing",
		"ganesha.nfsd": "nfs-ganesha",
		"nfs-cp":       "libnfs-utils",
		"inotifywait":  "inotify-tools",
		"chromium":     "chromium",
		"curl":         "curl",
	} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program+" (Debian's package "+debian+")")
		}
	}
	for file, debian := range map[string]string{
		"/usr/share/wordpress/wp-load.php": "wordpress",
		"/usr/lib/apache2/modules/libphp*": "libapache2-mod-php",
		"/usr/lib/php/*/mysqli.so":         "php-mysql",
		"/usr/lib/php/*/gd.so":             "php-gd",
		"/usr/lib/*/ganesha/libfsalvfs.so": "nfs-ganesha-vfs",
	} {
		if found, _ := filepath.Glob(file); len(found) == 0 {
			missing = append(missing, file+" (Debian's package "+debian+")")
		}
	}
	return missing
}
