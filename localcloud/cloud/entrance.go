package cloud

import (
	"context"
	"net/http"
	"net/netip"
)

// Port is a TCP port of a machine.
type Port struct {
	Zone     string `json:"zone"`
	Instance string `json:"instance"` // the machine's name
	Number   int    `json:"port"`
}

// Entrance is the way in to machines from outside of their VPC: what a load balancer's front ends use. It behaves as
// the network and the machines do.
type Entrance interface {
	// Dial opens a TCP connection from an address to a port. Where nothing answers, because a firewall drops the packets
	// or a machine is off, it tries until the context ends; the error then says why nothing answered.
	//
	// What it returns sends HTTP requests over the connection, whatever host their URLs name, and waits for the answers
	// as long as the requests' contexts let it.
	Dial(ctx context.Context, from netip.Addr, to Port) (http.RoundTripper, error)
}
