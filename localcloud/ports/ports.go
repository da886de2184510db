// Package ports finds TCP ports for servers that keep theirs across restarts.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
)

// Ports are below the range for outgoing connections (from 32768 on Linux, from 49152 elsewhere): a client could hold a
// port of that range just when its server comes back.
const (
	first = 20000
	last  = 32767
)

var (
	mutex  sync.Mutex
	handed = map[int]bool{}
)

// Free returns a port on the loopback interface that nothing listens on. It returns each port only once, because its
// user may take a while to listen.
func Free() (int, error) {
	mutex.Lock()
	defer mutex.Unlock()
	port, err := find("127.0.0.1", func(port int) bool { return !handed[port] })
	if err == nil {
		handed[port] = true
	}
	return port, err
}

// find returns a port that a predicate accepts and that nothing listens on.
func find(host string, accepts func(port int) bool) (int, error) {
	const tries = 1000
	for range tries {
		port := first + rand.IntN(last-first+1)
		if accepts(port) && listenable(host, port) == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d on %s in %d tries", first, last, host, tries)
}

// Available reports whether a port on the loopback interface can be listened on now.
func Available(port int) bool {
	return listenable("127.0.0.1", port) == nil
}

// webPort is where browsers expect a site.
const webPort = 80

// Site returns the address of a site's server on the loopback interface: the address itself if this process may listen
// on its port 80, otherwise the address with another free port. If the system lacks the loopback address, Site returns
// 127.0.0.1 with a port.
func Site(address netip.Addr) (string, error) {
	switch err := listenable(address.String(), webPort); {
	case err == nil:
		return address.String(), nil
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	port, err := find(address.String(), func(int) bool { return true })
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(address.String(), strconv.Itoa(port)), nil
}

func listenable(host string, port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}
