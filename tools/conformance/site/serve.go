package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"geo-wordpress/tools/conformance/declared"
)

// serve forwards each connection to a Unix socket to a ready WordPress pod of a region, byte for byte. If there is
// none, it closes the connection.
func (s *site) serve(region *declared.Region, path string) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	key, _ := region.Service("wordpress")
	name := key.Name + "." + key.Namespace + ".svc." + region.DNSDomain
	go func() {
		for {
			client, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil { // too many open files, say
				fmt.Fprintln(os.Stderr, err)
				time.Sleep(100 * time.Millisecond)
				continue
			}
			go s.connect(client.(*net.UnixConn), name)
		}
	}()
	return nil
}

func (s *site) connect(client *net.UnixConn, name string) {
	defer client.Close()
	pods := s.Names.Lookup(name)
	if len(pods) == 0 {
		return
	}
	server, err := net.DialTimeout("tcp", net.JoinHostPort(pods[rand.IntN(len(pods))].String(), "80"), 5*time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	var wait sync.WaitGroup
	wait.Go(func() { pass(server.(*net.TCPConn), client) })
	wait.Go(func() { pass(client, server) })
	wait.Wait()
}

// pass copies one direction of a connection, and then its end.
func pass(to interface {
	io.Writer
	CloseWrite() error
}, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.CloseWrite()
}
