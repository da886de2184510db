package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/shell"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

func TestWordPressAnswersByItsDatabase(t *testing.T) {
	w := softwaretest.New(t)
	s := w.Place("web", softwaretest.WordPress(t))
	require.False(t, s.Program.Accepts(80, false), "it copies its files first")
	w.Pass(5 * time.Second)
	require.True(t, s.Program.Accepts(80, false), "without a database, too")
	require.Equal(t, 503, w.Get("web", 80, "/check.php").Status)
	require.Equal(t, 500, w.Get("web", 80, "/wp-cron.php?x=1").Status)
	w.Regions(2, 2)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(10 * time.Second)
	require.Equal(t, 200, w.Get("web", 80, "/check.php").Status)
	require.Equal(t, 302, w.Get("web", 80, "/").Status)
	require.Equal(t, 404, w.Get("web", 80, "/healthz.php").Status, "only what is mounted is there")
	w.Cut = func(from, to string, port int) bool { return port == 4000 }
	w.Pass(time.Second)
	require.Equal(t, 0, w.Get("web", 80, "/check.php").Status, "PHP waits a minute for a connection")
	require.Equal(t, 503, w.GetAfter(time.Minute, "web", 80, "/check.php").Status)
}

func TestWordPressNeedsItsRights(t *testing.T) {
	for name, change := range map[string]func(*software.Process){
		"a read-only root": func(p *software.Process) { p.Files.ReadOnly = true },
		"no capability":    func(p *software.Process) { p.Capabilities = softwaretest.Capabilities("CHOWN") },
		"no such file": func(p *software.Process) {
			p.Env = map[string]string{"WORDPRESS_DB_HOST_FILE": "/var/www/html/wp-content/host"}
		},
		"both": func(p *software.Process) { p.Env["WORDPRESS_DB_HOST_FILE"] = "/x" },
	} {
		p := softwaretest.WordPress(t)
		change(&p)
		require.NotNil(t, softwaretest.New(t).Place("web", p).Program.Exit(), name)
	}
	p := softwaretest.WordPress(t)
	p.User, p.Capabilities, p.Files.ReadOnly = 33, map[string]bool{"NONE": true}, true
	p.Files.Mounts = append(p.Files.Mounts, software.Mount{Path: "/var/www/html", Volume: software.NewVolume(software.Empty, nil)})
	require.Nil(t, softwaretest.New(t).Place("web", p).Program.Exit(), "www-data needs none of them")
}

// The health page's web server serves only that page, as its declared files say, and checks the site in the same pod.
func TestHealthPage(t *testing.T) {
	w := softwaretest.New(t)
	w.Regions(2, 2)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	page := w.Place("page", softwaretest.Health(t))
	w.Pass(10 * time.Second)
	require.Nil(t, page.Program.Exit())
	require.False(t, w.Accepts("page", 80))
	require.Equal(t, 404, w.Get("page", 8081, "/").Status)
	alone := w.Get("page", 8081, "/healthz.php")
	require.Equal(t, 503, alone.Status)
	require.Contains(t, alone.Body, "the site's web server takes no connections")

	site := w.Place("web", softwaretest.WordPress(t))
	w.Together(site, page)
	require.Equal(t, 503, w.Get("page", 8081, "/healthz.php").Status, "it copies its files first")
	w.Pass(5 * time.Second)
	require.Equal(t, "ok\n", w.Get("page", 8081, "/healthz.php").Body)

	// While the pod stops, the page fails for the load balancer, but not for Kubernetes.
	require.Zero(t, shell.Run(t.Context(), page.Process, []string{"sh", "-c", "touch /tmp/geo-wordpress-stopping"}))
	require.Equal(t, "the pod stops\n", w.Get("page", 8081, "/healthz.php").Body)
	require.Equal(t, 503, w.Get("page", 8081, "/healthz.php").Status)
	require.Equal(t, "ok\n", w.Get("page", 8081, "/healthz.php?ready").Body)

	site.Program.Kill()
	w.Pass(time.Second)
	require.Equal(t, 503, w.Get("page", 8081, "/healthz.php?ready").Status)
}

// The start-up probe's page loads WordPress. It fails if the image's code does, which no other check detects.
func TestWordPressStarts(t *testing.T) {
	page := softwaretest.Declared(t, "wordpress/files/startz.php")
	for tag, want := range map[string]int{"7.1.0-php8.3-apache": 200, "7.1.0-php8.3-apache-broken": 500} {
		w := softwaretest.New(t)
		p := softwaretest.WordPress(t)
		p.Image = softwaretest.Image(t, "wordpress:"+tag)
		p.Files.Mounts = append(p.Files.Mounts, software.Mount{Path: "/var/www/html/startz.php", Sub: "startz.php", Volume: software.NewVolume(software.Config, map[string][]byte{"startz.php": page})})
		w.Place("web", p)
		w.Pass(5 * time.Second)
		require.True(t, w.Accepts("web", 80), "its server starts in any case")
		if want == 200 {
			require.Equal(t, 503, w.Get("web", 80, "/startz.php").Status, "without a database")
		}
		w.Regions(2, 2)
		w.Place("tidb", softwaretest.TiDB(t, 3))
		w.Pass(10 * time.Second)
		require.Equal(t, want, w.Get("web", 80, "/startz.php").Status, tag)
		require.Equal(t, 200, w.Get("web", 80, "/check.php").Status, "the database's check sees nothing of it")
	}
}

// Without its software.NFS server a site's requests hang, and the health page fails after its own timeout.
func TestWordPressWaitsForItsFiles(t *testing.T) {
	w := softwaretest.New(t)
	w.Regions(2, 2)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	answers := true
	volume := software.NewVolume(software.NFS, nil)
	volume.Answers = func() bool { return answers }
	site, page := softwaretest.WordPress(t), softwaretest.Health(t)
	site.Files.Mounts[0].Volume = volume
	page.Files.Mounts[len(page.Files.Mounts)-1].Volume = volume
	w.Together(w.Place("web", site), w.Place("page", page))
	w.Pass(10 * time.Second)
	require.Equal(t, "ok\n", w.Get("page", 8081, "/healthz.php").Body)
	require.Equal(t, 302, w.Get("web", 80, "/").Status)
	answers = false
	require.Zero(t, w.GetAfter(time.Hour, "web", 80, "/").Status)
	require.Zero(t, w.GetAfter(time.Second, "page", 8081, "/healthz.php").Status)
	late := w.GetAfter(2*time.Second, "page", 8081, "/healthz.php")
	require.Equal(t, 503, late.Status)
	require.Contains(t, late.Body, "the files do not answer")
	answers = true
	require.Equal(t, "ok\n", w.Get("page", 8081, "/healthz.php").Body)
	require.Equal(t, 302, w.Get("web", 80, "/").Status)

	p := softwaretest.Health(t)
	p.Files.Mounts = p.Files.Mounts[:len(p.Files.Mounts)-1]
	w.Together(w.Hosts["web"], w.Place("page", p))
	w.Pass(time.Second)
	require.Equal(t, 503, w.Get("page", 8081, "/healthz.php").Status, "it looks where nothing is mounted")
}

func TestHealthPageNeedsItsFiles(t *testing.T) {
	for name, change := range map[string]func(*software.Process){
		"no configuration": func(p *software.Process) { p.Files.Mounts = p.Files.Mounts[1:] },
		"no port": func(p *software.Process) {
			p.Files.Mounts[0].Volume = software.NewVolume(software.Config, map[string][]byte{"health.conf": []byte("DocumentRoot /x\n")})
		},
		"no place for its process ID": func(p *software.Process) { p.Files.Mounts = p.Files.Mounts[:2] },
	} {
		p := softwaretest.Health(t)
		change(&p)
		require.NotNil(t, softwaretest.New(t).Place("page", p).Program.Exit(), name)
	}
}
