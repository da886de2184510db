package conformance_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/world"
)

// TestPagesSayWhetherTheyMayBeKept requests pages from PHP's own web server, which runs the declared code: only a complete
// page for a visitor may be kept by Cloud CDN.
func TestPagesSayWhetherTheyMayBeKept(t *testing.T) {
	const (
		kept     = "public, max-age=10"
		own      = "private, no-store"
		own304   = "private, no-cache"
		loggedIn = "wordpress_logged_in_0123=x"
	)
	site := cachedSite(t)
	for name, c := range map[string]struct {
		method, path, cookie string
		status               int
		want                 string
	}{
		"a page":                      {path: "/", status: 200, want: kept},
		"its headers":                 {method: "HEAD", path: "/", status: 200, want: kept},
		"a search":                    {path: "/?s=words", status: 200, want: kept},
		"a visitor with statistics":   {path: "/", cookie: "_ga=1", status: 200, want: kept},
		"a plugin that does not mind": {path: "/?t=allows", status: 200, want: kept},
		"a plugin that minds":         {path: "/?t=objects", status: 200, want: own},
		"a page of 100 MB":            {path: "/?t=flows", status: 200, want: kept},
		"a fatal error":               {path: "/?t=fails", status: 500, want: own},
		"no such page":                {path: "/?t=misses", status: 404, want: own},
		"a redirect":                  {path: "/?t=moves", status: 301, want: own},
		"WordPress before its site":   {path: "/?t=begins", status: 200, want: own},
		"a page that sets a cookie":   {path: "/?t=remembers", status: 200, want: own},
		"a page that says it itself":  {path: "/?t=says", status: 200, want: "no-cache"},
		"a feed":                      {path: "/?t=feeds", status: 200, want: own304},
		"a sitemap":                   {path: "/?t=maps", status: 200, want: own},
		"an editor":                   {path: "/", cookie: loggedIn, status: 200, want: own},
		"an editor with statistics":   {path: "/", cookie: "_ga=1; " + loggedIn, status: 200, want: own},
		"who has sent something":      {path: "/", cookie: "geo_wordpress_wrote=1", status: 200, want: own},
		"a preview":                   {path: "/?p=3&preview=true", status: 200, want: own},
		"the REST interface":          {path: "/wp-json/wp/v2/posts", status: 200, want: own},
		"a form":                      {method: "POST", path: "/", status: 200, want: own},
	} {
		request, err := http.NewRequest(c.method, site+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", c.cookie)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		response.Body.Close()
		if got := response.Header.Values("Cache-Control"); len(got) != 1 || got[0] != c.want || response.StatusCode != c.status {
			t.Errorf("%s: %s, Cache-Control %q, want %d, %q", name, response.Status, got, c.status, c.want)
		}
		if wrote := strings.HasPrefix(response.Header.Get("Set-Cookie"), "geo_wordpress_wrote=1;"); wrote != (c.method == "POST") {
			t.Errorf("%s: Set-Cookie %q", name, response.Header.Values("Set-Cookie"))
		}
	}
}

// cachedSite runs testdata/cached.php and returns its address.
func cachedSite(t *testing.T) string {
	t.Helper()
	files, err := filepath.Abs("../../components/wordpress/files")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("testdata/cached.php")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "index.php"), page, 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	server := exec.Command("php", "-d", "memory_limit=32M", "-S", address, "-t", root)
	server.Env = append(os.Environ(), "FILES="+files)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			connection.Close()
			return "http://" + address
		}
		if time.Now().After(end) {
			t.Fatalf("PHP's web server: %v", err)
		}
	}
}

// saysWhatIsKept requests pages and files of a region's WordPress as a visitor and as an editor.
func saysWhatIsKept(t *testing.T, w *world.World) {
	t.Helper()
	editor, err := logIn(w, w.Stack.Regions[0])
	if err != nil {
		t.Fatal(err)
	}
	visitor := anybody(w, editor, w.Stack.Regions[0])
	const file = "/wp-includes/css/dashicons.min.css"
	for _, c := range []struct {
		who        *session
		path, want string // want is a part
	}{
		{visitor, "/", "public, max-age=10"},
		{visitor, "/?s=words", "public, max-age=10"},
		{visitor, "/?feed=rss2", "private, no-cache"},
		{visitor, "/wp-json/wp/v2/posts", "private, no-store"},
		{visitor, "/wp-login.php", "no-cache"},
		{visitor, file, "max-age=300"},
		{visitor, file + "?ver=1", "max-age=86400"},
		{editor, "/", "no-cache"},
	} {
		response, err := c.who.client.Get(c.who.site + c.path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header.Get("Cache-Control"); !strings.Contains(got, c.want) || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, Cache-Control %q, want %q", c.path, response.Status, got, c.want)
		}
	}
}
