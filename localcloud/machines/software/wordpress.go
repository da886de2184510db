package software

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

const (
	webRoot        = "/var/www/html"
	wordpressStart = 3 * time.Second // copying core and wp-content
	apacheShutdown = time.Second
)

// wordpress is the official image's server: Apache with PHP, or PHP-FPM.
type wordpress struct {
	ended
	fpm   bool
	upAt  time.Time
	up    bool
	mysql hostPort
}

func newWordPress(p *Process, command string, now time.Time) Program {
	w := &wordpress{ended: ended{process: p}, fpm: command == "php-fpm", upAt: now.Add(p.Pace.Of(wordpressStart))}
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
	var err error
	if w.mysql, err = database(p, "WORDPRESS_DB_HOST"); err != nil {
		return err
	}
	if !p.Files.Writable(webRoot) {
		return fmt.Errorf("%s: %w: the image copies WordPress there", webRoot, errReadOnly)
	}
	if p.User == 0 {
		// The entry point changes owners, and Apache's children change to www-data.
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

// database reads a host[:port] from the environment, or from the file that NAME_FILE gives, as the image does.
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

// query asks a database for something that needs all of it.
func query(network Network, address hostPort) error {
	remote, err := network.Dial(address.host, address.port)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	server, ok := innermost(remote.Program).(sqlServer)
	if !ok {
		return fmt.Errorf("%s: %w", address, errNoDatabase)
	}
	return server.sql(remote.Network)
}

var errNoDatabase = errors.New("what answers there is no database")

func (w *wordpress) Step(now time.Time, _ Network) {
	if !w.over(now) {
		w.up = !now.Before(w.upAt)
	}
}

func (w *wordpress) Accepts(port int, _ bool) bool {
	want := 80
	if w.fpm {
		want = 9000
	}
	return w.up && w.exit == nil && port == want
}

// Get serves WordPress's own pages and the files that are mounted beside them. A mounted script is taken to be a check
// of the database, for what else would one mount there.
func (w *wordpress) Get(_ int, name string, network Network) Response {
	if w.fpm {
		return Response{Status: 400}
	}
	name, _, _ = strings.Cut(name, "?")
	file := path.Join(webRoot, path.Clean("/"+name))
	works := func(ok, bad int) Response {
		if err := query(network, w.mysql); err != nil {
			return Response{Status: bad}
		}
		return Response{Status: ok}
	}
	mounted := w.process.Files.On(file) != Layer && w.process.Files.Exists(file)
	switch {
	case mounted && path.Ext(file) == ".php":
		return works(200, 503)
	case mounted && file != webRoot:
		return Response{Status: 200}
	}
	switch path.Clean("/" + name) {
	case "/", "/index.php", "/wp-admin":
		return works(302, 500)
	case "/wp-login.php", "/wp-cron.php", "/wp-admin/install.php", "/wp-json":
		return works(200, 500)
	case "/license.txt", "/readme.html":
		return Response{Status: 200}
	}
	return Response{Status: 404}
}

func (w *wordpress) Stop(now time.Time) { w.leave(now, apacheShutdown) }
