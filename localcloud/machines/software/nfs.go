package software

import (
	"fmt"
	"strings"
	"time"
)

// nfsExport is the directory whose subdirectories the server exports.
const nfsExport = "/export"

// NFSServicePorts are the ports of an NFS server as nfs-provisioner runs it, each on TCP and UDP: nfs, nlockmgr, mountd,
// rquotad, rpcbind, statd.
var NFSServicePorts = []int{2049, 32803, 20048, 875, 111, 662}

// NFSServer is nfs-provisioner: an NFS server that creates an export for every claim of its storage classes.
type NFSServer struct {
	ended
	// Provisioner is the name by which storage classes refer to it.
	Provisioner string
	// Service and Namespace name the Service whose address its volumes use.
	Service, Namespace string
	// PodIP is the only endpoint that the Service may have.
	PodIP string
	up    time.Time
	ready bool
}

func newNFS(p *Process, args []string) Program {
	s := &NFSServer{ended: ended{process: p}}
	if err := s.configure(parseFlags(args)); err != nil {
		s.fail(255, err.Error())
	}
	return s
}

func (s *NFSServer) configure(f flags) error {
	p := s.process
	s.Provisioner = f.last("example.com/nfs", "provisioner")
	if !strings.Contains(s.Provisioner, "/") {
		return fmt.Errorf("invalid provisioner %q: want a name such as example.com/nfs", s.Provisioner)
	}
	if host := f.last("", "server-hostname"); host != "" {
		return fmt.Errorf("invalid flags specified: if server-hostname (%s) is set, it must run out of the cluster", host)
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
		return fmt.Errorf("runs as user %d: the NFS server needs root", p.User)
	}
	for _, capability := range []string{"SYS_RESOURCE", "DAC_READ_SEARCH"} {
		if !p.Capabilities[capability] {
			return fmt.Errorf("lacks the capability %s: operation not permitted", capability)
		}
	}
	if kind := p.Files.On(nfsExport); kind != Disk && kind != Empty && kind != Host {
		return fmt.Errorf("%s is on the %s: it cannot be exported, mount a disk there", nfsExport, kind)
	}
	if !p.Files.Writable(nfsExport) {
		return fmt.Errorf("%s: %w", nfsExport, errReadOnly)
	}
	return nil
}

func (s *NFSServer) Step(now time.Time, _ Network) {
	if s.over(now) || s.stopping() {
		return
	}
	if s.up.IsZero() {
		s.up = now.Add(s.process.Pace.Of(time.Second))
		if s.process.Adopted {
			s.up = now
		}
	}
	s.ready = !now.Before(s.up)
}

// Serves says whether the server runs.
func (s *NFSServer) Serves() bool { return s.ready && s.exit == nil && !s.stopping() }

// Export creates the directory of an export, such as pvc-<uid>, and returns its path.
func (s *NFSServer) Export(name string) (string, error) {
	return nfsExport + "/" + name, s.process.Files.Mkdir(nfsExport + "/" + name)
}

// Unexport removes an export and its content.
func (s *NFSServer) Unexport(name string) {
	v, inside, _ := s.process.Files.locate(nfsExport + "/" + name)
	v.Remove(inside)
}

// Exports says whether a path is one of its exports.
func (s *NFSServer) Exports(path string) bool {
	return strings.HasPrefix(path, nfsExport+"/") && s.process.Files.Exists(path)
}

func (s *NFSServer) Accepts(port int, _ bool) bool {
	if !s.Serves() {
		return false
	}
	for _, p := range NFSServicePorts {
		if p == port {
			return true
		}
	}
	return false
}

// Answer rejects requests: the server does not speak HTTP.
func (s *NFSServer) Answer(int, Request, Network) Response { return Response{Status: 400} }

func (s *NFSServer) Stop(now time.Time) { s.leave(now, time.Second) }

// AsNFSServer returns the NFS server in a program, nil if it is not one.
func AsNFSServer(p Program) *NFSServer {
	s, _ := innermost(p).(*NFSServer)
	return s
}
