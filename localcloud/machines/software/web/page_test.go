package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
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
