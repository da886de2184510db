package network

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"syscall"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/vpc"
)

// Ports of a machine's own servers.
const (
	kubeletPort = 10250 // HTTPS
	healthzPort = 10256 // the node proxy's health check
)

// Connection is a TCP connection from outside the VPC that was accepted by a pod, or by the machine itself if pod is nil.
type Connection struct {
	network *Network
	pod     Pod
	program software.Program
	port    int
}

// Accept returns a connection to a port of a machine, if a program accepts it now.
func (n *Network) Accept(from netip.Addr, cluster, machine string, port int) (*Connection, error) {
	targets, err := n.world.Enter(from, cluster, machine, port)
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
	for _, target := range targets {
		p := n.find(cluster, target.Pod)
		if p == nil {
			continue
		}
		if program := p.Listener(target.Port, false); program != nil {
			return &Connection{n, p, program, target.Port}, nil
		}
		if !target.Pod.Spec.HostNetwork {
			// The load balancing chose this endpoint, and does not try another.
			return nil, &vpc.Failure{Err: vpc.ErrRefused, Why: fmt.Sprintf("nothing listens on %s:%d in pod %s/%s",
				target.Address, target.Port, target.Pod.Namespace, target.Pod.Name)}
		}
	}
	if port == kubeletPort || port == healthzPort {
		return &Connection{network: n, port: port}, nil
	}
	return nil, &vpc.Failure{Err: vpc.ErrRefused, Why: fmt.Sprintf(
		"no Service has the node port %d, and nothing else listens there on machine %s", port, machine)}
}

// Software returns the kind of software that accepted the connection (software.State.Kind), empty for the machine
// itself.
func (c *Connection) Software() string { return software.StateOf(c.program).Kind }

// Peer names what accepted the connection, for messages.
func (c *Connection) Peer() string {
	if c.pod == nil {
		return "the machine itself"
	}
	place, state := c.pod.Place(), software.StateOf(c.program)
	return fmt.Sprintf("pod %s/%s of %s, where %s %s", place.Pod.Namespace, place.Pod.Name, place.Cluster, state.Kind, state.Word)
}

// Answer passes a request to the program that accepted the connection.
func (c *Connection) Answer(r software.Request) (software.Response, error) {
	if c.pod == nil {
		return machineAnswer(c.port, r), nil
	}
	if !c.pod.Up() {
		return software.Response{}, nil // a machine that is off does not even close the connection
	}
	if c.pod.Listener(c.port, false) != c.program || c.program.Exit() != nil {
		return software.Response{}, syscall.ECONNRESET
	}
	response := c.program.Answer(c.port, r, c.network.From(c.pod))
	if response.Status != 0 {
		c.pod.Count(c.Software())
	}
	return response, nil
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
