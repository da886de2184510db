package shell

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/BurntSushi/toml"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/google"
)

// site is the part of a dump's names that only that of an installed site has.
const site = ".wp_options.000000000.sql"

// dumpling dumps the database to a bucket.
func dumpling(c *call) int {
	args, err := long(c.operands, []string{"h", "host", "P", "port", "u", "user", "p", "password", "B", "database", "f", "filter",
		"consistency", "c", "compress", "F", "filesize", "r", "rows", "t", "threads", "status-addr", "ca", "o", "output"}, nil)
	server, problem := software.ParseHostPort(args.last("host") + args.last("h") + ":" + args.last("port") + args.last("P"))
	to, ok := strings.CutPrefix(args.last("output")+args.last("o"), "gs://")
	bucket, folder, _ := strings.Cut(to, "/")
	if err == nil {
		err = problem
	}
	if err == nil && !ok {
		err = errors.New("the model dumps only to gs://BUCKET/PATH")
	}
	var client database.Client
	if err == nil && args.has("ca") {
		client, err = database.FileClient(c.absolute(args.last("ca")), c.process.Files)
	}
	installed := false
	if err == nil {
		if err = c.query(server, client); err == nil {
			c.outside(func(network software.Network) { installed = database.Installed(network, server) })
		}
	}
	objects := []string{"wordpress-schema-create.sql"}
	if installed {
		objects = append(objects, "wordpress"+site)
	}
	for _, name := range append(objects, "metadata") {
		if err == nil {
			err = c.inBucket(bucket, func(b google.Bucket) error { return b.Insert(path.Join(folder, name), []byte(name)) })
		}
	}
	return c.finish("dumpling", err, "dump data successfully, dumpling will exit now")
}

// lightning loads a dump from a bucket into the database.
func lightning(c *call) int {
	var config struct {
		Mydumper struct {
			Source string `toml:"data-source-dir"`
		} `toml:"mydumper"`
		TiDB struct {
			Host string `toml:"host"`
			Port int    `toml:"port"`
			TLS  struct {
				Authorities string `toml:"ca-path"`
			} `toml:"security"`
		} `toml:"tidb"`
	}
	args, err := long(c.operands, []string{"config"}, nil)
	var text []byte
	if err == nil {
		text, err = c.process.Files.Read(c.absolute(args.last("config")))
	}
	if err == nil {
		_, err = toml.Decode(string(text), &config)
	}
	from, ok := strings.CutPrefix(config.Mydumper.Source, "gs://")
	if err == nil && !ok {
		err = errors.New("the model loads only from gs://BUCKET/PATH")
	}
	bucket, folder, _ := strings.Cut(from, "/")
	server := software.HostPort{Host: config.TiDB.Host, Port: config.TiDB.Port}
	installed := false
	if err == nil {
		err = c.inBucket(bucket, func(b google.Bucket) error {
			found, err := b.List(strings.Trim(folder, "/") + "/")
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("no dump in %s", config.Mydumper.Source)
			}
			for _, object := range found {
				if err == nil {
					_, err = b.Read(object.Name)
				}
				installed = installed || strings.HasSuffix(object.Name, site)
			}
			return err
		})
	}
	client, problem := database.FileClient(config.TiDB.TLS.Authorities, c.process.Files)
	if err == nil {
		err = problem
	}
	if err == nil {
		err = c.query(server, client)
	}
	if err == nil && installed {
		c.outside(func(network software.Network) { database.Install(network, server, client) })
	}
	return c.finish("tidb lightning", err, "tidb lightning exit")
}

func (c *call) finish(name string, err error, done string) int {
	if err != nil {
		c.process.Log("%s: %v", name, err)
		return 1
	}
	c.process.Log("%s", done)
	return 0
}
