package software

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Network is a program's view of the network.
type Network interface {
	// Lookup resolves a name.
	Lookup(host string) ([]netip.Addr, error)
	// Dial opens a TCP connection to a name or address.
	Dial(host string, port int) (Remote, error)
}

// Remote is the far end of a connection.
type Remote struct {
	Port    int
	Program Program // nil for an address on the Internet
	Network Network // the far end's view
}

// Get requests a path from the far end over HTTP. Status 0 means that the timeout expired without an answer.
func (r Remote) Get(path string, timeout time.Duration) Response {
	return r.Send(Request{Path: path, Waited: timeout})
}

// Send sends a request over HTTP. Only a GET may be repeated.
func (r Remote) Send(request Request) Response {
	if r.Program == nil {
		return Response{Status: http.StatusOK}
	}
	return Ask(r.Program, r.Port, request, r.Network)
}

// Ask sends a request to a program. A port that speaks TLS answers only to a request over TLS.
func Ask(program Program, port int, request Request, network Network) Response {
	if secured, ok := As[Secured](program); ok && !request.TLS {
		if own, _ := secured.Identity(port); own != nil {
			return Response{Status: http.StatusBadRequest, Body: "Client sent an HTTP request to an HTTPS server.\n"}
		}
	}
	return program.Answer(port, request, network)
}

// Request is an HTTP request that has arrived at a program.
type Request struct {
	Path   string // with the query
	Method string // empty for GET
	Body   string
	// TLS says that it came over TLS: see Handshake.
	TLS bool
	// HTTP2 says that it came over HTTP/2, which clients use over TLS unless they are told not to.
	HTTP2 bool
	// Closed says that the client has closed its end of the connection already, as far as it can.
	Closed bool
	// Waited is how long the request has waited for its answer.
	Waited time.Duration
}

// Response is an HTTP response. Status 0 means that there is none yet: the caller polls again, with a larger
// Request.Waited.
type Response struct {
	Status int
	Body   string
	Header http.Header
	// Certificate is what the server has shown, nil without TLS.
	Certificate *x509.Certificate
}

// Connect connects to a program of type T.
func Connect[T any](network Network, to HostPort) (T, error) {
	remote, err := network.Dial(to.Host, to.Port)
	if err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", to, err)
	}
	program, ok := As[T](remote.Program)
	if !ok {
		err = fmt.Errorf("%s: another program answers there", to)
	}
	return program, err
}

// TimedOut says whether a connection failed by a timeout rather than at once.
func TimedOut(err error) bool {
	var failure net.Error
	return errors.As(err, &failure) && failure.Timeout()
}
