package shell

import (
	"regexp"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
)

// defaultSocketTimeout is PHP's timeout for a connection.
const defaultSocketTimeout = 15 * time.Second

// php runs a PHP script, a file or -r with its text, that connects to the databases named in its environment. A script that sleeps retries; any
// other tries once.
func php(c *call) int {
	script, ok := c.script()
	if !ok {
		return 1
	}
	retries := strings.Contains(script, "sleep(")
	p := *c.process
	p.Env = c.env
	for _, name := range []string{"DB_HOST", "DATABASE_HOST", "WORDPRESS_DB_HOST"} {
		if c.env[name] == "" {
			continue
		}
		address, err := database.Address(&p, name)
		if err != nil {
			c.process.Log("php: %v", err)
			return 1
		}
		client, err := database.ScriptClient(c.withRequired(script), c.env, c.process.Files)
		if err != nil {
			c.process.Log("php: %v", err)
			return 1
		}
		for err = c.query(address, client); err != nil; err = c.query(address, client) {
			if !retries || c.ctx.Err() != nil {
				c.process.Log("php: %v", err)
				return 1
			}
			if c.sleepPaced(2*time.Second) != nil {
				return 1
			}
		}
		if strings.Contains(script, "wp_install(") {
			c.install(address, client)
		}
	}
	return 0
}

// required matches a mounted file of which a script requires the functions.
var required = regexp.MustCompile(`\brequire(?:_once)? '(/etc/[^']+)';`)

// withRequired is a script with the mounted files that it requires: one of them may connect to the database for it.
func (c *call) withRequired(script string) string {
	for _, found := range required.FindAllStringSubmatch(script, -1) {
		if text, err := c.process.Files.Read(found[1]); err == nil {
			script += string(text)
		}
	}
	return script
}

// script is the text of the script, given with -r or as a file.
func (c *call) script() (string, bool) {
	if c.has('r') {
		return c.options['r'], true
	}
	if len(c.operands) == 0 {
		return "", false
	}
	name := c.absolute(c.operands[0])
	script, err := c.process.Files.Read(name)
	if err != nil && c.process.Files.On(name) != software.Layer { // the image's own files are unknown
		c.process.Log("php: could not open input file: %s", name)
		return "", false
	}
	return string(script), true
}

// install does what the declared script does of all regions' Jobs that run it: one of them installs the site.
func (c *call) install(address software.HostPort, client database.Client) {
	already := false
	c.outside(func(network software.Network) { already = database.Install(network, address, client) })
	if already {
		c.process.Log("already installed")
	} else {
		c.process.Log("installed")
	}
}

func (c *call) query(address software.HostPort, client database.Client) (err error) {
	c.outside(func(network software.Network) { err = database.Query(network, address, client) })
	if software.TimedOut(err) {
		_ = c.sleepPaced(defaultSocketTimeout)
	}
	return err
}
