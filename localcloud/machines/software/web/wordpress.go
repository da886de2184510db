package web

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
	"syscall"
	"time"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
)

const (
	webRoot        = "/var/www/html"
	wordpressStart = 3 * time.Second // copying core and wp-content
	apacheShutdown = time.Second
)

// wordpress is the official image's Apache with PHP and WordPress.
type wordpress struct {
	software.Lifecycle
	php
	upAt time.Time
	up   bool
}

// NewWordPress starts WordPress's web server.
func NewWordPress(p *software.Process, now time.Time) software.Program {
	w := &wordpress{Lifecycle: software.Lifecycle{Process: p}, php: newPHP(p), upAt: p.ReadyAt(now, wordpressStart)}
	if err := w.configure(); err != nil {
		w.Fail(1, err.Error())
	}
	return w
}

func (w *wordpress) configure() error {
	p := w.Process
	if err := w.connect(p); err != nil {
		return err
	}
	if !p.Files.Writable(webRoot) {
		return fmt.Errorf("%s: %w: the image copies WordPress there", webRoot, syscall.EROFS)
	}
	if p.User == 0 {
		// The entry point changes owners, and Apache's children switch to www-data.
		for _, capability := range []string{"CHOWN", "SETUID", "SETGID"} {
			if !p.Capabilities[capability] {
				return fmt.Errorf("runs as root without the capability %s: operation not permitted", capability)
			}
		}
	}
	if p.Files.On(webRoot+"/wp-content") == software.Layer {
		p.Log("keeps wp-content in the container: uploads are lost with it")
	}
	return nil
}

func (w *wordpress) Step(now time.Time, network software.Network) {
	if w.Over(now) {
		return
	}
	w.up = !now.Before(w.upAt)
	w.look(now, network)
}

func (w *wordpress) Accepts(port int, _ bool) bool {
	return w.up && w.Exit() == nil && port == 80
}

// Answer serves the files that are mounted into the web root, and WordPress's own pages. It treats a mounted script
// that loads WordPress as a check of the start, and any other as a check of the database.
func (w *wordpress) Answer(_ int, r software.Request, network software.Network) software.Response {
	name, query, _ := strings.Cut(r.Path, "?")
	name = path.Clean("/" + name)
	if name == styleSheet {
		return w.file(name, query)
	}
	file := path.Join(webRoot, name)
	// What the web root may hold besides is WordPress.
	if name != "/" && w.Process.Files.On(file) != software.Layer && w.Process.Files.Holds(file) {
		switch content, err := w.Process.Files.Read(file); {
		case err != nil:
		case path.Ext(file) == ".php":
			if loadsWordPress.Match(content) {
				return w.told(name, w.start(r.Waited))
			}
			return w.check(string(content), r, network)
		default:
			return software.Response{Status: http.StatusOK, Body: string(content)}
		}
	}
	return w.told(name, w.page(name, r.Waited))
}

func isFrontPage(name string) bool { return name == "/" || name == "/index.php" }

// page returns one of WordPress's own pages. Without a site, which the stack's Job installs, they redirect to the
// installation.
func (w *wordpress) page(name string, waited time.Duration) software.Response {
	switch name {
	case "/license.txt", "/readme.html":
		return software.Response{Status: http.StatusOK, Body: document(w.Process, name, "A file of WordPress's.")}
	case "/", "/index.php", "/wp-admin", "/wp-login.php", "/wp-json", "/wp-cron.php", "/wp-admin/install.php":
	default:
		return software.Response{Status: http.StatusNotFound, Body: document(w.Process, "Page not found", "WordPress has no such page.")}
	}
	if w.broken() {
		return software.Response{Status: http.StatusInternalServerError,
			Body: document(w.Process, "There has been a critical error on this website.", "The image's code ends in a fatal error.")}
	}
	// Themes and plugins are in wp-content: the request hangs until it responds, and no timeout of PHP ends that.
	if !w.files.Answers(webRoot + "/wp-content") {
		return software.Response{}
	}
	switch waiting, code := database.Outcome(w.database, waited, w.settings.connect, w.settings.read); {
	case waiting:
		return software.Response{}
	case code != 0:
		return software.Response{Status: http.StatusInternalServerError,
			Body: document(w.Process, "Error establishing a database connection", fmt.Sprintf("%d: %v", code, w.database))}
	}
	switch name {
	case "/wp-cron.php":
		return software.Response{Status: http.StatusOK}
	case "/wp-admin/install.php":
		return software.Response{Status: http.StatusOK, Body: document(w.Process, "WordPress › Installation",
			"Here the real WordPress would ask for the site's title and its first user.")}
	}
	if w.site && isFrontPage(name) {
		return software.Response{Status: http.StatusOK, Body: document(w.Process, "The site", "Here the real WordPress would show the latest posts.")}
	}
	to := w.siteURL() + "/wp-admin/install.php"
	return software.Response{Status: http.StatusFound, Header: http.Header{"Location": {to}},
		Body: document(w.Process, "WordPress", "The real WordPress would now lead to its installation page, "+to+".")}
}

// loadsWordPress matches a script that loads WordPress.
var loadsWordPress = regexp.MustCompile(`(?m)^\s*require(_once)?\b.*/wp-load\.php`)

// broken says whether the image's code ends in a fatal error. The model has no code: by convention, the tag of such an
// image says so, for example 7.1.0-broken. Its server starts like any other.
func (w *wordpress) broken() bool { return strings.HasSuffix(w.Process.Image.Tag, "-broken") }

// start answers a script that loads WordPress: it succeeds if WordPress's front page does, even with a redirect.
func (w *wordpress) start(waited time.Duration) software.Response {
	page := w.page("/", waited)
	switch {
	case page.Status == 0:
		return page
	case w.broken():
		return software.Response{Status: http.StatusInternalServerError, Body: "fatal error\n", Header: plainText}
	case page.Status >= http.StatusBadRequest:
		return unavailable("WordPress did not load\n")
	}
	return software.Response{Status: http.StatusOK, Body: "ok\n", Header: plainText}
}

var plainText = http.Header{"Content-Type": {"text/plain;charset=UTF-8"}, "Cache-Control": {"no-store"}}

// definedSite matches the site's address in the PHP that the image appends to its configuration. While the site may move from one
// address to another, it is the one that requests for other hosts get.
var definedSite = regexp.MustCompile(`(?:define\(\s*['"]WP_SITEURL['"]\s*,\s*|\$geo_url = )['"]([^'"]*)['"]`)

// siteURL returns WordPress's own address, empty if WordPress takes it from the request.
func (w *wordpress) siteURL() string {
	if found := definedSite.FindStringSubmatch(w.Process.Env["WORDPRESS_CONFIG_EXTRA"]); found != nil {
		return strings.TrimSuffix(found[1], "/")
	}
	return ""
}

func (w *wordpress) Stop(now time.Time) { w.Leave(now, apacheShutdown) }

// State says whether the server accepts connections.
func (w *wordpress) State() software.State {
	word := "starts"
	if w.up {
		word = "serves"
	}
	return software.State{Kind: "wordpress", Word: word}
}
