package conformance_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// isStaging: on a staging site, which the last pod's is, WordPress sends no mail, every page tells search engines to stay
// away, and the dashboard says what site this is. Nothing of this is on the first pod's site.
func isStaging(t *testing.T, w *world.World, tidb *kubelet.Pod, pods []*kubelet.Pod) {
	// The declared installation makes a site that search engines may not list; a copied one is likely to be public.
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	if _, err := db.Exec("UPDATE wordpress.wp_options SET option_value = '1' WHERE option_name = 'blog_public'"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*kubelet.Pod{pods[0], pods[len(pods)-1]} {
		staging := p != pods[0]
		editor, err := logIn(w, p.Region)
		if err != nil {
			t.Fatal(err)
		}
		dashboard, err := editor.get("/wp-admin/")
		if err != nil || strings.Contains(string(dashboard), "geo-wordpress-staging") != staging ||
			strings.Contains(string(dashboard), "geo-wordpress-mail") == staging {
			t.Errorf("staging %v: the dashboard's notices are wrong (%v)\n%s", staging, err, dashboard)
		}
		visitor := anybody(w, editor, p.Region)
		for path, who := range map[string]*session{
			"/": visitor, "/wp-login.php": visitor, "/?feed=rss2": visitor, "/?rest_route=/": visitor, "/wp-admin/": editor, "/robots.txt": visitor,
		} {
			response, err := who.client.Get(who.site + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			// WordPress has its own header for feeds and REST.
			own := strings.Contains(path, "?")
			if got := strings.HasPrefix(response.Header.Get("X-Robots-Tag"), "noindex"); got != staging && !(own && !staging) {
				t.Errorf("staging %v: %s tells search engines to stay away: %v", staging, path, got)
			}
			if path == "/" && strings.Contains(string(body), "noindex") != staging {
				t.Errorf("staging %v: the front page's own word for search engines is wrong\n%s", staging, body)
			}
			if path == "/robots.txt" && strings.Contains("\n"+string(body), "\nDisallow: /\n") != staging {
				t.Errorf("staging %v: robots.txt (%s) is\n%s", staging, response.Status, body)
			}
			if path == "/robots.txt" && staging && (response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain")) {
				t.Errorf("robots.txt is %s, %s", response.Status, response.Header.Get("Content-Type"))
			}
		}
		var environment string
		probe(t, p, "environment", nil, &environment)
		if want := map[bool]string{true: "staging", false: "production"}[staging]; environment != want {
			t.Errorf("plugins are told that this is a %s site, want %s", environment, want)
		}
	}
	last := pods[len(pods)-1]
	before := len(last.Log("wordpress"))
	editor, err := logIn(w, last.Region)
	if err != nil {
		t.Fatal(err)
	}
	if page := askForPassword(t, w, anybody(w, editor, last.Region)); !strings.Contains(page, mailFailed) {
		t.Errorf("who has lost the password is told\n%s", page)
	}
	if said := last.Log("wordpress")[before:]; !strings.Contains(said, "geo-wordpress: mail was not sent, because this is a staging site: ") {
		t.Errorf("the log says\n%s", said)
	}
}
