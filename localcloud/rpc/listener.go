package rpc

import (
	"io"
	"net"
	"sync"
)

// loneListener accepts one existing connection, and reports io.EOF when that is closed.
type loneListener struct {
	address  net.Addr
	accepted chan net.Conn
	once     sync.Once
	done     chan struct{}
}

func newLoneListener(connection net.Conn) *loneListener {
	l := &loneListener{
		address:  connection.LocalAddr(),
		accepted: make(chan net.Conn, 1),
		done:     make(chan struct{}),
	}
	l.accepted <- &watchedConn{Conn: connection, listener: l}
	return l
}

func (l *loneListener) Accept() (net.Conn, error) {
	// Both channels may be ready: prefer a waiting connection, so that a Close does not lose it.
	select {
	case connection := <-l.accepted:
		return connection, nil
	default:
	}
	select {
	case connection := <-l.accepted:
		return connection, nil
	case <-l.done:
		return nil, io.EOF
	}
}

// Close ends Accept, and closes a connection that was never accepted. An accepted one belongs to its acceptor.
func (l *loneListener) Close() error {
	l.end()
	select {
	case connection := <-l.accepted:
		return connection.Close()
	default:
		return nil
	}
}

func (l *loneListener) Addr() net.Addr { return l.address }

func (l *loneListener) end() { l.once.Do(func() { close(l.done) }) }

// watchedConn tells its listener when it is closed.
type watchedConn struct {
	net.Conn
	listener *loneListener
}

func (c *watchedConn) Close() error {
	defer c.listener.end()
	return c.Conn.Close()
}
