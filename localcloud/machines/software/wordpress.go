package software

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

const (
	webRoot        = "/var/www/html"
	wordpressStart = 3 * time.Second // copying core and wp-content
	apacheShutdown = time.Second
)

// wordpress is the official image's server with WordPress: Apache with PHP, or PHP-FPM.
type wordpress struct {
	ended
	scripts
	fpm  bool
	upAt time.Time
	up   bool
}

func newWordPress(p *Process, command string, now time.Time) Program {
	w := &wordpress{ended: ended{process: p}, scripts: newScripts(p), fpm: command == "php-fpm", upAt: now.Add(p.Pace.Of(wordpressStart))}
	if p.Adopted {
		w.upAt = now
	}
	if err := w.configure(); err != nil {
		w.fail(1, err.Error())
	}
	return w
}

func (w *wordpress) configure() error {
	p := w.process
	if err := w.connect(p); err != nil {
		return err
	}
	if !p.Files.Writable(webRoot) {
		return fmt.Errorf("%s: %w: the image copies WordPress there", webRoot, errReadOnly)
	}
	if p.User == 0 {
		// The entry point changes owners, and Apache's children switch to www-data.
		for _, capability := range []string{"CHOWN", "SETUID", "SETGID"} {
			if !p.Capabilities[capability] {
				return fmt.Errorf("runs as root without the capability %s: operation not permitted", capability)
			}
		}
	}
	if p.Files.On(webRoot+"/wp-content") == Layer {
		p.log("keeps wp-content in the container: uploads are lost with it")
	}
	return nil
}

// database reads host[:port] from the environment, or from the file named by NAME_FILE, as the image does.
func database(p *Process, name string) (hostPort, error) {
	value := p.Env[name]
	if file := p.Env[name+"_FILE"]; file != "" {
		if value != "" {
			return hostPort{}, fmt.Errorf("both %s and %s_FILE are set (but are exclusive)", name, name)
		}
		content, err := p.Files.Read(file)
		if err != nil {
			return hostPort{}, fmt.Errorf("%s_FILE: %w", name, err)
		}
		value = strings.TrimSpace(string(content))
	}
	if value == "" {
		value = "mysql" // the image's default
	}
	if !strings.Contains(value, ":") {
		value += ":3306"
	}
	address, err := parseHostPort(value)
	if err != nil {
		return hostPort{}, fmt.Errorf("%s: %w", name, err)
	}
	return address, nil
}

func (w *wordpress) Step(now time.Time, network Network) {
	if w.over(now) {
		return
	}
	w.up = !now.Before(w.upAt)
	w.look(now, network)
}

func (w *wordpress) Accepts(port int, _ bool) bool {
	want := 80
	if w.fpm {
		want = 9000
	}
	return w.up && w.exit == nil && port == want
}

// Answer serves the files that are mounted into the web root, and WordPress's own pages. It treats a mounted script
// that loads WordPress as a check of the start, and any other as a check of the database.
func (w *wordpress) Answer(_ int, r Request, network Network) Response {
	if w.fpm {
		return Response{Status: http.StatusBadRequest} // the port speaks FastCGI
	}
	name, _, _ := strings.Cut(r.Path, "?")
	name = path.Clean("/" + name)
	file := path.Join(webRoot, name)
	if name != "/" && w.process.Files.On(file) != Layer {
		switch content, err := w.process.Files.Read(file); {
		case err != nil:
		case path.Ext(file) == ".php":
			if loadsWordPress.Match(content) {
				return w.start(r.Waited)
			}
			return w.check(string(content), r, network)
		default:
			return Response{Status: http.StatusOK, Body: string(content)}
		}
	}
	return w.page(name, r.Waited)
}

// page returns one of WordPress's own pages. The model is never installed, so the pages redirect to the installation.
func (w *wordpress) page(name string, waited time.Duration) Response {
	switch name {
	case "/license.txt", "/readme.html":
		return Response{Status: http.StatusOK, Body: w.process.document(name, "A file of WordPress's.")}
	case "/", "/index.php", "/wp-admin", "/wp-login.php", "/wp-json", "/wp-cron.php", "/wp-admin/install.php":
	default:
		return Response{Status: http.StatusNotFound, Body: w.process.document("Page not found", "WordPress has no such page.")}
	}
	if w.broken() {
		return Response{Status: http.StatusInternalServerError,
			Body: w.process.document("There has been a critical error on this website.", "The image's code ends in a fatal error.")}
	}
	// Themes and plugins are in wp-content: the request hangs until it responds, and no timeout of PHP ends that.
	if !w.files.Answers(webRoot + "/wp-content") {
		return Response{}
	}
	switch waiting, code := outcome(w.database, waited, w.settings.connect, w.settings.read); {
	case waiting:
		return Response{}
	case code != 0:
		return Response{Status: http.StatusInternalServerError,
			Body: w.process.document("Error establishing a database connection", fmt.Sprintf("%d: %v", code, w.database))}
	}
	switch name {
	case "/wp-cron.php":
		return Response{Status: http.StatusOK}
	case "/wp-admin/install.php":
		return Response{Status: http.StatusOK, Body: w.process.document("WordPress › Installation",
			"Here the real WordPress would ask for the site's title and its first user.")}
	}
	to := w.siteURL() + "/wp-admin/install.php"
	return Response{Status: http.StatusFound, Header: http.Header{"Location": {to}},
		Body: w.process.document("WordPress", "The real WordPress would now lead to its installation page, "+to+".")}
}

// loadsWordPress matches a script that loads WordPress.
var loadsWordPress = regexp.MustCompile(`(?m)^\s*require(_once)?\b.*/wp-load\.php`)

// broken says whether the image's code ends in a fatal error. The model has no code: by convention, the tag of such an
// image says so, for example 7.1.0-broken. Its server starts like any other.
func (w *wordpress) broken() bool { return strings.HasSuffix(w.process.Image.Tag, "-broken") }

// start answers a script that loads WordPress: it succeeds if WordPress's front page does, even with a redirect.
func (w *wordpress) start(waited time.Duration) Response {
	page := w.page("/", waited)
	switch {
	case page.Status == 0:
		return page
	case w.broken():
		return Response{Status: http.StatusInternalServerError, Body: "fatal error\n", Header: plainText}
	case page.Status >= http.StatusBadRequest:
		return unavailable("WordPress did not load\n")
	}
	return Response{Status: http.StatusOK, Body: "ok\n", Header: plainText}
}

var plainText = http.Header{"Content-Type": {"text/plain;charset=UTF-8"}, "Cache-Control": {"no-store"}}

// definedSite matches the site's address in the PHP that the image appends to its configuration.
var definedSite = regexp.MustCompile(`define\(\s*['"]WP_SITEURL['"]\s*,\s*['"]([^'"]*)['"]`)

// siteURL returns WordPress's own address, empty if WordPress takes it from the request.
func (w *wordpress) siteURL() string {
	if found := definedSite.FindStringSubmatch(w.process.Env["WORDPRESS_CONFIG_EXTRA"]); found != nil {
		return strings.TrimSuffix(found[1], "/")
	}
	return ""
}

func (w *wordpress) Stop(now time.Time) { w.leave(now, apacheShutdown) }
