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
	now      time.Time
	database error // the current result of a statement
	site     bool  // there is one
}

func newPHP(p *software.Process) php {
	return php{files: p.Files, region: p.Env["REGION"], settings: readPHPSettings(p), database: errors.New("not queried yet")}
}

// connect reads the database's address from the environment.
func (s *php) connect(p *software.Process) (err error) {
	s.mysql, err = database.Address(p, "WORDPRESS_DB_HOST")
	return err
}

// look queries the database, once for all waiting requests.
func (s *php) look(now time.Time, network software.Network) {
	s.now, s.database, s.site = now, database.Query(network, s.mysql), database.Installed(network, s.mysql)
}

// phpSettings are PHP's timeouts as a MySQL client.
type phpSettings struct{ connect, read time.Duration }

// phpDirectory is where the image's PHP reads its settings, from all files in the order of their names.
const phpDirectory = "/usr/local/etc/php/conf.d"

var phpSetting = regexp.MustCompile(`(?m)^\s*(mysqlnd\.net_read_timeout|default_socket_timeout)\s*=\s*(\d+)`)

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
