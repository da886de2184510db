package web

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

const apacheStart = 500 * time.Millisecond

// apache is the WordPress image's web server with a configuration of its own (apache2-foreground -f FILE) and without
// WordPress: it serves the files mounted into its document root.
type apache struct {
	software.Lifecycle
	php
	port int
	root string
	upAt time.Time
}

// apacheDirective matches a line of Apache's configuration.
var apacheDirective = regexp.MustCompile(`(?mi)^[ \t]*(Listen|DocumentRoot|PidFile)[ \t]+"?([^\s"]+)"?[ \t]*$`)

// NewApache starts Apache with a configuration file.
func NewApache(p *software.Process, file string, now time.Time) software.Program {
	a := &apache{Lifecycle: software.Lifecycle{Process: p}, php: newPHP(p), upAt: p.ReadyAt(now, apacheStart)}
	if err := a.configure(file); err != nil {
		a.Fail(1, err.Error())
	}
	return a
}

func (a *apache) configure(file string) error {
	p := a.Process
	settings, err := p.Files.Read(file)
	if err != nil {
		return fmt.Errorf("apache2: Could not open configuration file %s: %w", file, err)
	}
	pidFile := "/run/apache2/apache2.pid" // the default of the image's environment
	for _, found := range apacheDirective.FindAllStringSubmatch(string(settings), -1) {
		switch value := found[2]; strings.ToLower(found[1]) {
		case "listen":
			port := value[strings.LastIndexByte(value, ':')+1:]
			if a.port, err = strconv.Atoi(port); err != nil {
				return fmt.Errorf("%s: Listen %s: port must be a number", file, value)
			}
		case "documentroot":
			a.root = value
		case "pidfile":
			if !strings.Contains(value, "$") {
				pidFile = value
			}
		}
	}
	switch {
	case a.port == 0:
		return fmt.Errorf("%s: no listening sockets available, shutting down", file)
	case !p.Files.Writable(pidFile):
		return fmt.Errorf("%s: %w", pidFile, syscall.EROFS)
	}
	return a.connect(p)
}

func (a *apache) Step(now time.Time, network software.Network) {
	if !a.Over(now) {
		a.look(now, network)
	}
}

func (a *apache) Accepts(port int, _ bool) bool {
	return a.Exit() == nil && port == a.port && !a.now.Before(a.upAt)
}

// Answer serves a file of the document root. It treats a PHP script as a check of the database.
func (a *apache) Answer(_ int, r software.Request, network software.Network) software.Response {
	name, _, _ := strings.Cut(r.Path, "?")
	file := path.Join(a.root, path.Clean("/"+name))
	if a.Process.Files.On(file) == software.Layer {
		return software.Response{Status: http.StatusNotFound, Body: document(a.Process, "Not Found", "There is no such file.")}
	}
	switch content, err := a.Process.Files.Read(file); {
	case err != nil:
		return software.Response{Status: http.StatusForbidden, Body: document(a.Process, "Forbidden", "There is no such file.")}
	case path.Ext(file) == ".php":
		return a.check(string(content), r, network)
	default:
		return software.Response{Status: http.StatusOK, Body: string(content)}
	}
}

func (a *apache) Stop(now time.Time) { a.Leave(now, apacheShutdown) }
