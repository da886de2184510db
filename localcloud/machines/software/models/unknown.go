package models

import (
	"slices"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// unknown is a program of which only the declared ports are known: it runs, accepts connections and answers.
type unknown struct {
	software.Lifecycle
}

func newUnknown(p *software.Process) software.Program {
	return &unknown{software.Lifecycle{Process: p}}
}

func (u *unknown) Step(now time.Time, _ software.Network) { u.Over(now) }

func (u *unknown) Accepts(port int, _ bool) bool {
	return u.Exit() == nil && slices.Contains(u.Process.Ports, port)
}

func (u *unknown) Answer(int, software.Request, software.Network) software.Response {
	return software.Response{Status: 200}
}

func (u *unknown) Stop(now time.Time) { u.Leave(now, 200*time.Millisecond) }
