package web

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
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
	// verdict, if declared (const VERDICT), is a file with the page's last answer. A page that declares leaders (const
	// LEADERS) repeats it, if it is not older than verdictFor (const VERDICT_SECONDS), where the region leads.
	verdict    string
	verdictFor time.Duration
	leaders    bool
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
		case "VERDICT":
			page.verdict = strings.Trim(value, `'"`)
		case "VERDICT_SECONDS":
			n, _ := strconv.Atoi(value)
			page.verdictFor = time.Duration(n) * time.Second
		case "LEADERS":
			page.leaders = true
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

// check answers a mounted script that checks the site, its files and its database, as far as it declares these checks.
func (s *php) check(script string, r software.Request, network software.Network) software.Response {
	page := readCheck(script, s.settings)
	client, err := database.ScriptClient(script, s.env, s.files)
	if err != nil {
		return unavailable("%v\n", err)
	}
	if page.leaders {
		return s.checkLeaders(page, client, network)
	}
	s.database = database.Query(network, s.mysql, client)
	response := s.checkAll(page, r, network)
	if page.verdict != "" && response.Status != 0 {
		_ = s.files.Write(page.verdict, []byte(fmt.Sprintf("%s\n%d %s", s.now.Format(time.RFC3339Nano), response.Status, response.Body)))
	}
	return response
}

func (s *php) checkAll(page checkPage, r software.Request, network software.Network) software.Response {
	waited := r.Waited
	if _, query, _ := strings.Cut(r.Path, "?"); page.stopping != "" && query != "ready" && s.files.Holds(page.stopping) {
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
			return software.Response{}
		case !there || !answers:
			return unavailable("the files do not answer\n")
		}
	}
	waiting, code := database.Outcome(s.database, waited, page.connect, page.read)
	switch {
	case waiting:
		return software.Response{}
	case code == 0:
		// In a file on an emptyDir, not in memory, so that it survives the process.
		_ = s.files.Write(page.lastRead, []byte(s.now.Format(time.RFC3339Nano)))
		return software.Response{Status: http.StatusOK, Body: "ok\n", Header: plainText}
	case slices.Contains(page.pauses, code) && s.readWithin(page.lastRead, page.tolerated):
		return software.Response{Status: http.StatusOK, Body: fmt.Sprintf("the database pauses (%d)\n", code), Header: plainText}
	}
	return unavailable("database error %d\n", code)
}

// checkLeaders answers a page that repeats another's last verdict, if the region holds the database's leaders.
func (s *php) checkLeaders(page checkPage, client database.Client, network software.Network) software.Response {
	if page.stopping != "" && s.files.Holds(page.stopping) {
		return unavailable("the pod stops\n")
	}
	content, err := s.files.Read(page.verdict)
	at, verdict, _ := strings.Cut(string(content), "\n")
	made, timeErr := time.Parse(time.RFC3339Nano, at)
	if err != nil || timeErr != nil || s.now.Sub(made) > page.verdictFor {
		return unavailable("nobody has asked healthz.php\n")
	}
	status, text, _ := strings.Cut(verdict, " ")
	if status != strconv.Itoa(http.StatusOK) {
		return unavailable("%s", text)
	}
	if leads, err := database.Leads(network, s.mysql, client, s.region); err == nil && !leads && text == "ok\n" {
		return unavailable("the leaders are in another region\n")
	}
	return software.Response{Status: http.StatusOK, Body: text, Header: plainText}
}

func unavailable(format string, args ...any) software.Response {
	return software.Response{Status: http.StatusServiceUnavailable, Body: fmt.Sprintf(format, args...), Header: plainText}
}

// readWithin says whether the time in a file is less than limit ago.
func (s *php) readWithin(file string, limit time.Duration) bool {
	content, err := s.files.Read(file)
	if err != nil {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, string(content))
	return err == nil && s.now.Sub(at) < limit
}
