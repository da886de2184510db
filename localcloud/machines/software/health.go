package software

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkPage holds the declarations of a mounted PHP script that checks the database.
type checkPage struct {
	// A read that only pauses, with one of the error numbers in pauses (const PAUSES), passes for tolerated (const
	// PAUSE_SECONDS) after the last successful read. Each successful read touches the file lastRead (const LAST_READ).
	tolerated time.Duration
	lastRead  string
	pauses    []int
	// The client's timeouts: MYSQLI_OPT_CONNECT_TIMEOUT and MYSQLI_OPT_READ_TIMEOUT, or PHP's settings.
	connect, read time.Duration
	// stopping, if declared (const STOPPING), is a file. While it exists, the page fails all requests except ?ready.
	stopping string
	// site, if declared (const SITE_PORT), is a port of the pod that must accept connections.
	site int
	// shared, if declared (const FILES), is a directory that must respond within filesWait (const FILES_SECONDS).
	shared    string
	filesWait time.Duration
}

var (
	phpConstant = regexp.MustCompile(`(?m)^\s*const\s+([A-Z_]+)\s*=\s*(.*?);`)
	phpTimeout  = regexp.MustCompile(`(MYSQLI_OPT_(?:CONNECT|READ)_TIMEOUT)\s*,\s*(\d+)`)
	number      = regexp.MustCompile(`\d+`)
)

// readCheck parses a script's declarations. settings are PHP's.
func readCheck(script string, settings phpSettings) checkPage {
	page := checkPage{connect: settings.connect, read: settings.read}
	for _, found := range phpConstant.FindAllStringSubmatch(script, -1) {
		switch name, value := found[1], found[2]; name {
		case "PAUSE_SECONDS":
			n, _ := strconv.Atoi(value)
			page.tolerated = time.Duration(n) * time.Second
		case "LAST_READ":
			page.lastRead = strings.Trim(value, `'"`)
		case "PAUSES":
			for _, digits := range number.FindAllString(value, -1) {
				n, _ := strconv.Atoi(digits)
				page.pauses = append(page.pauses, n)
			}
		case "STOPPING":
			page.stopping = strings.Trim(value, `'"`)
		case "SITE_PORT":
			page.site, _ = strconv.Atoi(value)
		case "FILES":
			page.shared = strings.Trim(value, `'"`)
		case "FILES_SECONDS":
			n, _ := strconv.Atoi(value)
			page.filesWait = time.Duration(n) * time.Second
		}
	}
	for _, found := range phpTimeout.FindAllStringSubmatch(script, -1) {
		n, _ := strconv.Atoi(found[2])
		if found[1] == "MYSQLI_OPT_READ_TIMEOUT" {
			page.read = time.Duration(n) * time.Second
		} else {
			page.connect = time.Duration(n) * time.Second
		}
	}
	return page
}

// connectionRefused is the system's error number ECONNREFUSED.
const connectionRefused = 111

// scripts is the state of a server's PHP scripts: their files and settings, and the database that they query.
type scripts struct {
	files    *Filesystem
	mysql    hostPort
	settings phpSettings
	now      time.Time
	database error // the current result of a statement
}

func newScripts(p *Process) scripts {
	return scripts{files: p.Files, settings: readPHPSettings(p), database: errNoDatabase}
}

// connect reads the database's address from the environment.
func (s *scripts) connect(p *Process) (err error) {
	s.mysql, err = database(p, "WORDPRESS_DB_HOST")
	return err
}

// look queries the database, once for all waiting requests.
func (s *scripts) look(now time.Time, network Network) {
	s.now, s.database = now, query(network, s.mysql)
}

// check answers a mounted script that checks the site, its files and its database, as far as it declares these checks.
func (s *scripts) check(script string, r Request, network Network) Response {
	page, waited := readCheck(script, s.settings), r.Waited
	if _, query, _ := strings.Cut(r.Path, "?"); page.stopping != "" && query != "ready" && s.files.Exists(page.stopping) {
		return unavailable("the pod stops\n")
	}
	if page.site != 0 {
		if _, err := network.Dial("127.0.0.1", page.site); err != nil {
			return unavailable("the site's web server takes no connections (%d)\n", connectionRefused)
		}
	}
	if page.shared != "" {
		switch there, answers := s.files.Exists(page.shared), s.files.Answers(page.shared); {
		case there && !answers && waited < page.filesWait:
			return Response{}
		case !there || !answers:
			return unavailable("the files do not answer\n")
		}
	}
	waiting, code := outcome(s.database, waited, page.connect, page.read)
	switch {
	case waiting:
		return Response{}
	case code == 0:
		// In a file on an emptyDir, not in memory, so that it survives the process.
		_ = s.files.Write(page.lastRead, []byte(s.now.Format(time.RFC3339Nano)))
		return Response{Status: http.StatusOK, Body: "ok\n", Header: plainText}
	case slices.Contains(page.pauses, code) && s.readWithin(page.lastRead, page.tolerated):
		return Response{Status: http.StatusOK, Body: fmt.Sprintf("the database pauses (%d)\n", code), Header: plainText}
	}
	return unavailable("database error %d\n", code)
}

func unavailable(format string, args ...any) Response {
	return Response{Status: http.StatusServiceUnavailable, Body: fmt.Sprintf(format, args...), Header: plainText}
}

// readWithin says whether the time in a file is less than limit ago.
func (s *scripts) readWithin(file string, limit time.Duration) bool {
	content, err := s.files.Read(file)
	if err != nil {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, string(content))
	return err == nil && s.now.Sub(at) < limit
}

// phpSettings are PHP's timeouts as a MySQL client.
type phpSettings struct{ connect, read time.Duration }

// phpDirectory is where the image's PHP reads its settings, from all files in the order of their names.
const phpDirectory = "/usr/local/etc/php/conf.d"

var phpSetting = regexp.MustCompile(`(?m)^\s*(mysqlnd\.net_read_timeout|default_socket_timeout)\s*=\s*(\d+)`)

// readPHPSettings reads the mounted settings. PHP's defaults are 60 seconds to connect, and a day to read.
func readPHPSettings(p *Process) phpSettings {
	s := phpSettings{connect: time.Minute, read: 24 * time.Hour}
	for _, mount := range p.Files.Mounts {
		if !strings.HasPrefix(mount.Path, phpDirectory) {
			continue
		}
		content, err := p.Files.Read(mount.Path)
		if err != nil {
			continue
		}
		for _, found := range phpSetting.FindAllStringSubmatch(string(content), -1) {
			n, _ := strconv.Atoi(found[2])
			if found[1] == "default_socket_timeout" {
				s.connect = time.Duration(n) * time.Second
			} else {
				s.read = time.Duration(n) * time.Second
			}
		}
	}
	return s
}
