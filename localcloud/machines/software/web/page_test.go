package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

func TestWordPressPagesSayWhatAnswers(t *testing.T) {
	w := softwaretest.New(t)
	p := softwaretest.WordPress(t)
	p.Env["WORDPRESS_CONFIG_EXTRA"] = "define( 'WP_HOME', 'http://x' );\ndefine( 'WP_SITEURL', 'http://192.0.2.7/' );"
	p.Place = software.Place{Region: "europe-west1", Node: "gke-node", Namespace: "site", Pod: "web-1<2"}
	w.Place("web", p)
	w.Regions(2, 2)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(15 * time.Second)

	front := w.Get("web", 80, "/")
	require.Equal(t, 302, front.Status, "nobody has installed it")
	require.Equal(t, "http://192.0.2.7/wp-admin/install.php", front.Header.Get("Location"))
	for path, status := range map[string]int{"/": 302, "/wp-admin/install.php?step=1": 200, "/none": 404} {
		r := w.Get("web", 80, path)
		require.Equal(t, status, r.Status, path)
		for _, text := range []string{"simulated", "europe-west1", "gke-node", "site/web-1&lt;2", "docker.io/library/wordpress:7.1.0"} {
			require.Contains(t, r.Body, text, path)
		}
	}
	require.Equal(t, "ok\n", w.Get("web", 80, "/check.php").Body)
	require.Equal(t, "no-store", w.Get("web", 80, "/check.php").Header.Get("Cache-Control"))
}

// After a restart of the local cloud it is not known what is in the web root. It is WordPress, and no check that is mounted there.
func TestAnUnknownWebRootIsWordPress(t *testing.T) {
	w := softwaretest.New(t)
	p := softwaretest.WordPress(t)
	root := software.NewVolume(software.Empty, nil)
	root.Opaque = true
	p.Files.Mounts = append(p.Files.Mounts, software.Mount{Path: "/var/www/html", Volume: root})
	w.Place("web", p)
	w.Regions(2, 2)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(15 * time.Second)
	require.Contains(t, w.Get("web", 80, "/wp-admin/install.php").Body, "Installation")
}

// The front page is kept if there is a site; a file is, as long as the declared settings say.
func TestWordPressTellsCachesWhatIsDeclared(t *testing.T) {
	w := softwaretest.New(t)
	p := softwaretest.WordPress(t)
	p.Env["WORDPRESS_CONFIG_EXTRA"] = "define( 'GEO_WORDPRESS_PAGE_SECONDS', 10 );"
	settings := map[string][]byte{"apache.conf.tmpl": softwaretest.Declared(t, "wordpress/files/apache.conf.tmpl")}
	p.Files.Mounts = append(p.Files.Mounts, software.Mount{Path: "/etc/apache2/conf-enabled/zz.conf", Sub: "apache.conf.tmpl",
		Volume: software.NewVolume(software.Config, settings)})
	w.Place("cached", p)
	w.Place("plain", softwaretest.WordPress(t))
	w.Regions(2, 2)
	w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(15 * time.Second)
	for path, want := range map[string]string{
		"/":                                  "private, no-store",
		"/none":                              "private, no-store",
		"/check.php":                         "no-store",
		"/wp-includes/css/dashicons.min.css": "max-age=300",
		"/wp-includes/css/dashicons.min.css?ver=7.1":   "max-age=86400",
		"/wp-includes/css/dashicons.min.css?cover=7.1": "max-age=300",
	} {
		require.Equal(t, want, w.Get("cached", 80, path).Header.Get("Cache-Control"), path)
		if path != "/check.php" {
			require.Empty(t, w.Get("plain", 80, path).Header.Get("Cache-Control"), path)
		}
	}

	already := database.Install(w.View(w.Hosts["cached"]), software.HostPort{Host: "tidb", Port: 4000}, database.Client{})
	require.False(t, already)
	require.True(t, database.Install(w.View(w.Hosts["cached"]), software.HostPort{Host: "tidb", Port: 4000}, database.Client{}), "once")
	w.Pass(time.Second)
	for host, want := range map[string]string{"cached": "public, max-age=10", "plain": ""} {
		front := w.Get(host, 80, "/")
		require.Equal(t, 200, front.Status, "there is a site")
		require.Equal(t, want, front.Header.Get("Cache-Control"))
	}
	require.Equal(t, "private, no-store", w.Get("cached", 80, "/wp-admin/install.php").Header.Get("Cache-Control"))
}
