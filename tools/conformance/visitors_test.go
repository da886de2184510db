package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// staleness is how old, in seconds, visitors' pages may be in these tests.
const staleness = "60"

// TestVisitorsAreTold tells visitors' requests from others, and statements that only read from others, in the declared PHP.
func TestVisitorsAreTold(t *testing.T) {
	file, err := filepath.Abs("../../components/wordpress/files/visitor.php")
	if err != nil {
		t.Fatal(err)
	}
	type request struct {
		Server  map[string]string `json:"server"`
		Get     map[string]string `json:"get"`
		Cookies map[string]string `json:"cookies"`
	}
	of := func(method, script, uri string, more ...map[string]string) request {
		r := request{map[string]string{"REQUEST_METHOD": method, "SCRIPT_NAME": script, "REQUEST_URI": uri}, map[string]string{}, map[string]string{}}
		if u, err := url.Parse(uri); err == nil {
			for name := range u.Query() {
				r.Get[name] = u.Query().Get(name)
			}
		}
		if len(more) > 0 {
			r.Cookies = more[0]
		}
		return r
	}
	cookie := func(name string) map[string]string { return map[string]string{name: "x"} }
	const index = "/index.php"
	requests := map[string]request{
		"+ the front page":          of("GET", index, "/"),
		"+ its headers":             of("HEAD", index, "/"),
		"+ a post":                  of("GET", index, "/2026/11/a-post/"),
		"+ a search":                of("GET", index, "/?s=words"),
		"+ from a campaign":         of("GET", index, "/?utm_source=letter"),
		"+ a statistics cookie":     of("GET", index, "/", cookie("_ga")),
		"+ a recording's session":   of("GET", index, "/", cookie("_hjSession_1")),
		"+ a visit to the login":    of("GET", index, "/", cookie("wordpress_test_cookie")),
		"+ a post about wp-json":    of("GET", index, "/about-wp-json/"),
		"a form":                    of("POST", index, "/"),
		"signing in":                of("GET", "/wp-login.php", "/wp-login.php"),
		"the dashboard":             of("GET", "/wp-admin/index.php", "/wp-admin/"),
		"a plugin's AJAX":           of("GET", "/wp-admin/admin-ajax.php", "/wp-admin/admin-ajax.php?action=x"),
		"the cron":                  of("GET", "/wp-cron.php", "/wp-cron.php"),
		"the start-up probe":        of("GET", "/startz.php", "/startz.php"),
		"REST":                      of("GET", index, "/wp-json/wp/v2/posts"),
		"REST, encoded":             of("GET", index, "/%77p-json/wp/v2/posts"),
		"REST by the script's name": of("GET", index, "/index.php/wp-json/wp/v2/posts"),
		"REST by a parameter":       of("GET", index, "/?rest_route=/wp/v2/posts"),
		"a preview":                 of("GET", index, "/?p=3&preview=true"),
		"a comment in moderation":   of("GET", index, "/a-post/?unapproved=3&moderation-hash=abc"),
		"into the cart":             of("GET", index, "/?add-to-cart=3"),
		"an order":                  of("GET", index, "/checkout/order-received/3/?key=wc_order_x"),
		"an editor":                 of("GET", index, "/", cookie("wordpress_logged_in_0123")),
		"a post's password":         of("GET", index, "/", cookie("wp-postpass_0123")),
		"who has commented":         of("GET", index, "/", cookie("comment_author_0123")),
		"a cart":                    of("GET", index, "/", cookie("woocommerce_items_in_cart")),
		"a customer's session":      of("GET", index, "/", cookie("wp_woocommerce_session_0123")),
		"another plugin's session":  of("GET", index, "/", cookie("PHPSESSID")),
		"who has just sent a form":  of("GET", index, "/", cookie("geo_wordpress_wrote")),
		"a name and password": {Server: map[string]string{"REQUEST_METHOD": "GET", "SCRIPT_NAME": index, "REQUEST_URI": "/",
			"PHP_AUTH_USER": "x"}, Get: map[string]string{}, Cookies: map[string]string{}},
		"+ no name": {Server: map[string]string{"REQUEST_METHOD": "GET", "SCRIPT_NAME": index, "REQUEST_URI": "/",
			"HTTP_AUTHORIZATION": ""}, Get: map[string]string{}, Cookies: map[string]string{}},
		"a token": {Server: map[string]string{"REQUEST_METHOD": "GET", "SCRIPT_NAME": index, "REQUEST_URI": "/",
			"HTTP_AUTHORIZATION": "Bearer x"}, Get: map[string]string{}, Cookies: map[string]string{}},
		"no request": {Server: map[string]string{}, Get: map[string]string{}, Cookies: map[string]string{}},
	}
	statements := map[string]string{
		"+ an option":        "SELECT option_value FROM wp_options WHERE option_name = 'x' LIMIT 1",
		"+ columns":          "SHOW FULL COLUMNS FROM `wp_options`",
		"+ a comment first":  "/* theme */ SELECT 1",
		"+ a line first":     "\n\t-- update\nselect 1",
		"+ parentheses":      "(SELECT 1) UNION (SELECT 2)",
		"+ an expression":    "WITH few AS (SELECT 1) SELECT * FROM few",
		"+ a word in a name": "SELECT update_time FROM wp_locks",
		"a change":           "UPDATE wp_options SET option_value = 1",
		"an insertion":       "INSERT INTO wp_options (option_name) SELECT 'x'",
		"a replacement":      "REPLACE INTO wp_options VALUES (1)",
		"rows to change":     "SELECT * FROM wp_options FOR UPDATE",
		"shared rows":        "SELECT * FROM wp_options LOCK IN SHARE MODE",
		"a lock":             "SELECT GET_LOCK('x', 1)",
		"a lock's end":       "SELECT RELEASE_LOCK ('x')",
		"the last ID":        "SELECT LAST_INSERT_ID()",
		"a variable":         "SELECT @n := @n + 1",
		"into a variable":    "SELECT 1 INTO @n",
		"a hidden change":    "WITH few AS (SELECT 1) DELETE FROM wp_options",
		"an analysis":        "EXPLAIN ANALYZE DELETE FROM wp_options",
		"a hidden statement": "/*! DELETE FROM wp_options */",
		"a transaction":      "START TRANSACTION",
		"a setting":          "SET SESSION sql_mode = ''",
		"nothing":            "",
	}
	input, err := json.Marshal(map[string]any{"requests": requests, "statements": statements})
	if err != nil {
		t.Fatal(err)
	}
	const script = `
		$_SERVER = array();
		require $argv[1];
		$in  = json_decode( stream_get_contents( STDIN ), true );
		$out = array();
		foreach ( $in['requests'] as $name => $r ) {
			$out[ $name ] = geo_wordpress_visits( $r['server'], $r['get'], $r['cookies'] );
		}
		foreach ( $in['statements'] as $name => $s ) {
			$out[ $name ] = geo_wordpress_reads( $s );
		}
		echo json_encode( $out );`
	command := exec.Command("php", "-r", script, "--", file)
	command.Stdin = bytes.NewReader(input)
	output, err := command.CombinedOutput()
	var told map[string]bool
	if err == nil {
		err = json.Unmarshal(output, &told)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if len(told) != len(requests)+len(statements) {
		t.Fatalf("%d answers: two cases have one name", len(told))
	}
	for name, is := range told {
		if is != strings.HasPrefix(name, "+ ") {
			t.Errorf("%s: told a visitor's, or to be only a read: %v", name, is)
		}
	}
}

// anybody is a browser without cookies, in a region.
func anybody(w *world.World, s *session, region *declared.Region) *session {
	jar, _ := cookiejar.New(nil)
	return (&session{client: &http.Client{Jar: jar}, site: s.site}).in(w, region)
}

// reads is how a request reads, as the test plugin sees it.
type reads struct {
	Staleness int    `json:"staleness,string"`
	Replicas  string `json:"replicas"`
	Value     string `json:"value"`
	Error     string `json:"error"`
}

func (s *session) reads(t *testing.T, path string) (r reads) {
	t.Helper()
	body, err := s.get(path)
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		t.Fatalf("%s: %v in %.500s", path, err, body)
	}
	return r
}

// visitorsReadHere follows visitors, and people whose pages are their own, through one region's WordPress.
func visitorsReadHere(t *testing.T, w *world.World, tidb, wordpress *kubelet.Pod) {
	region := w.Stack.Regions[0]
	putPlugin(t, w, region.Name, "probe", probePlugin)
	activate(t, w, tidb, "probe")
	editor, err := logIn(w, region)
	if err != nil {
		t.Fatal(err)
	}
	visitor := anybody(w, editor, w.Stack.Regions[0])
	w.Eventually(2*time.Minute, "visitors see that the plugin is active", func() error {
		body, err := visitor.get("/?geo_probe=reads")
		if err == nil && !json.Valid(body) {
			err = fmt.Errorf("they see %.300s", body)
		}
		return err
	})
	stale, plain := reads{Staleness: -60, Replicas: "closest-replicas"}, reads{Replicas: "leader"}
	if is := visitor.reads(t, "/?geo_probe=reads"); is != stale {
		t.Errorf("a visitor reads with %+v", is)
	}
	if is := editor.reads(t, "/?geo_probe=reads"); is != plain {
		t.Errorf("an editor reads with %+v", is)
	}
	if is := visitor.reads(t, "/?geo_probe=reads&preview=true"); is != plain {
		t.Errorf("a preview reads with %+v", is)
	}

	// A plugin that writes during a GET reads what it has written, and everything newest from then on.
	for n := range 3 {
		value := fmt.Sprint(n)
		if is := visitor.reads(t, "/?geo_probe=writes&value="+value); is != (reads{Replicas: "leader", Value: value}) {
			t.Errorf("after it has written %s, a plugin reads %+v", value, is)
		}
	}
	// Nobody's event is lost when visitors' requests schedule one after another.
	for n := range 3 {
		visitor.reads(t, fmt.Sprintf("/?geo_probe=schedules&number=%d", n))
	}
	if is := editor.reads(t, "/?geo_probe=scheduled"); is.Value != "0,1,2" {
		t.Errorf("of three events these are left: %s", is.Value)
	}
	// A table that a stale read does not know yet.
	var errors []string
	probe(t, wordpress, "sql", []string{"CREATE TABLE wp_geo_fresh (id INT PRIMARY KEY)", "INSERT INTO wp_geo_fresh VALUES (7)"}, &errors)
	if len(errors) > 0 {
		t.Fatal(errors)
	}
	if is := visitor.reads(t, "/?geo_probe=fresh"); is != (reads{Replicas: "leader", Value: "7"}) {
		t.Errorf("a new table reads %+v", is)
	}

	// WordPress itself writes for a visitor: it makes the menu that a new site lacks.
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	must(t, db, "DELETE FROM wordpress.wp_posts WHERE post_type = 'wp_navigation'")
	time.Sleep(5 * time.Second)
	for range 3 {
		if _, err := visitor.get("/"); err != nil {
			t.Error(err)
		}
	}
	if menus := rows(t, db, "SELECT COUNT(*) FROM wordpress.wp_posts WHERE post_type = 'wp_navigation'"); menus != "0" {
		t.Errorf("visitors' pages made %s menus", menus)
	}

	newPosts(t, w, editor, visitor)
	ownPages(t, w, editor)
	withoutTimestamps(t, w, wordpress, editor, visitor)
}

// newPosts measures how long a visitor does not see a new post. An editor sees it at once.
func newPosts(t *testing.T, w *world.World, editor, visitor *session) {
	t.Helper()
	var delays []time.Duration
	for n := range 5 {
		title := fmt.Sprintf("News of number %d", n)
		if _, err := editor.publish(title, "text"); err != nil {
			t.Fatal(err)
		}
		published := time.Now()
		sees := func(s *session) error {
			page, err := s.get("/")
			if err == nil && !bytes.Contains(page, []byte(title)) {
				err = fmt.Errorf("the front page does not have %q", title)
			}
			return err
		}
		if err := sees(editor); err != nil {
			t.Errorf("an editor: %v", err)
		}
		w.Eventually(2*time.Minute, "a visitor sees the post", func() error { return sees(visitor) })
		delays = append(delays, time.Since(published))
	}
	t.Logf("a visitor sees a new post after %.1f s (median of %d), %.1f s at most", median(delays).Seconds(), len(delays), slices.Max(delays).Seconds())
}

// ownPages are those of people who are not signed in, and who must see at once what they have just done.
func ownPages(t *testing.T, w *world.World, editor *session) {
	t.Helper()
	var made struct {
		ID   int
		Link string
	}
	body := []byte(`{"title":"Secret","content":"The treasure is here.","status":"publish","password":"sesame"}`)
	if err := editor.create("posts", "application/json", "", body, &made); err != nil {
		t.Fatal(err)
	}
	post := func(s *session, path string, form url.Values) []byte {
		t.Helper()
		form.Set("submit", "Submit")
		request, err := s.form(path, form)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Referer", made.Link)
		page, err := s.send(request, http.StatusOK)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	knows := anybody(w, editor, w.Stack.Regions[0])
	if page := post(knows, "/wp-login.php?action=postpass", url.Values{"post_password": {"sesame"}}); !bytes.Contains(page, []byte("The treasure is here.")) {
		t.Errorf("who has sent the password does not see the post: %.2000s", page)
	}

	body = []byte(`{"title":"To discuss","content":"What do you think?","status":"publish"}`)
	if err := editor.create("posts", "application/json", "", body, &made); err != nil {
		t.Fatal(err)
	}
	says := anybody(w, editor, w.Stack.Regions[0])
	page := post(says, "/wp-comments-post.php", url.Values{"comment_post_ID": {fmt.Sprint(made.ID)}, "comment_parent": {"0"},
		"author": {"Somebody"}, "email": {"somebody@example.com"}, "comment": {"I think so."}})
	if !bytes.Contains(page, []byte("I think so.")) || !bytes.Contains(page, []byte("awaiting moderation")) {
		t.Errorf("who has commented does not see that it awaits moderation: %.3000s", page)
	}
}

// withoutTimestamps lets the Placement Drivers lose their quorum: there are no timestamps, as during an election.
// Visitors' pages go on.
func withoutTimestamps(t *testing.T, w *world.World, wordpress *kubelet.Pod, editor, visitor *session) {
	t.Helper()
	visitor.client.Timeout = 20 * time.Second // the editor must still be waiting then
	if _, err := visitor.get("/"); err != nil {
		t.Fatal(err)
	}
	said := len(wordpress.Log("wordpress"))
	var pds []*kubelet.Pod
	for _, pod := range w.Running() {
		if pod.App() == "pd" {
			pds = append(pds, pod)
		}
	}
	leader := leaderOf(t, pds[0])
	stays := without(pds, leader)[0] // a leader without a majority would serve until its lease ends
	var stopped []string
	for _, pod := range pds {
		if pod != stays {
			stopped = append(stopped, pod.Region.Name)
			pod.PowerOff()
		}
	}
	waits := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := editor.get("/wp-admin/edit.php")
		waits <- err
	}()
	var worst time.Duration
	pages := 0
	for time.Since(began) < 20*time.Second {
		asked := time.Now()
		if _, err := visitor.get("/"); err != nil {
			t.Errorf("a visitor, %.1f s without timestamps: %v\n%s", time.Since(began).Seconds(), err, wordpress.Log("wordpress")[said:])
			break
		}
		worst = max(worst, time.Since(asked))
		pages++
	}
	select {
	case err := <-waits:
		t.Errorf("an editor's page did not need a timestamp (%v): the test shows nothing", err)
		waits <- nil
	default:
	}
	t.Logf("%d visitors' pages in 20 s without timestamps, the slowest in %.1f s", pages, worst.Seconds())
	for _, region := range stopped {
		w.Start(region, "pd")
	}
	<-waits
	w.Eventually(2*time.Minute, "editors go on", func() error {
		_, err := editor.get("/wp-admin/edit.php")
		return err
	})
}
