package software

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Start starts a container's program. It never fails: a program that cannot run exits, as in a real container.
func Start(p *Process, now time.Time) Program {
	k, known := p.Image.about()
	env := maps.Clone(k.env)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, p.Env)
	p.Env = env
	argv := p.Command
	if len(argv) == 0 {
		argv = k.entrypoint
		if len(p.Args) == 0 {
			argv = slices.Concat(argv, k.command)
		}
	}
	argv = slices.Concat(argv, p.Args)
	if !known && len(p.Command) == 0 {
		p.log("runs an image that nothing is known of (%s): it is taken to listen on the ports it declares", p.Image.Reference)
		return newUnknown(p)
	}
	if program := server(p, argv, now); program != nil {
		return program
	}
	return newScript(p, argv, now)
}

// wrappers run the command that follows them, after preparations that the models do not need.
var wrappers = []string{"docker-entrypoint.sh", "docker-ensure-installed.sh", "entrypoint.sh", "tini", "dumb-init", "catatonit", "exec", "nice", "ionice", "env"}

// unwrap removes wrappers from a command line.
func unwrap(argv []string) []string {
	for len(argv) > 1 && slices.Contains(wrappers, path.Base(argv[0])) {
		rest := argv[1:]
		for len(rest) > 1 && (strings.HasPrefix(rest[0], "-") || strings.Contains(rest[0], "=")) {
			rest = rest[1:]
		}
		argv = rest
	}
	return argv
}

// server starts the model of a server program, or returns nil if the command line does not start one.
func server(p *Process, argv []string, now time.Time) Program {
	argv = unwrap(argv)
	if len(argv) == 0 {
		return nil
	}
	switch path.Base(argv[0]) {
	case "pd-server":
		return newPD(p, argv[1:])
	case "tikv-server":
		return newTiKV(p, argv[1:])
	case "tidb-server":
		return newTiDB(p, argv[1:], now)
	case "nfs-provisioner":
		return newNFS(p, argv[1:])
	case "syncthing":
		return newSyncthing(p, argv[1:])
	case "apache2-foreground", "php-fpm":
		if file := parseFlags(argv[1:]).last("", "f"); file != "" {
			return newApache(p, file, now)
		}
		return newWordPress(p, path.Base(argv[0]), now)
	case "pause", "mysqld", "mariadbd":
		return newUnknown(p)
	}
	return nil
}

// flags maps the names of a command line's options, without dashes, to their values in order. A switch has "true".
type flags map[string][]string

// parseFlags reads options in the forms --name=value, -name=value and --name value.
func parseFlags(args []string) flags {
	f := flags{}
	for i := 0; i < len(args); i++ {
		name, dashed := strings.CutPrefix(args[i], "-")
		if !dashed {
			continue
		}
		name = strings.TrimPrefix(name, "-")
		name, value, assigned := strings.Cut(name, "=")
		if !assigned {
			value = "true"
			if i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++
				value = args[i]
			}
		}
		f[name] = append(f[name], value)
	}
	return f
}

// last returns the last value of the first of the names that is given, or fallback.
func (f flags) last(fallback string, names ...string) string {
	for _, name := range names {
		if values := f[name]; len(values) > 0 {
			return values[len(values)-1]
		}
	}
	return fallback
}
