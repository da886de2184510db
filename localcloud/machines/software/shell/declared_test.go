package shell_test

import (
	"fmt"
	"strings"
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
	p := script(t, "umask 077; cp -f /identity/config.xml /identity/key.pem /identity/keep.sh /data/; mkdir -p /data/versions; "+
		"rm -f /data/versions/.partial.*; umask 022; cp -f /identity/stignore /data/.stignore; mkdir -p /data/pvc; "+
		"chown 33:33 /data/pvc; chmod 0700 /data/pvc; test -f /data/key.pem; test -f /data/.stignore; test -d /data/pvc; test -d /data/versions")
	p.Files = softwaretest.With(softwaretest.Disk("/data"), "/identity",
		map[string]string{"config.xml": "", "key.pem": "", "keep.sh": "", "stignore": ""})
	require.Zero(t, w.WaitExit(w.Place("init", p)))
}

// The script beside Syncthing goes on, deletes versions that are too old or too many, the oldest first, and ends on SIGTERM.
func TestDeclaredHousekeeping(t *testing.T) {
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format("20060102150405") }
	week, day, hour := ago(8*24*time.Hour), ago(24*time.Hour), ago(time.Hour)
	for name, c := range map[string]struct {
		days string
		kib  int // of the model's disk of 10 GiB
		kept []string
	}{
		"the week is over":  {"7", 100, []string{day, hour}},
		"no room for a day": {"7", 39, []string{hour}},
		"no room":           {"7", 5, nil},
		"switched off":      {"0", 100, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := softwaretest.New(t)
			p := script(t, string(softwaretest.Declared(t, "syncthing/files/housekeeping.sh")),
				"FOLDER", "/data/folder", "VERSIONS", "/data/versions", "DAYS", c.days, "SHARE", fmt.Sprint(10<<20/c.kib))
			p.Files = softwaretest.Disk("/data")
			require.NoError(t, p.Files.Mkdir("/data/folder"))
			for _, second := range []string{week, day, hour} {
				require.NoError(t, p.Files.Mkdir("/data/versions/"+second+"/uploads"))
				require.NoError(t, p.Files.Write("/data/versions/"+second+"/uploads/film.mp4", make([]byte, 20<<10)))
			}
			host := w.Place("housekeeping", p)
			kept := func() (names []string) {
				v, inside, _ := p.Files.Locate("/data/versions")
				return v.List(inside)
			}
			require.Eventually(t, func() bool { return len(kept()) == len(c.kept) }, time.Minute, 2*time.Millisecond)
			time.Sleep(200 * time.Millisecond) // a few of its minutes more
			require.ElementsMatch(t, c.kept, kept())
			require.Nil(t, host.Program.Exit(), "%v", host.Logs)
			require.Empty(t, host.Logs)
			host.Program.Stop(w.Now)
			require.Zero(t, w.WaitExit(host))
		})
	}
}

// With monitoring, housekeeping also writes metrics down: at once, although Syncthing does not answer yet.
func TestDeclaredFigures(t *testing.T) {
	w := softwaretest.New(t)
	p := script(t, string(softwaretest.Declared(t, "syncthing/files/figures.sh"))+string(softwaretest.Declared(t, "syncthing/files/housekeeping.sh")),
		"FOLDER", "/data/folder", "VERSIONS", "/data/versions", "DAYS", "7", "SHARE", "5",
		"METRICS", "/data/metrics", "SYNCTHING", "http://127.0.0.1:8384")
	p.Files = softwaretest.Disk("/data")
	for _, directory := range []string{"/data/folder/uploads", "/data/versions", "/data/metrics"} {
		require.NoError(t, p.Files.Mkdir(directory))
	}
	require.NoError(t, p.Files.Write("/data/folder/uploads/a.sync-conflict-20261127-120000-ABCDEFG.txt", nil))
	host := w.Place("housekeeping", p)
	require.Eventually(t, func() bool {
		text, err := p.Files.Read("/data/metrics/metrics")
		return err == nil && strings.Contains(string(text), "geo_wordpress_files_conflicts 1\n")
	}, 20*time.Second, 2*time.Millisecond, "%v", host.Logs)
	require.Nil(t, host.Program.Exit(), "%v", host.Logs)
	host.Program.Stop(w.Now)
	require.Zero(t, w.WaitExit(host))
}

// The database's init Job runs both of its scripts, and fails while there is no database.
func TestDeclaredDatabaseInit(t *testing.T) {
	w := sites(t)
	job := func(host string) software.Process {
		return software.Process{
			Image:   softwaretest.Image(t, "wordpress:7.1.0-php8.3-apache"),
			Command: []string{"sh", "-ec", `php /etc/tidb-init/init.php; exec php -r "$1"`, "sh", string(softwaretest.Declared(t, "tidb/files/history.php"))},
			Env:     map[string]string{"DB_HOST": host, "DB_HISTORY_HOURS": "24"},
			Pace:    1000,
			Files:   softwaretest.With(softwaretest.Disk("/data"), "/etc/tidb-init", map[string]string{"init.php": "<?php"}),
		}
	}
	require.Zero(t, w.WaitExit(w.Place("init", job("tidb0:4000"))))
	require.NotZero(t, w.WaitExit(w.Place("early", job("nobody:4000"))))
}
