package software

import (
	"fmt"
	"net"
	"slices"
	"strconv"
)

// HostPort is an address that a flag names.
type HostPort struct {
	Host string
	Port int
}

func (a HostPort) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// ParseHostPort parses host:port.
func ParseHostPort(s string) (HostPort, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return HostPort{}, fmt.Errorf("address %q: want host:port", s)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return HostPort{}, fmt.Errorf("address %q: port %q is no port number", s, port)
	}
	return HostPort{host, n}, nil
}

// Accepts says whether a server that listens on the addresses accepts a connection to the port; local: from its own pod.
func Accepts(listening []HostPort, port int, local bool) bool {
	return slices.ContainsFunc(listening, func(a HostPort) bool {
		loopback := a.Host == "127.0.0.1" || a.Host == "localhost" || a.Host == "::1"
		return a.Port == port && (local || !loopback)
	})
}
