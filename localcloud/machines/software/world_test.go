package software

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// planet is a network of named processes, and a clock.
type planet struct {
	t    *testing.T
	mu   sync.Mutex
	now  time.Time
	host map[string]*site
	// cut says whether packets from one host to a port of another are lost.
	cut func(from, to string, port int) bool
}

// site is one host with one program.
type site struct {
	name    string
	address netip.Addr
	program Program
	process *Process
	pod     []*site // the hosts of the same pod, this one included
	hidden  bool    // without a DNS record
	logs    []string
}

func newPlanet(t *testing.T) *planet {
	return &planet{t: t, now: time.Unix(1700000000, 0), host: map[string]*site{}}
}

// place starts a process on a host.
func (w *planet) place(name string, p Process) *site {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.host[name]
	if s == nil {
		s = &site{name: name, address: netip.AddrFrom4([4]byte{10, 1, 0, byte(len(w.host) + 1)})}
		s.pod = []*site{s}
		w.host[name] = s
	}
	if p.Files == nil {
		p.Files = disk("/data")
	}
	if p.Capabilities == nil {
		p.Capabilities = capabilities("CHOWN", "SETUID", "SETGID", "DAC_READ_SEARCH", "SYS_RESOURCE")
	}
	if p.Pace == 0 {
		p.Pace = 1
	}
	p.Address = s.address
	p.Log = func(format string, args ...any) { s.logs = append(s.logs, fmt.Sprintf(format, args...)) }
	p.Outside = func(f func(Network)) {
		w.mu.Lock()
		defer w.mu.Unlock()
		f(viewpoint{w, s})
	}
	s.process = &p
	s.program = Start(&p, w.now)
	w.t.Cleanup(func() { Kill(s.program) })
	return s
}

// together makes one pod of two hosts: each reaches the other's ports at 127.0.0.1.
func (w *planet) together(one, other *site) {
	one.pod = []*site{one, other}
	other.pod = one.pod
}

// pass advances the clock and the programs.
func (w *planet) pass(d time.Duration) {
	const step = 100 * time.Millisecond
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(step)
		w.mu.Lock()
		for _, s := range w.host {
			if s.program != nil {
				s.program.Step(w.now, viewpoint{w, s})
			}
		}
		w.mu.Unlock()
	}
}

// waitExit waits in real time for a script to exit.
func (w *planet) waitExit(s *site) int {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		w.pass(100 * time.Millisecond)
		w.mu.Lock()
		exit := s.program.Exit()
		w.mu.Unlock()
		if exit != nil {
			return exit.Code
		}
	}
	w.t.Fatalf("%s does not end", s.name)
	return 0
}

func (w *planet) get(host string, port int, path string) Response {
	return w.getAfter(0, host, port, path)
}

// getAfter returns the answer to a request that has waited for some time.
func (w *planet) getAfter(waited time.Duration, host string, port int, path string) Response {
	if !w.accepts(host, port) {
		return Response{Status: -1}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.host[host]
	request := Get(path)
	request.Waited = waited
	return s.program.Answer(port, request, viewpoint{w, s})
}

func (w *planet) accepts(host string, port int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.host[host].program.Accepts(port, false)
}

type viewpoint struct {
	w *planet
	s *site
}

func (v viewpoint) Lookup(name string) ([]netip.Addr, error) {
	if s := v.w.host[name]; s != nil && !s.hidden {
		return []netip.Addr{s.address}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func (v viewpoint) Dial(name string, port int) (Remote, error) {
	if name == "localhost" || name == "127.0.0.1" {
		for _, s := range v.s.pod {
			if s.program != nil && s.program.Accepts(port, true) {
				return Remote{Address: s.address, Port: port, Program: s.program, Network: viewpoint{v.w, s}}, nil
			}
		}
		return Remote{}, fmt.Errorf("%s:%d: connection refused", name, port)
	}
	if _, err := v.Lookup(name); err != nil {
		return Remote{}, err
	}
	s := v.w.host[name]
	if v.w.cut != nil && v.w.cut(v.s.name, name, port) {
		return Remote{}, &net.OpError{Op: "dial", Net: "tcp", Err: timeoutError{}}
	}
	if s.program == nil || !s.program.Accepts(port, false) {
		return Remote{}, fmt.Errorf("%s:%d: connection refused", name, port)
	}
	return Remote{Address: s.address, Port: port, Program: s.program, Network: viewpoint{v.w, s}}, nil
}

func image(t *testing.T, name string) Image {
	i, err := ParseImage(name)
	require.NoError(t, err)
	return i
}

func capabilities(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// disk returns a file system with a disk mounted at a path.
func disk(at string) *Filesystem {
	return &Filesystem{Mounts: []Mount{{Path: at, Volume: NewVolume(Disk, nil)}}}
}

// with mounts configuration files at a path.
func with(f *Filesystem, at string, files map[string]string) *Filesystem {
	content := map[string][]byte{}
	for name, text := range files {
		content[name] = []byte(text)
	}
	f.Mounts = append(f.Mounts, Mount{Path: at, Volume: NewVolume(Config, content), ReadOnly: true})
	return f
}

// pdProcess returns member n of a PD cluster.
func pdProcess(t *testing.T, n, members int) Process {
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("m%d=http://pd%d:2380", i, i))
	}
	return Process{Image: image(t, "pingcap/pd:v8.5.7"), Args: []string{
		fmt.Sprintf("--name=m%d", n), "--data-dir=/data", "--client-urls=http://0.0.0.0:2379", "--peer-urls=http://0.0.0.0:2380",
		fmt.Sprintf("--advertise-client-urls=http://pd%d:2379", n), fmt.Sprintf("--advertise-peer-urls=http://pd%d:2380", n),
		"--initial-cluster=" + strings.Join(list, ","),
	}}
}

func pdList(members int) string {
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("pd%d:2379", i))
	}
	return strings.Join(list, ",")
}

func tikvProcess(t *testing.T, n, members int) Process {
	return Process{Image: image(t, "pingcap/tikv:v8.5.7"), Args: []string{
		"--addr=0.0.0.0:20160", fmt.Sprintf("--advertise-addr=tikv%d:20160", n), "--status-addr=0.0.0.0:20180",
		"--pd=" + pdList(members), "--data-dir=/data", "--labels=region=r,zone=r",
	}}
}

func tidbProcess(t *testing.T, members int, more ...string) Process {
	return Process{Image: image(t, "pingcap/tidb:v8.5.7"), Args: append([]string{
		"--store=tikv", "--path=" + pdList(members), "--host=0.0.0.0",
	}, more...)}
}
