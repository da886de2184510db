package shell_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// The script that copies WordPress into place calls only commands that have a model, and then becomes the web server.
func TestDeclaredStart(t *testing.T) {
	shared := software.NewVolume(software.NFS, nil)
	shared.Opaque = true
	w := softwaretest.New(t)
	s := w.Place("web", software.Process{
		Image:   softwaretest.Image(t, "wordpress:7.1.0-php8.3-apache"),
		Command: []string{"sh", "/etc/geo-wordpress/start.sh"},
		Args:    []string{"docker-entrypoint.sh", "apache2-foreground"},
		Env:     map[string]string{"WORDPRESS_DB_HOST": "tidb:4000"},
		Pace:    1000,
		User:    33,
		Files: &software.Filesystem{ReadOnly: true, Mounts: []software.Mount{
			{Path: "/var/www/html", Volume: software.NewVolume(software.Empty, nil)},
			{Path: "/var/www/html/wp-content", Volume: shared},
			{Path: "/etc/geo-wordpress/start.sh", Sub: "start.sh", Volume: software.NewVolume(software.Config,
				map[string][]byte{"start.sh": softwaretest.Declared(t, "wordpress/files/start.sh")})},
		}},
	})
	require.Eventually(t, func() bool {
		w.Pass(100 * time.Millisecond)
		return s.Program.Exit() != nil || s.Program.State().Kind == "wordpress"
	}, 20*time.Second, 2*time.Millisecond)
	require.Nil(t, s.Program.Exit(), "%v", s.Logs)
	require.Equal(t, []string{"WordPress is in place"}, s.Logs)
}

// The Job that installs the site ends well: once in one region, and in the others as soon as that one is done.
func TestDeclaredInstall(t *testing.T) {
	w := sites(t)
	for n, want := range []string{"installed", "already installed"} {
		files := map[string][]byte{}
		mounts := []software.Mount{
			{Path: "/var/www/html", Volume: software.NewVolume(software.Empty, nil)},
			{Path: "/tmp", Volume: software.NewVolume(software.Empty, nil)},
		}
		for _, name := range []string{"start.sh", "install.php", "lock.php"} {
			files[name] = softwaretest.Declared(t, "wordpress/files/"+name)
			mounts = append(mounts, software.Mount{Path: "/etc/geo-wordpress/" + name, Sub: name, Volume: software.NewVolume(software.Config, files)})
		}
		job := w.Place("install", software.Process{
			Image:   softwaretest.Image(t, "wordpress:7.1.0-php8.3-apache"),
			Command: []string{"sh", "/etc/geo-wordpress/start.sh"},
			Args:    []string{"docker-ensure-installed.sh", "php", "/etc/geo-wordpress/install.php"},
			Env:     map[string]string{"WORDPRESS_DB_HOST": fmt.Sprintf("tidb%d:4000", n), "WORDPRESS_DB_NAME": "wordpress"},
			Pace:    1000,
			User:    33,
			Files:   &software.Filesystem{ReadOnly: true, Mounts: mounts},
		})
		require.Zero(t, w.WaitExit(job), "%v", job.Logs)
		require.Contains(t, job.Logs, want)
	}
}

// The scripts of Syncthing's and the NFS server's init containers.
func TestDeclaredInitContainers(t *testing.T) {
	w := softwaretest.New(t)
	p := script(t, "umask 077; cp -f /identity/config.xml /identity/key.pem /data/; umask 022; cp -f /identity/stignore /data/.stignore; "+
		"mkdir -p /data/pvc; chown 33:33 /data/pvc; chmod 0700 /data/pvc; test -f /data/key.pem; test -f /data/.stignore; test -d /data/pvc")
	p.Files = softwaretest.With(softwaretest.Disk("/data"), "/identity", map[string]string{"config.xml": "", "key.pem": "", "stignore": ""})
	require.Zero(t, w.WaitExit(w.Place("init", p)))
}
