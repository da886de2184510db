package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"geo-wordpress/shield/shieldtest"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// knowsEverySpelling holds the lists of package shieldtest against Apache and WordPress: what they serve is what the lists
// say, and the shield's expressions are tested with them. XML-RPC and the installation page are closed in every spelling.
func knowsEverySpelling(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	region := w.Stack.Regions[0]
	key, _ := region.Service("wordpress")
	addresses := w.Names.Lookup(key.Name + "." + key.Namespace + ".svc." + region.DNSDomain)
	if len(addresses) == 0 {
		t.Fatal("no WordPress")
	}
	site, err := url.Parse(w.Stack.Output("site_url"))
	if err != nil {
		t.Fatal(err)
	}
	// Written by hand: Go's client would put the targets in order.
	get := func(target string) (*http.Response, string) {
		t.Helper()
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(addresses[0].String(), "80"), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		_ = connection.SetDeadline(time.Now().Add(time.Minute))
		if _, err := fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, site.Host); err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		return response, string(body)
	}
	hold := func(what string, spellings []shieldtest.Spelling, served func(*http.Response, string) bool) {
		t.Helper()
		for _, s := range spellings {
			response, body := get(s.Target)
			if got := served(response, body); got != s.Served {
				t.Errorf("%s: Apache serves %s: %v, want %v (%s, to %q, %.200q)", s.Target, what, got, s.Served,
					response.Status, response.Header.Get("Location"), body)
			}
		}
	}

	hold("the login page", shieldtest.Logins, func(r *http.Response, _ string) bool {
		return strings.Contains(strings.Join(r.Header.Values("Set-Cookie"), ";"), "wordpress_test_cookie")
	})
	// Apache's own page, where WordPress would have said something else.
	refused := func(r *http.Response, body string) bool {
		return r.StatusCode == http.StatusForbidden && strings.Contains(body, "<title>403 Forbidden</title>")
	}
	hold("a refusal of XML-RPC", shieldtest.XMLRPC, refused)
	hold("a refusal of the installation page", shieldtest.Installations, refused)

	// With pretty links, under which REST has paths.
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	links := func(structure string) {
		t.Helper()
		for _, statement := range []string{"UPDATE wordpress.wp_options SET option_value = '" + structure + "' WHERE option_name = 'permalink_structure'",
			"UPDATE wordpress.wp_options SET option_value = '' WHERE option_name = 'rewrite_rules'"} {
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	var before string
	if err := db.QueryRow("SELECT option_value FROM wordpress.wp_options WHERE option_name = 'permalink_structure'").Scan(&before); err != nil {
		t.Fatal(err)
	}
	links("/%postname%/")
	t.Cleanup(func() { links(before) })
	// Visitors' pages read what was a few seconds ago, and may read what was a minute ago.
	w.Eventually(2*time.Minute, "visitors see pretty links", func() error {
		response, _ := get("/")
		if rest := response.Header.Get("Link"); !strings.Contains(rest, "/wp-json/") {
			return fmt.Errorf("the front page says that REST is at %q", rest)
		}
		return nil
	})
	user := w.Stack.Output("admin", "user")
	hold("users' names", shieldtest.Listings, func(r *http.Response, body string) bool {
		return strings.Contains(body, `"slug":"`+user) || strings.Contains(r.Header.Get("Location"), "/author/"+user) ||
			strings.Contains(body, "author-"+user)
	})
}
