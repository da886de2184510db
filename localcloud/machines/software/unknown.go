package software

import (
	"slices"
	"time"
)

// unknown is a program of which only the declared ports are known: it runs, accepts connections and answers.
type unknown struct {
	ended
}

func newUnknown(p *Process) Program { return &unknown{ended{process: p}} }

func (u *unknown) Step(now time.Time, _ Network) { u.over(now) }

func (u *unknown) Accepts(port int, _ bool) bool {
	return u.exit == nil && slices.Contains(u.process.Ports, port)
}

func (u *unknown) Answer(int, Request, Network) Response { return Response{Status: 200} }

func (u *unknown) Stop(now time.Time) { u.leave(now, 200*time.Millisecond) }
