package endpoint

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// swallow takes over an address so that clients that dial it get no answer. Its socket listens for one connection and
// never accepts it: with its queue full, the kernel drops everything else.
func swallow(address string) (io.Closer, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("drop packets to %s: %w", address, err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	hole := &hole{fd: fd}
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
	// A closed listener releases the address only when its Accept has returned.
	for wait := time.Millisecond; err == syscall.EADDRINUSE && wait < time.Second; wait *= 2 {
		time.Sleep(wait)
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
	}
	if err != nil {
		_ = hole.Close()
		return nil, fmt.Errorf("drop packets to %s: %w", address, os.NewSyscallError("bind", err))
	}
	if err := syscall.Listen(fd, 0); err != nil {
		_ = hole.Close()
		return nil, os.NewSyscallError("listen", err)
	}
	filler, err := net.Dial("tcp", address)
	if err != nil {
		_ = hole.Close()
		return nil, fmt.Errorf("drop packets to %s: %w", address, err)
	}
	hole.filler = filler
	return hole, nil
}

type hole struct {
	fd     int
	filler net.Conn
}

func (h *hole) Close() error {
	if h.filler != nil {
		_ = h.filler.Close()
	}
	return syscall.Close(h.fd)
}
