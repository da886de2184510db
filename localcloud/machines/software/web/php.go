package web

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
)

// php is the state of a server's PHP scripts: their files and settings, and the database that they query.
type php struct {
	files    *software.Filesystem
	mysql    software.HostPort
	region   string // of the environment
	settings phpSettings
	env      map[string]string
	client   database.Client // of WordPress itself
	now      time.Time
	database error // the current result of a statement
	site     bool  // there is one
}

func newPHP(p *software.Process) php {
	return php{files: p.Files, region: p.Env["REGION"], env: p.Env, settings: readPHPSettings(p), database: errors.New("not queried yet")}
}

// connect reads the database's address from the environment.
func (s *php) connect(p *software.Process) (err error) {
	if s.mysql, err = database.Address(p, "WORDPRESS_DB_HOST"); err != nil || !wpdbTLS.MatchString(p.Env["WORDPRESS_CONFIG_EXTRA"]) {
		return err
	}
	if s.settings.authorities == "" { // the image's own vouch for no database
		s.client = database.Client{TLS: &software.Identity{}}
		return nil
	}
	s.client, err = database.FileClient(s.settings.authorities, p.Files)
	return err
}

// wpdbTLS matches the setting with which WordPress connects with TLS, and verifies the server.
var wpdbTLS = regexp.MustCompile(`define\(\s*'MYSQL_CLIENT_FLAGS',\s*MYSQLI_CLIENT_SSL \| MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT\s*\)`)

// look queries the database, once for all waiting requests.
func (s *php) look(now time.Time, network software.Network) {
	s.now, s.database, s.site = now, database.Query(network, s.mysql, s.client), database.Installed(network, s.mysql)
}

// phpSettings are PHP's timeouts as a MySQL client, and the file of its authorities, empty for the image's.
type phpSettings struct {
	connect, read time.Duration
	authorities   string
}

// phpDirectory is where the image's PHP reads its settings, from all files in the order of their names.
const phpDirectory = "/usr/local/etc/php/conf.d"

var (
	phpAuthorities = regexp.MustCompile(`(?m)^\s*openssl\.cafile\s*=\s*(\S+)`)
	phpSetting     = regexp.MustCompile(`(?m)^\s*(mysqlnd\.net_read_timeout|default_socket_timeout)\s*=\s*(\d+)`)
)

// readPHPSettings reads the mounted settings. PHP's defaults are 60 seconds to connect, and a day to read.
func readPHPSettings(p *software.Process) phpSettings {
	s := phpSettings{connect: time.Minute, read: 24 * time.Hour}
	for _, mount := range p.Files.Mounts {
		if !strings.HasPrefix(mount.Path, phpDirectory) {
			continue
		}
		content, err := p.Files.Read(mount.Path)
		if err != nil {
			continue
		}
		if found := phpAuthorities.FindStringSubmatch(string(content)); found != nil {
			s.authorities = found[1]
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
