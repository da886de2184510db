package shell

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// Server starts the model of a server program, or returns nil if the command line does not start one.
type Server func(p *software.Process, argv []string, now time.Time) software.Program

// container is a container whose program is a command or a shell script. It runs on its own goroutine.
type container struct {
	software.Lifecycle
	server Server
	cancel context.CancelFunc
	done   chan int
	child  software.Program // a server that the script became or runs
	gone   chan struct{}
	// exits says that the script exits on SIGTERM.
	exits atomic.Bool
}

// Start starts a container whose program is a command or a shell script, which may become a server.
func Start(p *software.Process, argv []string, server Server) software.Program {
	ctx, cancel := context.WithCancel(context.Background())
	c := &container{Lifecycle: software.Lifecycle{Process: p}, server: server, cancel: cancel, done: make(chan int, 1)}
	run := &runner{process: p, began: time.Now(), outside: p.Outside, serve: c.serve, sleep: sleep, trap: c.trap}
	in := initial(p)
	in.out = &lines{write: p.Log}
	in.err = in.out
	go func() { c.done <- run.command(ctx, argv, in) }()
	return c
}

// lines writes whole lines to a log.
type lines struct {
	write func(format string, args ...any)
	mu    sync.Mutex // the commands of a pipeline run at once
	rest  string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Split(l.rest+string(p), "\n")
	for _, line := range all[:len(all)-1] {
		l.write("%s", line)
	}
	l.rest = all[len(all)-1]
	return len(p), nil
}

// probeTimeout is the real-time timeout of a probe's command.
const probeTimeout = 200 * time.Millisecond

// Run runs a command in a container, such as a hook, and returns its exit code. It takes as long as the command does at
// the container's pace.
func Run(ctx context.Context, p *software.Process, argv []string) int {
	run := &runner{process: p, began: time.Now(), outside: p.Outside, sleep: sleep}
	return run.command(ctx, argv, initial(p))
}

// Probe runs a command in a container against an unchanging network, without sleeping, and returns its exit code.
func Probe(p *software.Process, argv []string, network software.Network) int {
	// A script that polls for a condition would never end, because nothing changes while it runs.
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	run := &runner{
		process: p,
		began:   time.Now(),
		outside: func(f func(software.Network)) { f(network) },
		sleep:   func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	return run.command(ctx, argv, initial(p))
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Inner returns the server that the script runs.
func (c *container) Inner() software.Program { return c.child }

// serve runs a server program inside the script until the server ends.
func (c *container) serve(ctx context.Context, p *software.Process, argv []string) (code int, ok bool) {
	gone := make(chan struct{})
	p.Outside(func(software.Network) {
		if program := c.server(p, argv, time.Now()); program != nil {
			c.child, c.gone, ok = program, gone, true
		}
	})
	if !ok {
		return 0, false
	}
	select {
	case <-gone:
	case <-ctx.Done():
		return 137, true
	}
	p.Outside(func(software.Network) {
		code = c.child.Exit().Code
		c.child = nil
	})
	return code, true
}

func (c *container) Step(now time.Time, network software.Network) {
	if c.Exit() != nil {
		return
	}
	if c.child != nil {
		c.child.Step(now, network)
		if c.child.Exit() != nil && c.gone != nil {
			close(c.gone)
			c.gone = nil
		}
	}
	select {
	case code := <-c.done:
		c.End(code, "")
		c.cancel()
	default:
	}
}

func (c *container) Accepts(port int, local bool) bool {
	return c.child != nil && c.child.Accepts(port, local)
}

func (c *container) Answer(port int, r software.Request, network software.Network) software.Response {
	if c.child == nil {
		return software.Response{}
	}
	return c.child.Answer(port, r, network)
}

// State returns the state of the server that the script runs.
func (c *container) State() software.State {
	if c.child == nil {
		return software.State{}
	}
	return c.child.State()
}

// trap implements the shell's builtin. It only matters whether SIGTERM makes the script exit.
func (c *container) trap(args []string) {
	if len(args) > 1 && (slices.Contains(args[1:], "TERM") || slices.Contains(args[1:], "SIGTERM") || slices.Contains(args[1:], "15")) {
		c.exits.Store(strings.HasPrefix(strings.TrimSpace(args[0]), "exit"))
	}
}

// Stop delivers SIGTERM to a server that the script became. A shell or command that is PID 1 handles SIGTERM only with
// a trap, and the kernel does not apply the default action to PID 1: without a trap, it runs until it is killed.
func (c *container) Stop(now time.Time) {
	if c.child != nil {
		c.child.Stop(now)
	} else if c.exits.Load() {
		c.End(0, "stopped")
		c.cancel()
	}
}

// Kill ends the script's goroutine too.
func (c *container) Kill() {
	c.cancel()
	if c.child != nil {
		c.child.Kill()
		return
	}
	c.Lifecycle.Kill()
}
