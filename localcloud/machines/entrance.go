package machines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/vpc"
)

var _ cloud.Entrance = (*Simulator)(nil)

// Dial and RoundTrip poll with exponential back-off, from 20 to 500 ms: TCP retransmits an unanswered connection the
// same way, and the server waits for its own dependencies.
const (
	firstLook = 20 * time.Millisecond
	lastLook  = 500 * time.Millisecond
)

// Ports of a machine's own servers.
const (
	kubeletPort = 10250 // HTTPS
	healthzPort = 10256 // the node proxy's health check
)

// connection is a TCP connection that was accepted by a pod, or by the machine itself if pod is nil.
type connection struct {
	sim     *Simulator
	pod     *pod
	program software.Program
	port    int
}

// Dial implements cloud.Entrance.
func (s *Simulator) Dial(ctx context.Context, from netip.Addr, to cloud.Port) (http.RoundTripper, error) {
	for wait := firstLook; ; wait = min(2*wait, lastLook) {
		c, err := s.accepted(from, to)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, vpc.ErrTimeout) || sleep(ctx, wait) != nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
}

// RoundTrip sends a request and waits for the response.
func (c *connection) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
		if _, err := io.Copy(io.Discard, r.Body); err != nil { // no model reads request bodies
			return nil, err
		}
	}
	request := software.Request{Method: r.Method, Host: r.Host, Path: r.URL.RequestURI(), Header: r.Header}
	began := time.Now()
	for wait := firstLook; ; wait = min(2*wait, lastLook) {
		request.Waited = time.Since(began)
		response, err := c.answer(request)
		if err != nil {
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: err}
		}
		if response.Status != 0 {
			return httpResponse(r, response), nil
		}
		if sleep(r.Context(), wait) != nil {
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: &vpc.Failure{Err: vpc.ErrTimeout, Why: "no answer"}}
		}
	}
}

// Software returns the kind of software that accepted the connection (software.State.Kind), empty for the machine
// itself.
func (c *connection) Software() string {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return software.StateOf(c.program).Kind
}

// accepted finds the program that accepts a connection now.
func (s *Simulator) accepted(from netip.Addr, to cloud.Port) (*connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, m := s.machine(to)
	if m == nil || s.world == nil {
		return nil, &vpc.Failure{Err: vpc.ErrTimeout, Why: fmt.Sprintf("there is no machine %s in %s", to.Instance, to.Zone)}
	}
	targets, err := s.world.Enter(from, c.info.ID, m.name, to.Number)
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
	for _, target := range targets {
		p := c.pods[target.Pod.UID]
		if p == nil {
			continue
		}
		if program := p.listener(target.Port, false); program != nil {
			return &connection{s, p, program, target.Port}, nil
		}
		if !target.Pod.Spec.HostNetwork {
			// The load balancing chose this endpoint, and does not try another.
			return nil, &vpc.Failure{Err: vpc.ErrRefused, Why: fmt.Sprintf("nothing listens on %s:%d in pod %s", target.Address, target.Port, p.name())}
		}
	}
	if to.Number == kubeletPort || to.Number == healthzPort {
		return &connection{sim: s, port: to.Number}, nil
	}
	return nil, &vpc.Failure{Err: vpc.ErrRefused, Why: fmt.Sprintf("no Service has the node port %d, and nothing else listens there on machine %s", to.Number, m.name)}
}

// machine finds a machine by its zone and name. The caller holds Simulator.mu.
func (s *Simulator) machine(of cloud.Port) (*cluster, *machine) {
	for _, c := range s.clusters {
		if m := c.machines[of.Instance]; m != nil && m.zone == of.Zone {
			return c, m
		}
	}
	return nil, nil
}

// answer passes a request to the program that accepted the connection.
func (c *connection) answer(r software.Request) (software.Response, error) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	if c.pod == nil {
		return machineAnswer(c.port, r), nil
	}
	if c.pod.machine.power != on {
		return software.Response{}, nil // a machine that is off does not even close the connection
	}
	if c.pod.listener(c.port, false) != c.program || c.program.Exit() != nil {
		return software.Response{}, syscall.ECONNRESET
	}
	return c.program.Answer(c.port, r, c.sim.view(c.pod)), nil
}

// machineAnswer returns the response of the machine's own servers.
func machineAnswer(port int, r software.Request) software.Response {
	switch {
	case port == kubeletPort:
		return software.Response{Status: http.StatusBadRequest, Body: "Client sent an HTTP request to an HTTPS server.\n"}
	case r.Path == "/healthz":
		return software.Response{Status: http.StatusOK}
	}
	return software.Response{Status: http.StatusNotFound, Body: "404 page not found\n"}
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
