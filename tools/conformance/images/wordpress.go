package images

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/sandbox"
)

var (
	//go:embed files/docker-entrypoint.sh
	entrypoint string
	//go:embed files/apache2-foreground
	foreground string
	//go:embed files/wp-config.php
	wpConfig string
	//go:embed files/php.conf
	phpConf string
	//go:embed files/htaccess
	htaccess string
	//go:embed files/wp
	wp string
)

// Versions of WordPress: Debian stable's package, and unstable's, which is closer to the declared image.
const (
	Stable   = "stable"
	Unstable = "unstable"
)

// source returns where a version of WordPress is installed.
func source(version string) (string, error) {
	switch version {
	case Stable:
		return "/usr/share/wordpress", nil
	case Unstable:
		return unstable("/usr/share/wordpress"), nil
	}
	return "", fmt.Errorf("there is no version %q of WordPress here", version)
}

// wordpress is WordPress's image with Apache, from Debian's packages. PHP also reads its settings where the image's PHP
// does.
func wordpress(version string) (*kubelet.Image, error) {
	executable := func(text string) sandbox.File { return sandbox.File{Text: text, Mode: 0o755} }
	code, err := core(version)
	if err != nil {
		return nil, fmt.Errorf("collecting WordPress's code: %w", err)
	}
	return &kubelet.Image{
		Root: sandbox.Root{
			Machine:     system,
			Directories: []string{"/var/www/html", "/var/log/apache2", "/usr/local/etc/php/conf.d", "/run/lock"},
			Files: map[string]sandbox.File{
				"/usr/local/bin/docker-entrypoint.sh":     executable(entrypoint),
				"/usr/local/bin/apache2-foreground":       executable(foreground),
				"/usr/src/wp-config-environment.php":      {Text: wpConfig, Mode: 0o644},
				"/etc/apache2/conf-enabled/php-host.conf": {Text: phpConf, Mode: 0o644},
			},
			Links: map[string]string{
				"/usr/local/bin/docker-ensure-installed.sh": "docker-entrypoint.sh",
				"/var/run":                    "/run",
				"/var/lock":                   "/run/lock",
				"/var/log/apache2/access.log": "/dev/stdout",
				"/var/log/apache2/other_vhosts_access.log": "/dev/stdout",
				"/var/log/apache2/error.log":               "/dev/stderr",
				"/etc/apache2/mods-enabled/rewrite.load":   "../mods-available/rewrite.load",
				"/etc/apache2/mods-enabled/expires.load":   "../mods-available/expires.load",
			},
			Programs: map[string]string{"/usr/src/wordpress": code},
		},
		Env:        []string{defaultPath, "PHP_INI_SCAN_DIR=:/usr/local/etc/php/conf.d"},
		Entrypoint: []string{"docker-entrypoint.sh"},
		Command:    []string{"apache2-foreground"},
		Dir:        "/var/www/html",
		StopSignal: syscall.SIGWINCH, // Apache's graceful stop
	}, nil
}

// wpCLI is WP-CLI's image, with a stand-in for WP-CLI.
func wpCLI() (*kubelet.Image, error) {
	image, err := busybox()
	if err == nil {
		image.Root.Files["/usr/local/bin/wp"] = sandbox.File{Text: wp, Mode: 0o755}
	}
	return image, err
}

// core returns WordPress's code of a version as the image has it: Debian's code is full of links to other packages'
// files, and has its own wp-config.php.
func core(version string) (string, error) {
	copying.Lock()
	defer copying.Unlock()
	directory := filepath.Join(sandbox.State(), "wordpress-"+version)
	if _, err := os.Stat(directory); err == nil {
		return directory, nil
	}
	from, err := source(version)
	if err != nil {
		return "", err
	}
	copied := exec.Command("cp", "--recursive", "--dereference", from, directory)
	if output, err := copied.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	if err := os.Remove(filepath.Join(directory, "wp-config.php")); err != nil {
		return "", err
	}
	return directory, os.WriteFile(filepath.Join(directory, ".htaccess"), []byte(htaccess), 0o644)
}

var copying sync.Mutex
