package database

import (
	"fmt"
	"net/url"
	"strings"
	"syscall"

	"github.com/BurntSushi/toml"

	"geo-wordpress/localcloud/machines/software"
)

// durable checks that a data directory outlives its container. (The real server would start on the container's own
// layer, and lose its membership at the first restart.)
func durable(p *software.Process, flag, dir string) error {
	if dir == "" || p.Files.On(dir) == software.Layer {
		return fmt.Errorf("%s %q is not on a mounted volume: the data would be lost with the container", flag, dir)
	}
	if !p.Files.Writable(dir) {
		return fmt.Errorf("%s %q: %w", flag, dir, syscall.EROFS)
	}
	return nil
}

// readTOML reads a configuration file, if name is not empty.
func readTOML(p *software.Process, name string, into any) error {
	if name == "" {
		return nil
	}
	content, err := p.Files.Read(name)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	if err := toml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("config %s: %w", name, err)
	}
	return nil
}

// parseList reads a comma-separated list of addresses.
func parseList(list string, parse func(string) (software.HostPort, error)) (found []software.HostPort, err error) {
	for _, item := range strings.Split(list, ",") {
		address, err := parse(strings.TrimSpace(item))
		if err != nil {
			return nil, err
		}
		found = append(found, address)
	}
	return found, nil
}

// parseURL reads http://host:port.
func parseURL(text string) (software.HostPort, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return software.HostPort{}, fmt.Errorf("URL %q: want http://host:port", text)
	}
	return software.ParseHostPort(u.Host)
}

// parseURLs reads a list of URLs, as PD's flags take them.
func parseURLs(list string) ([]software.HostPort, error) { return parseList(list, parseURL) }
