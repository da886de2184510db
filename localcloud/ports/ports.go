// Package ports finds TCP ports for servers that keep theirs across restarts.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
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
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}
