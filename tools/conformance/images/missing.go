package images

import (
	"os/exec"
	"path/filepath"
)

// Missing are the programs that the tests need and this machine does not have, each with where it comes from.
func Missing() (missing []string) {
	for _, name := range []string{"apache2", "php", "ganesha.nfsd", "nfs-cp", "inotifywait", "chromium", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name+": tools/conformance/install installs it")
		}
	}
	for pattern, source := range map[string]string{
		filepath.Join(Bin(), "pd-server"):          "make conformance builds it",
		filepath.Join(Bin(), "tidb-server"):        "make conformance builds it",
		unstable("/usr/bin/busybox"):               "tools/conformance/install installs it",
		unstable("/usr/bin/syncthing"):             "tools/conformance/install installs it",
		unstable("/usr/share/wordpress/index.php"): "tools/conformance/install installs it",
		"/usr/share/wordpress/index.php":           "tools/conformance/install installs Debian's package wordpress",
		"/usr/lib/apache2/modules/libphp*":         "tools/conformance/install installs Debian's package libapache2-mod-php",
		"/usr/lib/php/*/mysqli.so":                 "tools/conformance/install installs Debian's package php-mysql",
		"/usr/lib/php/*/gd.so":                     "tools/conformance/install installs Debian's package php-gd",
		"/usr/lib/*/ganesha/libfsalvfs.so":         "tools/conformance/install installs Debian's package nfs-ganesha-vfs",
	} {
		if found, _ := filepath.Glob(pattern); len(found) == 0 {
			missing = append(missing, pattern+": "+source)
		}
	}
	return missing
}

// unstable is where tools/conformance/install puts a file of Debian unstable's packages.
func unstable(path string) string { return filepath.Join(Bin(), "unstable", path) }
