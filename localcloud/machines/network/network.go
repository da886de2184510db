// Package network connects programs: it finds the program at the end of each connection that the model of the VPC
// (package vpc) admits.
//
// Its methods and those of its connections read programs, so that callers must not run them concurrently.
package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/google"
	"geo-wordpress/localcloud/machines/vpc"
)

// Pod is a pod on the network.
type Pod interface {
	// Place is the pod's location, with its address.
	Place() vpc.Place
	// Up says whether the pod's machine is on.
	Up() bool
	// Listener returns the program that accepts connections on a port, nil if there is none; local: from the pod
	// itself, to 127.0.0.1.
	Listener(port int, local bool) software.Program
	// Count records that the pod has answered a request from outside its VPC, as a kind of software.
	Count(kind string)
	// Workload is the pod as its machine's metadata server knows it.
	Workload() cloud.Workload
}

// Network is the network of all clusters.
type Network struct {
	facts func() cloud.Facts
	find  func(cluster string, pod *corev1.Pod) Pod
	world *vpc.World
}

// New creates a network without clusters. facts returns the cloud's firewalls and routes, nil if there are none; find
// returns a running pod, nil if its machine does not run it.
func New(facts func() cloud.Facts, find func(cluster string, pod *corev1.Pod) Pod) *Network {
	n := &Network{facts: facts, find: find}
	n.Update(nil, cloud.Failures{})
	return n
}

// Update replaces the clusters and the failures.
func (n *Network) Update(clusters []vpc.Cluster, failures cloud.Failures) {
	n.world = vpc.NewWorld(clusters, n.admits, n.Internet, failures)
}

// Size returns the number of clusters.
func (n *Network) Size() int { return n.world.Size() }

func (n *Network) admits(network string, from netip.Addr, tags []string, protocol string, port int) bool {
	facts := n.facts()
	return facts != nil && facts.Admits(network, from, tags, protocol, port)
}

// Internet says whether a cluster has a route to the Internet.
func (n *Network) Internet(cluster string) bool {
	facts := n.facts()
	return facts != nil && facts.Internet(cluster)
}

// From returns the network as a pod sees it.
func (n *Network) From(p Pod) software.Network { return view{n, p.Place(), p} }

// FromNode returns the network as a machine sees it.
func (n *Network) FromNode(cluster, node string) software.Network {
	return view{n, vpc.Place{Cluster: cluster, Node: node}, nil}
}

// AdmitsAPI returns nil, or the reason why a pod does not reach its control plane.
func (n *Network) AdmitsAPI(p Pod) error { return n.world.AdmitsAPI(p.Place()) }

// view is the network as seen from a place.
type view struct {
	network *Network
	place   vpc.Place
	pod     Pod // nil on a machine
}

var loopback = netip.MustParseAddr("127.0.0.1")

// Lookup resolves a name. Its errors are net.Errors, like those of a program's resolver.
func (v view) Lookup(host string) ([]netip.Addr, error) {
	if host == "localhost" {
		return []netip.Addr{loopback}, nil
	}
	addresses, err := v.network.world.Lookup(v.place, host)
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
		remote, err := v.dial(host, address, port)
		if err == nil {
			return remote, nil
		}
		last = err
	}
	return software.Remote{}, &net.OpError{Op: "dial", Net: "tcp", Err: last}
}

// google returns the server of Google's that a pod connects to, nil for any other.
func (v view) google(host string, port int) software.Program {
	facts := v.network.facts()
	metadata, storage := host == google.Metadata && port == google.MetadataPort, host == google.Storage && port == google.StoragePort
	if facts == nil || v.pod == nil || !metadata && !storage {
		return nil
	}
	return &google.Server{Objects: facts, Workload: v.pod.Workload()}
}

func (v view) dial(host string, address netip.Addr, port int) (software.Remote, error) {
	if address.IsLoopback() {
		if v.pod != nil {
			if program := v.pod.Listener(port, true); program != nil {
				return software.Remote{Port: port, Program: program, Network: v}, nil
			}
		}
		return software.Remote{}, fmt.Errorf("%s:%d: %w", address, port, vpc.ErrRefused)
	}
	targets, err := v.network.world.Connect(v.place, address, port)
	if err != nil {
		return software.Remote{}, err
	}
	for _, target := range targets {
		if target.External {
			return software.Remote{Port: target.Port, Program: v.google(host, port)}, nil
		}
		p := v.network.find(target.Cluster, target.Pod)
		if p == nil {
			continue
		}
		if program := p.Listener(target.Port, false); program != nil {
			return software.Remote{Port: target.Port, Program: program, Network: v.network.From(p)}, nil
		}
	}
	return software.Remote{}, &vpc.Failure{Err: vpc.ErrRefused, Why: fmt.Sprintf("nothing listens on %s:%d", address, port)}
}
