package images

import (
	"os/exec"
	"path/filepath"
	"slices"
)

// tests lists the programs that only the tests need.
var tests = []string{"nfs-cp", "inotifywait", "chromium"}

// MissingForTests lists the programs that the tests need and this machine lacks, in Missing's form.
func MissingForTests() (missing []string) { return append(missingPrograms(tests), Missing()...) }

func missingPrograms(names []string) (missing []string) {
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name+": tools/conformance/install installs it")
		}
	}
	return missing
}

// Missing lists the programs in the images that this machine lacks, each with its source.
func Missing() []string {
	missing := missingPrograms([]string{"apache2", "php", "ganesha.nfsd", "curl", "openssl"})
	for pattern, source := range map[string]string{
		filepath.Join(Bin(), "pd-server"):          "make real-wordpress, or conformance, builds it",
		filepath.Join(Bin(), "tidb-server"):        "make real-wordpress, or conformance, builds it",
		filepath.Join(Bin(), "tikv-store"):         "make real-wordpress, or conformance, builds it",
		unstable("/usr/bin/busybox"):               "tools/conformance/install installs it",
		filepath.Join(Bin(), "syncthing"):          "make real-wordpress, or conformance, builds it",
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
	slices.Sort(missing)
	return missing
}

// unstable returns where tools/conformance/install puts a file of Debian unstable's packages.
func unstable(path string) string { return filepath.Join(Bin(), "unstable", path) }
