package machines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/network"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/vpc"
)

var _ cloud.Dialer = (*Simulator)(nil)

// poll calls f with exponential back-off, from 20 to 500 ms, until it is done: TCP retransmits an unanswered connection
// the same way, and a server that does not answer yet waits for its own dependencies.
func poll(ctx context.Context, f wait.ConditionWithContextFunc) error {
	delays := wait.Backoff{Duration: 20 * time.Millisecond, Factor: 2, Cap: 500 * time.Millisecond, Steps: 10}.DelayFunc()
	return delays.Until(ctx, true, true, f)
}

// Dial implements cloud.Dialer.
func (s *Simulator) Dial(ctx context.Context, from netip.Addr, to cloud.Port) (http.RoundTripper, error) {
	var c *network.Connection
	var err error
	_ = poll(ctx, func(context.Context) (bool, error) {
		c, err = s.accept(from, to)
		return !errors.Is(err, vpc.ErrTimeout), nil
	})
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return &connection{s, c}, nil
}

// accept connects to a program that accepts the connection now.
func (s *Simulator) accept(from netip.Addr, to cloud.Port) (*network.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clusters {
		if k := c.kubelets[to.Instance]; k != nil && k.Machine.Zone == to.Zone {
			return s.network.Accept(from, c.info.ID, to.Instance, to.Number)
		}
	}
	return nil, &vpc.Failure{Err: vpc.ErrTimeout, Why: fmt.Sprintf("there is no machine %s in %s", to.Instance, to.Zone)}
}

// connection carries requests over an accepted TCP connection.
type connection struct {
	sim *Simulator
	tcp *network.Connection
}

// RoundTrip sends a request and waits for the response.
func (c *connection) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
		if _, err := io.Copy(io.Discard, r.Body); err != nil { // no model reads request bodies
			return nil, err
		}
	}
	request := software.Request{Path: r.URL.RequestURI()}
	began := time.Now()
	var response software.Response
	var failure error
	_ = poll(r.Context(), func(context.Context) (bool, error) {
		request.Waited = time.Since(began)
		c.sim.mu.Lock()
		defer c.sim.mu.Unlock()
		response, failure = c.tcp.Answer(request)
		return failure != nil || response.Status != 0, nil
	})
	if failure == nil && response.Status == 0 {
		failure = &vpc.Failure{Err: vpc.ErrTimeout, Why: "no answer from " + c.peer()}
	}
	if failure != nil {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: failure}
	}
	return httpResponse(r, response), nil
}

func (c *connection) peer() string {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return c.tcp.Peer()
}

// Software returns the kind of software that accepted the connection (software.State.Kind), empty for the machine
// itself.
func (c *connection) Software() string {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return c.tcp.Software()
}

func httpResponse(r *http.Request, from software.Response) *http.Response {
	header := from.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "text/html; charset=UTF-8")
	}
	body := from.Body
	if r.Method == http.MethodHead {
		body = ""
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", from.Status, http.StatusText(from.Status)),
		StatusCode: from.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		Request: r,
	}
}
