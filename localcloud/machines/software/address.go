package software

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// hostPort is an address that a flag names.
type hostPort struct {
	host string
	port int
}

func (a hostPort) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

// everywhere says whether a server at this address is reachable from other pods.
func (a hostPort) everywhere() bool {
	return a.host != "127.0.0.1" && a.host != "localhost" && a.host != "::1"
}

// unspecified says whether the address names no particular host.
func (a hostPort) unspecified() bool { return a.host == "" || a.host == "0.0.0.0" || a.host == "::" }

func parseHostPort(s string) (hostPort, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return hostPort{}, fmt.Errorf("address %q: want host:port", s)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return hostPort{}, fmt.Errorf("address %q: port %q is no port number", s, port)
	}
	return hostPort{host, n}, nil
}

// parseURLs reads a comma-separated list of http:// addresses, as PD's flags take them.
func parseURLs(list string) ([]hostPort, error) {
	var found []hostPort
	for _, item := range strings.Split(list, ",") {
		u, err := url.Parse(strings.TrimSpace(item))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("URL %q: want http://host:port", item)
		}
		address, err := parseHostPort(u.Host)
		if err != nil {
			return nil, err
		}
		found = append(found, address)
	}
	return found, nil
}

// parseAddresses reads a comma-separated list of host:port.
func parseAddresses(list string) ([]hostPort, error) {
	var found []hostPort
	for _, item := range strings.Split(list, ",") {
		address, err := parseHostPort(strings.TrimSpace(item))
		if err != nil {
			return nil, err
		}
		found = append(found, address)
	}
	return found, nil
}
