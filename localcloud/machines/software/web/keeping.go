package web

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// styleSheet is a file of WordPress's that Apache answers by itself, without PHP and the database.
const styleSheet = "/wp-includes/css/dashicons.min.css"

// configDirectory is where Apache reads settings.
const configDirectory = "/etc/apache2/conf-enabled"

// pageSeconds matches the constant that lets Cloud CDN keep visitors' pages.
var pageSeconds = regexp.MustCompile(`define\(\s*'GEO_WORDPRESS_PAGE_SECONDS'\s*,\s*(\d+)\s*\)`)

// told adds what the declared PHP tells caches of an answer. Of the model's pages, caches may keep the site's front page.
// The model does not know cookies: the load balancer's cache has those of people with pages of their own in its key.
func (w *wordpress) told(name string, r software.Response) software.Response {
	seconds := pageSeconds.FindStringSubmatch(w.Process.Env["WORDPRESS_CONFIG_EXTRA"])
	if r.Status == 0 || seconds == nil {
		return r
	}
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	switch {
	case r.Header.Get("Cache-Control") != "":
	case w.site && isFrontPage(name) && r.Status == http.StatusOK:
		r.Header.Set("Cache-Control", "public, max-age="+seconds[1])
	default:
		r.Header.Set("Cache-Control", "private, no-store")
	}
	return r
}

// file is an answer with a file of the image, with the age that Apache's settings give it.
func (w *wordpress) file(name, query string) software.Response {
	header := http.Header{"Content-Type": {"text/css"}}
	if age := w.age(name, query); age > 0 {
		header.Set("Cache-Control", fmt.Sprintf("max-age=%d", int(age.Seconds())))
	}
	return software.Response{Status: http.StatusOK, Body: "/* simulated */\n", Header: header}
}

var (
	filesMatch     = regexp.MustCompile(`(?s)<FilesMatch "([^"]+)">(.*?)</FilesMatch>`)
	ifQuery        = regexp.MustCompile(`(?s)<If "%\{QUERY_STRING\} =~ /([^/]+)/">(.*?)</If>`)
	expiresDefault = regexp.MustCompile(`ExpiresDefault "access plus (\d+) (minute|hour|day)s?"`)
	units          = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
)

// age returns how long caches may keep a file, by the ExpiresDefault of the mounted settings; 0 if they do not say.
func (w *wordpress) age(name, query string) (age time.Duration) {
	matches := func(expression, text string) bool {
		e, err := regexp.Compile(expression)
		return err == nil && e.MatchString(text)
	}
	set := func(settings string) {
		if found := expiresDefault.FindStringSubmatch(settings); found != nil {
			n, _ := strconv.Atoi(found[1])
			age = time.Duration(n) * units[found[2]]
		}
	}
	for _, mount := range w.Process.Files.Mounts {
		if !strings.HasPrefix(mount.Path, configDirectory) {
			continue
		}
		settings, err := w.Process.Files.Read(mount.Path)
		if err != nil {
			continue
		}
		for _, files := range filesMatch.FindAllStringSubmatch(string(settings), -1) {
			if !matches(files[1], path.Base(name)) {
				continue
			}
			set(ifQuery.ReplaceAllString(files[2], ""))
			for _, condition := range ifQuery.FindAllStringSubmatch(files[2], -1) {
				if matches(condition[1], query) {
					set(condition[2])
				}
			}
		}
	}
	return age
}
