// Package softwaretest runs modelled programs on a simulated network with a clock.
package softwaretest

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/models"
)

// World is a network of named processes, and a clock.
type World struct {
	t     *testing.T
	mu    sync.Mutex
	Now   time.Time
	Hosts map[string]*Host
	// Secure gives every process the certificate of the database's servers, which then speak TLS.
	Secure bool
	// Certificate has its files. A process keeps the volume of its start.
	Certificate *software.Volume
	// Cut says whether packets from one host to a port of another are lost.
	Cut func(from, to string, port int) bool
}

// Host is one host with one program.
type Host struct {
	name    string
	address netip.Addr
	Program software.Program
	Process *software.Process
	pod     []*Host // the hosts of the same pod, this one included
	Hidden  bool    // without a DNS record
	Logs    []string
}

// New makes a world without hosts.
func New(t *testing.T) *World {
	return &World{t: t, Now: time.Now().Truncate(time.Second), Hosts: map[string]*Host{}, Certificate: software.NewVolume(software.Config, certified())}
}

// Place starts a process on a host.
func (w *World) Place(name string, p software.Process) *Host {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.Hosts[name]
	if s == nil {
		s = &Host{name: name, address: netip.AddrFrom4([4]byte{10, 1, 0, byte(len(w.Hosts) + 1)})}
		s.pod = []*Host{s}
		w.Hosts[name] = s
	}
	if p.Files == nil {
		p.Files = Disk("/data")
	}
	if w.Secure {
		p = w.secure(p)
	}
	if p.Capabilities == nil {
		p.Capabilities = Capabilities("CHOWN", "SETUID", "SETGID", "DAC_READ_SEARCH", "SYS_RESOURCE")
	}
	if p.Pace == 0 {
		p.Pace = 1
	}
	p.Log = func(format string, args ...any) { s.Logs = append(s.Logs, fmt.Sprintf(format, args...)) }
	p.Outside = func(f func(software.Network)) {
		w.mu.Lock()
		defer w.mu.Unlock()
		f(view{w, s})
	}
	s.Process = &p
	s.Program = models.Start(&p, w.Now)
	w.t.Cleanup(func() {
		if s.Program != nil {
			s.Program.Kill()
		}
	})
	return s
}

// Together makes one pod of two hosts: each reaches the other's ports at 127.0.0.1.
func (w *World) Together(one, other *Host) {
	one.pod = []*Host{one, other}
	other.pod = one.pod
}

// Pass advances the clock and the programs.
func (w *World) Pass(d time.Duration) {
	const step = 100 * time.Millisecond
	for end := w.Now.Add(d); w.Now.Before(end); {
		w.Now = w.Now.Add(step)
		w.mu.Lock()
		for _, s := range w.Hosts {
			if s.Program != nil {
				s.Program.Step(w.Now, view{w, s})
			}
		}
		w.mu.Unlock()
	}
}

// WaitExit waits in real time for a script to exit.
func (w *World) WaitExit(s *Host) int {
	w.t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		w.Pass(100 * time.Millisecond)
		w.mu.Lock()
		exit := s.Program.Exit()
		w.mu.Unlock()
		if exit != nil {
			return exit.Code
		}
	}
	w.t.Fatalf("%s does not end; it printed %q", s.name, s.Logs)
	return 0
}

// Get returns the answer to a request that has just arrived.
func (w *World) Get(host string, port int, path string) software.Response {
	return w.GetAfter(0, host, port, path)
}

// GetAfter returns the answer to a request that has waited for some time.
func (w *World) GetAfter(waited time.Duration, host string, port int, path string) software.Response {
	return w.Send(host, port, software.Request{Path: path, Waited: waited})
}

// Send returns the answer to any request.
func (w *World) Send(host string, port int, request software.Request) software.Response {
	if !w.Accepts(host, port) {
		return software.Response{Status: -1}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.Hosts[host]
	return s.Program.Answer(port, request, view{w, s})
}

// Accepts says whether a host accepts a connection to a port.
func (w *World) Accepts(host string, port int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Hosts[host].Program.Accepts(port, false)
}

// View returns the network as a host sees it.
func (w *World) View(s *Host) software.Network { return view{w, s} }

// Kill kills the programs of hosts, whose ports are then closed.
func (w *World) Kill(names ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range names {
		if s := w.Hosts[name]; s.Program != nil {
			s.Program.Kill()
			s.Program = nil
		}
	}
}

type view struct {
	w *World
	s *Host
}

func (v view) Lookup(name string) ([]netip.Addr, error) {
	if s := v.w.Hosts[name]; s != nil && !s.Hidden {
		return []netip.Addr{s.address}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func (v view) Dial(name string, port int) (software.Remote, error) {
	if name == "localhost" || name == "127.0.0.1" {
		for _, s := range v.s.pod {
			if s.Program != nil && s.Program.Accepts(port, true) {
				return software.Remote{Port: port, Program: s.Program, Network: view{v.w, s}}, nil
			}
		}
		return software.Remote{}, fmt.Errorf("%s:%d: connection refused", name, port)
	}
	if _, err := v.Lookup(name); err != nil {
		return software.Remote{}, err
	}
	s := v.w.Hosts[name]
	if v.w.Cut != nil && v.w.Cut(v.s.name, name, port) {
		return software.Remote{}, &net.OpError{Op: "dial", Net: "tcp", Err: timeoutError{}}
	}
	if s.Program == nil || !s.Program.Accepts(port, false) {
		return software.Remote{}, fmt.Errorf("%s:%d: connection refused", name, port)
	}
	return software.Remote{Port: port, Program: s.Program, Network: view{v.w, s}}, nil
}
