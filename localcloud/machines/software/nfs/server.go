package nfs

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// exports is the directory whose subdirectories the server exports.
const exports = "/export"

// Ports are the ports of an software.NFS server as nfs-provisioner runs it, each on TCP and UDP: nfs, nlockmgr, mountd,
// rquotad, rpcbind, statd.
var Ports = []int{2049, 32803, 20048, 875, 111, 662}

// Server is nfs-provisioner: an software.NFS server that creates an export for every claim of its storage classes.
type Server struct {
	software.Lifecycle
	// Provisioner is the name by which storage classes refer to it.
	Provisioner string
	// Service and Namespace name the Service whose address its volumes use.
	Service, Namespace string
	// PodIP is the only endpoint that the Service may have.
	PodIP string
	up    time.Time
	ready bool
}

// New starts a server.
func New(p *software.Process, args []string) software.Program {
	s := &Server{Lifecycle: software.Lifecycle{Process: p}}
	if err := s.configure(software.ParseFlags(args)); err != nil {
		s.Fail(255, err.Error())
	}
	return s
}

func (s *Server) configure(f software.Flags) error {
	p := s.Process
	s.Provisioner = f.Last("example.com/nfs", "provisioner")
	if !strings.Contains(s.Provisioner, "/") {
		return fmt.Errorf("invalid provisioner %q: want a name such as example.com/nfs", s.Provisioner)
	}
	if host := f.Last("", "server-hostname"); host != "" {
		return fmt.Errorf("invalid software.Flags specified: if server-hostname (%s) is set, it must run out of the cluster", host)
	}
	s.PodIP, s.Service, s.Namespace = p.Env["POD_IP"], p.Env["SERVICE_NAME"], p.Env["POD_NAMESPACE"]
	for _, name := range []string{"POD_IP", "SERVICE_NAME", "POD_NAMESPACE"} {
		if p.Env[name] == "" {
			return fmt.Errorf("environment variable %s is not set: its volumes would have no address", name)
		}
	}
	if node := p.Env["NODE_NAME"]; node != "" {
		return fmt.Errorf("environment variables SERVICE_NAME and NODE_NAME (%s) are both set: want one", node)
	}
	if p.User != 0 {
		return fmt.Errorf("runs as user %d: the software.NFS server needs root", p.User)
	}
	for _, capability := range []string{"SYS_RESOURCE", "DAC_READ_SEARCH"} {
		if !p.Capabilities[capability] {
			return fmt.Errorf("lacks the capability %s: operation not permitted", capability)
		}
	}
	if kind := p.Files.On(exports); kind != software.Disk && kind != software.Empty && kind != software.Host {
		return fmt.Errorf("%s is on the %s: it cannot be exported, mount a disk there", exports, kind)
	}
	if !p.Files.Writable(exports) {
		return fmt.Errorf("%s: %w", exports, syscall.EROFS)
	}
	return nil
}

func (s *Server) Step(now time.Time, _ software.Network) {
	if s.Over(now) || s.Stopping() {
		return
	}
	if s.up.IsZero() {
		s.up = s.Process.ReadyAt(now, time.Second)
	}
	s.ready = !now.Before(s.up)
}

// Serves says whether the server runs.
func (s *Server) Serves() bool { return s.ready && s.Exit() == nil && !s.Stopping() }

// Export creates the directory of an export, such as pvc-<uid>, and returns its path.
func (s *Server) Export(name string) (string, error) {
	return exports + "/" + name, s.Process.Files.Mkdir(exports + "/" + name)
}

// Unexport removes an export and its content.
func (s *Server) Unexport(name string) {
	v, inside, _ := s.Process.Files.Locate(exports + "/" + name)
	v.Remove(inside)
}

// Exports says whether a path is one of its exports.
func (s *Server) Exports(path string) bool {
	return strings.HasPrefix(path, exports+"/") && s.Process.Files.Exists(path)
}

func (s *Server) Accepts(port int, _ bool) bool {
	return s.Serves() && slices.Contains(Ports, port)
}

// Answer rejects requests: the server does not speak HTTP.
func (s *Server) Answer(int, software.Request, software.Network) software.Response {
	return software.Response{Status: 400}
}

func (s *Server) Stop(now time.Time) { s.Leave(now, time.Second) }

// AsServer returns the software.NFS server in a program, nil if it is not one.
func AsServer(p software.Program) *Server {
	s, _ := software.As[*Server](p)
	return s
}

// State says whether the server runs.
func (s *Server) State() software.State {
	word := "starts"
	if s.Serves() {
		word = "exports"
	}
	return software.State{Kind: "nfs", Word: word}
}
