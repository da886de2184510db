package software

import "time"

// Program is a running program. Its methods are called by one goroutine at a time.
type Program interface {
	// Step advances the program to now.
	Step(now time.Time, network Network)
	// Accepts says whether the program accepts a TCP connection to the port; local: from the pod itself, to 127.0.0.1.
	Accepts(port int, local bool) bool
	// Answer answers an HTTP request, or returns Status 0 if there is no answer yet. Callers may poll: a repeated
	// request has no further effect.
	Answer(port int, r Request, network Network) Response
	// Stop delivers SIGTERM, and Kill SIGKILL.
	Stop(now time.Time)
	Kill()
	// Exit returns how the program ended, nil while it runs.
	Exit() *Exit
	// State returns its state for the operator.
	State() State
}

// Exit records how a program ended.
type Exit struct {
	Code   int
	Reason string // the last log message
}

// State is the state of a program, in an operator's terms.
type State struct {
	// Kind is pd, tikv, tidb, nfs, syncthing, wordpress, or empty for any other.
	Kind string `json:"kind,omitempty"`
	// Word says what the program is doing. For a PD or TiKV that has found its peers, it is leader, follower, election,
	// no quorum or no majority.
	Word string `json:"word,omitempty"`
	// Peers are the hosts of the peers that it is connected to, in order.
	Peers []string `json:"peers,omitempty"`
}

// StateOf returns a program's state; nil has none.
func StateOf(p Program) State {
	if p == nil {
		return State{}
	}
	return p.State()
}

// Outer is implemented by programs that run another one.
type Outer interface {
	// Inner returns the other program, nil if none runs.
	Inner() Program
}

// As returns the program that actually answers, if it is a T.
func As[T any](p Program) (T, bool) {
	for {
		outer, ok := p.(Outer)
		if !ok || outer.Inner() == nil {
			program, ok := p.(T)
			return program, ok
		}
		p = outer.Inner()
	}
}

// Lifecycle implements how programs end. Models embed it.
type Lifecycle struct {
	Process *Process
	exit    *Exit
	leaving time.Time // when a stopping program will have exited
}

// Exit returns how the program ended, nil while it runs.
func (l *Lifecycle) Exit() *Exit { return l.exit }

// State returns the state of a program that tells none.
func (l *Lifecycle) State() State { return State{} }

// End records the program's end, unless it has ended.
func (l *Lifecycle) End(code int, reason string) {
	if l.exit == nil {
		l.exit = &Exit{Code: code, Reason: reason}
	}
}

// Fail ends the program with an exit code, and logs the reason.
func (l *Lifecycle) Fail(code int, reason string) {
	if l.exit == nil {
		l.Process.Log("exits with code %d: %s", code, reason)
	}
	l.End(code, reason)
}

// Kill ends the program at once.
func (l *Lifecycle) Kill() { l.End(137, "killed") }

// Leave starts a graceful shutdown that takes a while.
func (l *Lifecycle) Leave(now time.Time, takes time.Duration) {
	if l.leaving.IsZero() {
		l.leaving = now.Add(l.Process.Pace.Of(takes))
	}
}

// Stopping says whether a graceful shutdown has begun.
func (l *Lifecycle) Stopping() bool { return !l.leaving.IsZero() }

// Over says whether the program has ended. It ends a program whose graceful shutdown is complete.
func (l *Lifecycle) Over(now time.Time) bool {
	if l.Stopping() && !now.Before(l.leaving) {
		l.End(0, "stopped")
	}
	return l.exit != nil
}
