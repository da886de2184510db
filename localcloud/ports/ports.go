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

// Ports are taken from below the range that systems give to outgoing connections (from 32768 on Linux, from 49152
// elsewhere): a port from within it can be in use by some client just when its server comes back.
const (
	first = 20000
	last  = 32767
)

var (
	mutex  sync.Mutex
	handed = map[int]bool{}
)

// Free returns a port on the loopback interface that nothing listens on. It returns each port once: what got it may
// take a while until it listens.
func Free() (int, error) {
	mutex.Lock()
	defer mutex.Unlock()
	const tries = 1000
	for range tries {
		port := first + rand.IntN(last-first+1)
		if handed[port] || !Available(port) {
			continue
		}
		handed[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d on 127.0.0.1 in %d tries", first, last, tries)
}

// Available says whether a port on the loopback interface can be listened on now.
func Available(port int) bool {
	return listenable("127.0.0.1", port) == nil
}

// webPort is where browsers expect a site.
const webPort = 80

// Site returns where a server can stand for a site on an address of the loopback interface: the address itself where
// this process may listen on its port 80, else the address and another port that is free. A system that has no such
// loopback address gives 127.0.0.1 and a port.
func Site(address netip.Addr) (string, error) {
	err := listenable(address.String(), webPort)
	if err == nil {
		return address.String(), nil
	}
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	const tries = 1000
	for range tries {
		port := first + rand.IntN(last-first+1)
		if listenable(address.String(), port) == nil {
			return net.JoinHostPort(address.String(), strconv.Itoa(port)), nil
		}
	}
	return "", fmt.Errorf("no free port between %d and %d on %s in %d tries", first, last, address, tries)
}

func listenable(host string, port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}
