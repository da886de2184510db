package software

import (
	"net/http"
	"net/netip"
	"time"
)

// Pace is how many seconds of a program's own time pass in one second.
type Pace float64

// Of is how long d takes at this pace.
func (p Pace) Of(d time.Duration) time.Duration {
	if p <= 0 {
		return d
	}
	return time.Duration(float64(d) / float64(p))
}

// Process is what a container gives its program.
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
	// Adopted says that the program ran before this model of it did: the local cloud was restarted, the machine was not.
	Adopted bool
	// Outside runs f with the network while nothing else in the world moves: the way in for a program's own goroutine.
	Outside func(f func(Network))
	// Log takes what the program would write that a reader needs to understand its state. It is given no secrets.
	Log func(format string, args ...any)
}

// Place is where a process runs. The real programs are not told; the models name it in the pages that they show.
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

// Network is what a program sees of the world around it.
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
	Network Network // as the far end sees it
}

// Get asks the far end for a path over HTTP. Status 0 is that there is no answer within the patience.
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
	// Waited is for how long it has waited for its answer so far.
	Waited time.Duration
}

// Get is a request for a path that has just arrived.
func Get(path string) Request { return Request{Method: http.MethodGet, Path: path} }

// Response is an HTTP answer. Status 0 means that there is none yet: who goes on waiting asks again later, with
// Request.Waited grown.
type Response struct {
	Status int
	Body   string
	Header http.Header
}

// Exit is a program's end.
type Exit struct {
	Code   int
	Reason string // the last that it logged
}

// Program is a running program. Its methods are called by one goroutine at a time.
type Program interface {
	// Step lets the program do what it does until now.
	Step(now time.Time, network Network)
	// Accepts says whether a TCP connection to the port is accepted; local is one from the pod itself, to 127.0.0.1.
	Accepts(port int, local bool) bool
	// Answer answers an HTTP request, or says that there is no answer yet. It changes nothing in the world, so that it
	// can be asked as often as it takes.
	Answer(port int, r Request, network Network) Response
	// Stop is SIGTERM.
	Stop(now time.Time)
	// Exit is how the program ended, nil while it runs.
	Exit() *Exit
}

// within is implemented by programs that run another one.
type within interface{ inner() Program }

// innermost is the program that really answers.
func innermost(p Program) Program {
	for {
		w, ok := p.(within)
		if !ok || w.inner() == nil {
			return p
		}
		p = w.inner()
	}
}

// ended is the part that all programs share: how they end.
type ended struct {
	process *Process
	exit    *Exit
	leaving time.Time // when a stopping program will be gone
}

func (e *ended) Exit() *Exit { return e.exit }

// fail ends the program.
func (e *ended) fail(code int, reason string) {
	if e.exit == nil {
		e.exit = &Exit{Code: code, Reason: reason}
		e.process.log("exits with code %d: %s", code, reason)
	}
}

// leave begins an orderly end that takes a while.
func (e *ended) leave(now time.Time, takes time.Duration) {
	if e.leaving.IsZero() {
		e.leaving = now.Add(e.process.Pace.Of(takes))
	}
}

// over says whether the program has ended, and ends one whose orderly stop is done.
func (e *ended) over(now time.Time) bool {
	if e.exit == nil && !e.leaving.IsZero() && !now.Before(e.leaving) {
		e.exit = &Exit{Code: 0, Reason: "stopped"}
	}
	return e.exit != nil
}

// kill ends the program without a word.
func (e *ended) kill() {
	if e.exit == nil {
		e.exit = &Exit{Code: 137, Reason: "killed"}
	}
}

func (e *ended) stopping() bool { return !e.leaving.IsZero() }
