package software

import (
	"net/http"
	"net/netip"
	"time"
)

// Pace is the number of seconds of a program's own time per second of real time.
type Pace float64

// Of returns how long d takes at this pace.
func (p Pace) Of(d time.Duration) time.Duration {
	if p <= 0 {
		return d
	}
	return time.Duration(float64(d) / float64(p))
}

// Process holds the inputs that a container gives its program.
type Process struct {
	Image   Image
	Command []string // replaces the image's entry point; $(NAME) expanded
	Args    []string // replaces the image's command; $(NAME) expanded
	Env     map[string]string
	Ports   []int // TCP ports that the container declares
	Files   *Filesystem
	User    int64 // effective user ID
	// Capabilities that the process has, without the CAP_ prefix.
	Capabilities map[string]bool
	Address      netip.Addr
	Place        Place
	Pace         Pace
	Started      time.Time
	// Adopted says that the program ran before this model of it: the local cloud was restarted, the machine was not.
	Adopted bool
	// Outside runs f with the network while the rest of the simulation is locked; the program's own goroutine uses it.
	Outside func(f func(Network))
	// Log receives the log lines that explain the program's state. They contain no secrets.
	Log func(format string, args ...any)
}

// Place is where a process runs. Real programs do not know it; the models show it in their pages.
type Place struct {
	Region    string
	Node      string
	Namespace string
	Pod       string
}

func (p *Process) log(format string, args ...any) {
	if p.Log != nil {
		p.Log(format, args...)
	}
}

// Network is a program's view of the network.
type Network interface {
	// Lookup resolves a name.
	Lookup(host string) ([]netip.Addr, error)
	// Dial opens a TCP connection to a name or address.
	Dial(host string, port int) (Remote, error)
}

// Remote is the far end of a connection.
type Remote struct {
	Address netip.Addr
	Port    int
	Program Program // nil for an address on the Internet
	Network Network // the far end's view
}

// Get requests a path from the far end over HTTP. Status 0 means that patience expired without an answer.
func (r Remote) Get(path string, patience time.Duration) Response {
	if r.Program == nil {
		return Response{Status: 200}
	}
	request := Get(path)
	request.Waited = patience
	return r.Program.Answer(r.Port, request, r.Network)
}

// Request is an HTTP request that has arrived at a program.
type Request struct {
	Method string
	Host   string
	Path   string // with the query
	Header http.Header
	// Waited is how long the request has waited for its answer.
	Waited time.Duration
}

// Get returns a GET request that has just arrived.
func Get(path string) Request { return Request{Method: http.MethodGet, Path: path} }

// Response is an HTTP response. Status 0 means that there is none yet: the caller polls again, with a larger
// Request.Waited.
type Response struct {
	Status int
	Body   string
	Header http.Header
}

// Exit records how a program ended.
type Exit struct {
	Code   int
	Reason string // the last log message
}

// Program is a running program. Its methods are called by one goroutine at a time.
type Program interface {
	// Step advances the program to now.
	Step(now time.Time, network Network)
	// Accepts says whether the program accepts a TCP connection to the port; local: from the pod itself, to 127.0.0.1.
	Accepts(port int, local bool) bool
	// Answer answers an HTTP request, or returns Status 0 if there is no answer yet. Callers may poll: a repeated
	// request has no further effect.
	Answer(port int, r Request, network Network) Response
	// Stop delivers SIGTERM.
	Stop(now time.Time)
	// Exit returns how the program ended, nil while it runs.
	Exit() *Exit
}

// within is implemented by programs that run another one.
type within interface{ inner() Program }

// innermost returns the program that actually answers.
func innermost(p Program) Program {
	for {
		w, ok := p.(within)
		if !ok || w.inner() == nil {
			return p
		}
		p = w.inner()
	}
}

// ended implements the exit of all programs.
type ended struct {
	process *Process
	exit    *Exit
	leaving time.Time // when a stopping program will have exited
}

func (e *ended) Exit() *Exit { return e.exit }

// fail ends the program with an exit code, and logs the reason.
func (e *ended) fail(code int, reason string) {
	if e.exit == nil {
		e.exit = &Exit{Code: code, Reason: reason}
		e.process.log("exits with code %d: %s", code, reason)
	}
}

// leave starts a graceful shutdown that takes a while.
func (e *ended) leave(now time.Time, takes time.Duration) {
	if e.leaving.IsZero() {
		e.leaving = now.Add(e.process.Pace.Of(takes))
	}
}

// over says whether the program has ended. It ends a program whose graceful shutdown is complete.
func (e *ended) over(now time.Time) bool {
	if e.exit == nil && !e.leaving.IsZero() && !now.Before(e.leaving) {
		e.exit = &Exit{Code: 0, Reason: "stopped"}
	}
	return e.exit != nil
}

// kill ends the program at once, as SIGKILL does.
func (e *ended) kill() {
	if e.exit == nil {
		e.exit = &Exit{Code: 137, Reason: "killed"}
	}
}

func (e *ended) stopping() bool { return !e.leaving.IsZero() }
