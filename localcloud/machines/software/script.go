package software

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// commandCost is the minimum duration of a process; it keeps a loop that never sleeps from using up the CPU.
const commandCost = 20 * time.Millisecond

// script is a container whose program is a command or a shell script. It runs on its own goroutine.
type script struct {
	ended
	cancel context.CancelFunc
	done   chan int
	child  Program // a server that the script became or runs
	gone   chan struct{}
	// exits says that the script exits on SIGTERM.
	exits atomic.Bool
}

func newScript(p *Process, argv []string, _ time.Time) Program {
	ctx, cancel := context.WithCancel(context.Background())
	s := &script{ended: ended{process: p}, cancel: cancel, done: make(chan int, 1)}
	run := &runner{process: p, outside: p.Outside, serve: s.serve, wait: sleep, trap: s.trap}
	go func() { s.done <- run.command(ctx, argv, stdio{out: io.Discard}, p.Env) }()
	return s
}

// probePatience is the real-time timeout of a probe's command.
const probePatience = 200 * time.Millisecond

// Run runs a command in a container, such as a hook, and returns its exit code. It takes as long as the command does at
// the container's pace.
func Run(ctx context.Context, p *Process, argv []string) int {
	run := &runner{process: p, outside: p.Outside, wait: sleep}
	return run.command(ctx, argv, stdio{out: io.Discard}, p.Env)
}

// Probe runs a command in a container against an unchanging network, without waiting, and returns its exit code.
func Probe(p *Process, argv []string, network Network) int {
	// A script that polls for a condition would never end, because nothing changes while it runs.
	ctx, cancel := context.WithTimeout(context.Background(), probePatience)
	defer cancel()
	run := &runner{
		process: p,
		outside: func(f func(Network)) { f(network) },
		wait:    func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	return run.command(ctx, argv, stdio{out: io.Discard}, p.Env)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *script) inner() Program { return s.child }

// serve runs a server program inside the script until the server ends.
func (s *script) serve(ctx context.Context, p *Process, argv []string) (code int, ok bool) {
	gone := make(chan struct{})
	p.Outside(func(Network) {
		if program := server(p, argv, time.Now()); program != nil {
			s.child, s.gone, ok = program, gone, true
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
	p.Outside(func(Network) {
		code = s.child.Exit().Code
		s.child = nil
	})
	return code, true
}

func (s *script) Step(now time.Time, network Network) {
	if s.exit != nil {
		return
	}
	if s.child != nil {
		s.child.Step(now, network)
		if s.child.Exit() != nil && s.gone != nil {
			close(s.gone)
			s.gone = nil
		}
	}
	select {
	case code := <-s.done:
		s.exit = &Exit{Code: code}
		s.cancel()
	default:
	}
}

func (s *script) Accepts(port int, local bool) bool {
	return s.child != nil && s.child.Accepts(port, local)
}

func (s *script) Answer(port int, r Request, network Network) Response {
	if s.child == nil {
		return Response{}
	}
	return s.child.Answer(port, r, network)
}

// trap implements the shell's builtin. It only matters whether SIGTERM makes the script exit.
func (s *script) trap(args []string) {
	if len(args) > 1 && (slices.Contains(args[1:], "TERM") || slices.Contains(args[1:], "SIGTERM") || slices.Contains(args[1:], "15")) {
		s.exits.Store(strings.HasPrefix(strings.TrimSpace(args[0]), "exit"))
	}
}

// Stop delivers SIGTERM to a server that the script became. A shell or command that is PID 1 handles SIGTERM only with
// a trap, and the kernel does not apply the default action to PID 1: without a trap, it runs until it is killed.
func (s *script) Stop(now time.Time) {
	if s.child != nil {
		s.child.Stop(now)
	} else if s.exits.Load() && s.exit == nil {
		s.exit = &Exit{Code: 0, Reason: "stopped"}
		s.cancel()
	}
}

// Kill ends a program at once, including its goroutine.
func Kill(p Program) {
	if s, ok := p.(*script); ok {
		s.cancel()
	}
	if server, ok := innermost(p).(interface{ kill() }); ok {
		server.kill()
	}
}

// runner interprets command lines in a container.
type runner struct {
	process *Process
	outside func(func(Network))
	// serve, if set, runs server programs; without it a command line that would start one succeeds at once.
	serve func(ctx context.Context, p *Process, argv []string) (code int, ok bool)
	wait  func(ctx context.Context, d time.Duration) error
	// trap, if set, receives the arguments of the shell's builtin trap.
	trap func(args []string)
	dir  string
}

// stdio holds a command's standard streams: in is nil without input, errors is nil if stderr is discarded.
type stdio struct {
	in          io.Reader
	out, errors io.Writer
}

// shells are the interpreters whose -c is run as a script.
var shells = []string{"sh", "bash", "ash", "dash"}

// command runs one command line.
func (r *runner) command(ctx context.Context, argv []string, io stdio, env map[string]string) int {
	argv = unwrap(argv)
	if len(argv) == 0 {
		return 0
	}
	if slices.Contains(shells, path.Base(argv[0])) {
		return r.shell(ctx, argv, io, env)
	}
	p := *r.process
	p.Env = env
	if r.serve != nil {
		if code, ok := r.serve(ctx, &p, argv); ok {
			return code
		}
	}
	if run, ok := commands[path.Base(argv[0])]; ok {
		return run(&call{runner: r, ctx: ctx, args: argv[1:], name: path.Base(argv[0]), stdio: io, env: env})
	}
	if content, err := p.Files.Read(argv[0]); err == nil && p.Files.On(argv[0]) != Layer {
		return r.source(ctx, argv[0], content, argv[1:], io, env)
	}
	p.log("calls %s, of which nothing is known: it is taken to succeed", path.Base(argv[0]))
	return 0
}

// shell runs sh -c 'script', sh file, or a shell that reads its standard input, which is empty.
func (r *runner) shell(ctx context.Context, argv []string, io stdio, env map[string]string) int {
	errexit := false
	args := argv[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		letters := args[0][1:]
		args = args[1:]
		errexit = errexit || strings.Contains(letters, "e") && !strings.HasPrefix(letters, "-")
		if strings.Contains(letters, "o") && len(args) > 0 {
			args = args[1:] // -o option
		}
		if strings.Contains(letters, "c") && !strings.HasPrefix(letters, "-") && len(args) > 0 {
			text := args[0]
			if errexit {
				text = "set -e\n" + text
			}
			return r.source(ctx, "-c", []byte(text), args[1:], io, env)
		}
	}
	if len(args) == 0 {
		return 0
	}
	content, err := r.process.Files.Read(r.resolve(args[0]))
	if err != nil {
		if r.process.Files.On(args[0]) == Layer {
			r.process.log("runs the image's %s, of which nothing is known: it is taken to succeed", args[0])
			return 0
		}
		return 127
	}
	if errexit {
		content = append([]byte("set -e\n"), content...)
	}
	return r.source(ctx, args[0], content, args[1:], io, env)
}

// source interprets a script.
func (r *runner) source(ctx context.Context, name string, content []byte, args []string, std stdio, env map[string]string) int {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(content), name)
	if err != nil {
		r.process.log("script %s: %v", name, err)
		return 2
	}
	all := maps.Clone(env)
	for key, value := range map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"} {
		if all[key] == "" {
			all[key] = value
		}
	}
	var list []string
	for key, value := range all {
		list = append(list, key+"="+value)
	}
	if name == "-c" && len(args) > 0 {
		args = args[1:] // $0
	}
	shell, err := interp.New(
		interp.Env(expand.ListEnviron(list...)),
		interp.Dir("/"),
		interp.Params(append([]string{"--"}, args...)...),
		interp.StdIO(std.in, std.out, io.Discard),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return r.exec }),
		interp.CallHandler(r.intercept),
		interp.OpenHandler(r.open),
		interp.ReadDirHandler2(r.readDir),
		interp.StatHandler(r.stat),
	)
	if err != nil {
		r.process.log("script %s: %v", name, err)
		return 2
	}
	if err := shell.Run(ctx, file); err != nil {
		var status interp.ExitStatus
		if errors.As(err, &status) {
			return int(status)
		}
		if ctx.Err() == nil {
			r.process.log("script %s: %v", name, err)
		}
		return 1
	}
	return 0
}

// exec runs a command that a script calls. Nothing is ever executed on the host.
func (r *runner) exec(ctx context.Context, argv []string) error {
	if err := r.wait(ctx, commandCost); err != nil {
		return err
	}
	hc := interp.HandlerCtx(ctx)
	env := map[string]string{}
	hc.Env.Each(func(name string, v expand.Variable) bool {
		if v.Exported && v.Kind == expand.String {
			env[name] = v.Str
		}
		return true
	})
	std := stdio{out: hc.Stdout, errors: hc.Stderr}
	if file, ok := hc.Stdin.(*os.File); ok && file != nil {
		std.in = file
	}
	if code := r.command(ctx, argv, std, env); code != 0 {
		return interp.ExitStatus(code)
	}
	return ctx.Err()
}
