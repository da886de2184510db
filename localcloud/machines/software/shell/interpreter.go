package shell

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"geo-wordpress/localcloud/machines/software"
)

// commandCost is the minimum duration of a process; it keeps a loop that never sleeps from using up the CPU.
const commandCost = 20 * time.Millisecond

// notFound is the exit code for a command that does not exist.
const notFound = 127

// runner interprets command lines in a container.
type runner struct {
	process *software.Process
	began   time.Time
	outside func(func(software.Network))
	// serve, if set, runs server programs.
	serve func(ctx context.Context, p *software.Process, argv []string) (code int, ok bool)
	sleep func(ctx context.Context, d time.Duration) error
	// trap, if set, receives the arguments of the shell's builtin trap.
	trap func(args []string)
}

// setting is what a command inherits.
type setting struct {
	env      map[string]string
	dir      string
	in       io.Reader // nil without input
	out, err io.Writer
}

// initial is the setting of a first process, whose output is not kept.
func initial(p *software.Process) setting {
	return setting{env: p.Env, dir: "/", out: io.Discard, err: io.Discard}
}

// absolute returns a file's absolute path.
func (s setting) absolute(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(s.dir, name)
}

// wrappers run the command that follows them, after preparations that the models do not need.
var wrappers = []string{"docker-entrypoint.sh", "docker-ensure-installed.sh", "entrypoint.sh"}

// Unwrap removes an image's entry point from a command line.
func Unwrap(argv []string) []string {
	for len(argv) > 1 && slices.Contains(wrappers, path.Base(argv[0])) {
		argv = argv[1:]
	}
	return argv
}

// shells are the interpreters that run scripts.
var shells = []string{"sh", "bash", "ash", "dash"}

// Runs says whether a command line starts a shell or a command with a model.
func Runs(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	name := path.Base(argv[0])
	_, known := commands[name]
	_, program := programs[name]
	return known || program || slices.Contains(shells, name)
}

// command runs one command line.
func (r *runner) command(ctx context.Context, argv []string, in setting) int {
	argv = Unwrap(argv)
	if len(argv) == 0 {
		return 0
	}
	name := path.Base(argv[0])
	if slices.Contains(shells, name) {
		return r.shell(ctx, argv, in)
	}
	p := *r.process
	p.Env = in.env
	if r.serve != nil {
		if code, ok := r.serve(ctx, &p, argv); ok {
			return code
		}
	}
	if program := programs[name]; program != nil && r.finds(argv[0], in) {
		return program(&call{runner: r, ctx: ctx, setting: in, operands: argv[1:]})
	}
	c, known := commands[name]
	if !known {
		p.Log("%s: not found: the model of the shell has no such command", name)
		return notFound
	}
	options, operands, err := parse(argv[1:], c.options, c.long)
	if err != nil {
		p.Log("%s: %v", name, err)
		return 2
	}
	return c.run(&call{runner: r, ctx: ctx, setting: in, options: options, operands: operands})
}

// finds says whether a container has a program: at a path, or in one of its directories of programs.
func (r *runner) finds(name string, in setting) bool {
	if strings.Contains(name, "/") {
		return r.process.Files.Exists(in.absolute(name))
	}
	return name == "tar" || r.process.Files.Exists("/usr/local/bin/"+name)
}

// shell runs sh -c 'script' or sh file, with the options e and u.
func (r *runner) shell(ctx context.Context, argv []string, in setting) int {
	options, operands, err := parse(argv[1:], "euc:", nil)
	if err != nil {
		r.process.Log("%s: %v", argv[0], err)
		return 2
	}
	text, inline := options['c']
	name := "-c"
	if !inline {
		if len(operands) == 0 {
			return 0 // standard input is empty
		}
		name = operands[0]
		content, err := r.process.Files.Read(in.absolute(name))
		if err != nil {
			r.process.Log("%s: %v", argv[0], err)
			return notFound
		}
		text = string(content)
	}
	if len(operands) > 0 {
		operands = operands[1:] // $0
	}
	return r.source(ctx, name, text, append(switches(options), operands...), in)
}

// switches returns the arguments with which a shell sets its options.
func switches(options map[byte]string) (params []string) {
	for _, letter := range []byte("eu") {
		if _, ok := options[letter]; ok {
			params = append(params, "-"+string(letter))
		}
	}
	return append(params, "--")
}

// source interprets a script. params are its options and arguments.
func (r *runner) source(ctx context.Context, name, text string, params []string, in setting) int {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), name)
	if err != nil {
		r.process.Log("script %s: %v", name, err)
		return 2
	}
	all := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
	maps.Copy(all, in.env)
	var list []string
	for key, value := range all {
		list = append(list, key+"="+value)
	}
	var shell *interp.Runner
	shell, err = interp.New(
		interp.Env(expand.ListEnviron(list...)),
		interp.Dir("/"),
		interp.Params(params...),
		interp.StdIO(in.in, in.out, in.err),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return r.exec }),
		interp.CallHandler(func(ctx context.Context, args []string) ([]string, error) { return r.builtin(shell, args) }),
		interp.OpenHandler(r.open),
		interp.ReadDirHandler2(r.readDir),
		interp.StatHandler(r.stat),
	)
	if err == nil {
		shell.Dir = in.dir // interp.Dir takes only directories of the host
		err = shell.Run(ctx, file)
	}
	var status interp.ExitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case ctx.Err() == nil:
		r.process.Log("script %s: %v", name, err)
	}
	return 1
}

// builtin replaces the builtins that the interpreter lacks, or would apply to the host, such as the directory.
func (r *runner) builtin(shell *interp.Runner, args []string) ([]string, error) {
	switch args[0] {
	case "cd":
		to := setting{dir: shell.Dir}.absolute(args[len(args)-1])
		if len(args) == 1 || !r.process.Files.Exists(to) && r.process.Files.On(to) != software.Layer {
			return []string{"false"}, nil
		}
		shell.Dir = to
		return []string{"eval", "PWD='" + to + "'"}, nil
	case "trap":
		// The interpreter handles EXIT and ERR.
		if len(args) > 2 && !slices.Contains(args[2:], "EXIT") && !slices.Contains(args[2:], "ERR") {
			if r.trap != nil {
				r.trap(args[1:])
			}
			return []string{"true"}, nil
		}
	case "command":
		if len(args) == 3 && args[1] == "-v" && programs[args[2]] != nil {
			if !r.finds(args[2], setting{}) {
				return []string{"false"}, nil
			}
			return []string{"echo", "/usr/local/bin/" + args[2]}, nil
		}
	case "umask":
		return []string{"true"}, nil // the files have no modes
	}
	return args, nil
}

// exec runs a command that a script calls. Nothing is ever executed on the host.
func (r *runner) exec(ctx context.Context, argv []string) error {
	if err := r.sleep(ctx, commandCost); err != nil {
		return err
	}
	hc := interp.HandlerCtx(ctx)
	in := setting{env: map[string]string{}, dir: hc.Dir, out: hc.Stdout, err: hc.Stderr}
	hc.Env.Each(func(name string, v expand.Variable) bool {
		if v.Exported && v.Kind == expand.String {
			in.env[name] = v.Str
		}
		return true
	})
	if file, ok := hc.Stdin.(*os.File); ok && file != nil {
		in.in = file
	}
	if code := r.command(ctx, argv, in); code != 0 {
		return interp.ExitStatus(code)
	}
	return ctx.Err()
}
