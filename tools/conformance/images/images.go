// Package images holds the substitutes for the container images: the real programs, built from their modules or
// installed from Debian's packages, at the images' paths and with the images' defaults.
package images

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/sandbox"
)

// system lists the directories of this machine that a dynamically linked program needs.
var system = []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"}

// defaultPath is the PATH of images that set no other.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Bin returns the directory of the programs that `make conformance` builds.
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

// Find returns the image for a reference, such as docker.io/pingcap/pd:v8.5.7, by its name; WP-CLI's has a tag of
// WordPress's image. wordpressVersion is Stable or Unstable.
func Find(reference, wordpressVersion string) (*kubelet.Image, error) {
	name, _, _ := strings.Cut(path.Base(reference), "@")
	name, tag, _ := strings.Cut(name, ":")
	switch name {
	case "pd", "tidb":
		return server(name+"-server", name+"-server"), nil
	case "tikv":
		return server("tikv-server", "tikv-store"), nil
	case "busybox":
		return busybox()
	case "curl":
		return curl()
	case "dumpling", "tidb-lightning":
		return server(name, name), nil
	case "rclone":
		return rclone()
	case "syncthing":
		return syncthing(), nil
	case "nfs-provisioner":
		return nfsProvisioner(), nil
	case "wordpress":
		if strings.HasPrefix(tag, "cli") {
			return wpCLI()
		}
		return wordpress(wordpressVersion)
	}
	return nil, fmt.Errorf("nothing stands here for the image %s", reference)
}

// server is an image of PingCAP's: one program in the root directory, here the given one of Bin.
func server(name, program string) *kubelet.Image {
	return &kubelet.Image{
		Root: sandbox.Root{
			Machine:  system,
			Programs: map[string]string{"/" + name: filepath.Join(Bin(), program)},
		},
		Env:        []string{defaultPath},
		Entrypoint: []string{"/" + name},
	}
}

// alpineLacks are the applets of Debian's BusyBox that Alpine's package busybox is built without, by main/busybox/busyboxconfig of
// alpinelinux/aports (f246c371, BusyBox 1.29.2). Some of them are in its package busybox-extras, which the images do not have.
var alpineLacks = []string{
	"ar", "ascii", "bc", "chattr", "chrt", "crc32", "cttyhack", "devmem", "dnsd", "dpkg", "dpkg-deb", "freeramdisk", "fsfreeze",
	"ftpd", "ftpget", "ftpput", "hexedit", "httpd", "hush", "i2cdetect", "i2cdump", "i2cget", "i2cset", "i2ctransfer", "inetd",
	"last", "linuxrc", "logname", "lsattr", "lsscsi", "makedevs", "man", "mim", "mke2fs", "mt", "netcat", "nuke", "pivot_root",
	"resume", "rpm", "rpm2cpio", "run-init", "runlevel", "setarch", "ssl_client", "start-stop-daemon", "sulogin", "svc", "svok",
	"taskset", "tc", "tcpsvd", "telnet", "telnetd", "tftp", "tftpd", "tree", "ts", "ubirename", "udhcpd", "udpsvd", "uevent",
	"uncompress", "users", "w", "who", "xz", "zcip",
}

// busybox is BusyBox's own image: the one program, under the names of its applets, and nothing of this machine.
func busybox(without ...string) (*kubelet.Image, error) {
	links := map[string]string{}
	program := unstable("/usr/bin/busybox")
	applets, err := exec.Command(program, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("listing what %s can do: %w", program, err)
	}
	for _, applet := range strings.Fields(string(applets)) {
		if applet != "busybox" && !slices.Contains(without, applet) {
			links["/bin/"+applet] = "busybox"
		}
	}
	return &kubelet.Image{
		Root: sandbox.Root{
			Directories: []string{"/bin", "/root"},
			Files: map[string]sandbox.File{
				"/etc/passwd": {Text: "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n", Mode: 0o644},
				"/etc/group":  {Text: "root:x:0:\nwww-data:x:33:\n", Mode: 0o644},
			},
			Links:    links,
			Programs: map[string]string{"/bin/busybox": program},
		},
		Env:     []string{defaultPath},
		Command: []string{"sh"},
	}, nil
}

// curl is curl's own image: Alpine, which has BusyBox, and curl, here this machine's with the libraries that it needs.
func curl() (*kubelet.Image, error) {
	image, err := busybox(alpineLacks...)
	if err != nil {
		return nil, err
	}
	image.Root.Machine = []string{"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ssl"}
	image.Root.Programs["/usr/bin/curl"] = "/usr/bin/curl"
	image.Entrypoint, image.Command = []string{"/entrypoint.sh"}, []string{"curl"}
	return image, nil
}

// rclone is rclone's own image: Alpine, which has BusyBox, and rclone.
func rclone() (*kubelet.Image, error) {
	image, err := busybox(alpineLacks...)
	if err != nil {
		return nil, err
	}
	image.Root.Programs["/usr/local/bin/rclone"] = filepath.Join(Bin(), "rclone")
	image.Entrypoint, image.Command = []string{"rclone"}, nil
	return image, nil
}

// syncthing is Syncthing's own image. It lets the GUI listen on every address, and sets a home.
func syncthing() *kubelet.Image {
	return &kubelet.Image{
		Root: sandbox.Root{
			Machine:     system,
			Directories: []string{"/var/syncthing"},
			Programs:    map[string]string{"/bin/syncthing": filepath.Join(Bin(), "syncthing")},
		},
		Env: []string{defaultPath, "PUID=1000", "PGID=1000", "HOME=/var/syncthing",
			"STGUIADDRESS=0.0.0.0:8384", "STHOMEDIR=/var/syncthing/config"},
		Entrypoint: []string{"/bin/syncthing"},
		StopSignal: syscall.SIGTERM,
	}
}
