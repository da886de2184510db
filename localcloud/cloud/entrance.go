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
// the network and the machines do. Where nothing answers, because a firewall drops the packets or a machine is off, it
// waits until the context ends; the error then says why nothing answered.
type Entrance interface {
	// Dial opens a TCP connection from an address to a port, and closes it again.
	Dial(ctx context.Context, from netip.Addr, to Port) error
	// RoundTrip sends an HTTP request from an address to a port, and returns the answer. The request's context bounds
	// it; whatever the request's URL says, it goes to the port.
	RoundTrip(r *http.Request, from netip.Addr, to Port) (*http.Response, error)
}
