package machines

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/vpc"
)

// view is the network as seen from a place. Its users hold Simulator.mu.
type view struct {
	sim   *Simulator
	place vpc.Place
	pod   *pod // nil on a node
}

func (s *Simulator) view(p *pod) view {
	return view{s, vpc.Place{Cluster: p.cluster.info.ID, Node: p.machine.name, Pod: p.located()}, p}
}

func (c *cluster) nodeView(m *machine) view {
	return view{c.sim, vpc.Place{Cluster: c.info.ID, Node: m.name}, nil}
}

var loopback = netip.MustParseAddr("127.0.0.1")

// Lookup resolves a name. Its errors are net.Errors, like those of a program's resolver.
func (v view) Lookup(host string) ([]netip.Addr, error) {
	if host == "localhost" {
		return []netip.Addr{loopback}, nil
	}
	if v.sim.world == nil {
		return nil, &net.DNSError{Err: "no network", Name: host, IsTemporary: true}
	}
	addresses, err := v.sim.world.Lookup(v.place, host)
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: host, IsNotFound: errors.Is(err, vpc.ErrNoSuchHost), IsTimeout: errors.Is(err, vpc.ErrTimeout)}
	}
	return addresses, nil
}

// Dial connects to the first of a name's addresses that accepts.
func (v view) Dial(host string, port int) (software.Remote, error) {
	addresses, err := v.Lookup(host)
	if err != nil {
		return software.Remote{}, err
	}
	var last error
	for _, address := range addresses {
		remote, err := v.dial(address, port)
		if err == nil {
			return remote, nil
		}
		last = err
	}
	return software.Remote{}, &net.OpError{Op: "dial", Net: "tcp", Err: last}
}

func (v view) dial(address addr, port int) (software.Remote, error) {
	if address.IsLoopback() {
		if v.pod != nil {
			if program := v.pod.listener(port, true); program != nil {
				return software.Remote{Address: address, Port: port, Program: program, Network: v}, nil
			}
		}
		return software.Remote{}, fmt.Errorf("%s:%d: %w", address, port, vpc.ErrRefused)
	}
	targets, err := v.sim.world.Connect(v.place, address, port)
	if err != nil {
		return software.Remote{}, err
	}
	for _, target := range targets {
		if target.External {
			return software.Remote{Address: target.Address, Port: target.Port}, nil
		}
		c := v.sim.clusters[target.Cluster]
		if c == nil {
			continue
		}
		p := c.pods[target.Pod.UID]
		if p == nil {
			continue
		}
		if program := p.listener(target.Port, false); program != nil {
			return software.Remote{Address: target.Address, Port: target.Port, Program: program, Network: v.sim.view(p)}, nil
		}
	}
	return software.Remote{}, &vpc.Failure{Err: vpc.ErrRefused, Why: fmt.Sprintf("nothing listens on %s:%d", address, port)}
}

// listener returns the program of a pod that accepts connections on a port.
func (p *pod) listener(port int, local bool) software.Program {
	for _, ct := range p.all() {
		if ct.program != nil && ct.program.Accepts(port, local) {
			return ct.program
		}
	}
	return nil
}
