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

// Dialer connects to machines from outside their VPC, as a load balancer's front ends do. It behaves as the network
// and the machines do.
type Dialer interface {
	// Dial opens a TCP connection from an address to a port. If nothing answers, because a firewall drops the packets
	// or a machine is off, Dial tries until the context ends; the error then gives the reason.
	//
	// The returned RoundTripper sends HTTP requests over the connection, whatever host their URLs name, and waits for
	// the answers until the requests' contexts end.
	Dial(ctx context.Context, from netip.Addr, to Port) (http.RoundTripper, error)
}
