package software

import (
	"context"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one command that a script runs.
type call struct {
	*runner
	stdio
	ctx  context.Context
	name string
	args []string
	env  map[string]string
}

// commands are modelled only as far as scripts in containers need. Those that only change owners, modes and times do
// nothing; filters copy their input.
var commands map[string]func(*call) int

func init() {
	nothing := func(*call) int { return 0 }
	commands = map[string]func(*call) int{
		"wget": wget, "curl": curl, "nc": netcat, "nslookup": lookup, "host": lookup, "getent": lookup, "dig": lookup,
		"mysql": mysqlClient, "mysqladmin": mysqlClient, "mariadb": mysqlClient, "mariadb-admin": mysqlClient,
		"php": php, "wp": php,
		"sleep": sleepCommand, "timeout": timeout,
		"cat": cat, "grep": grep, "egrep": grep, "ls": list, "cp": copyFiles, "install": copyFiles, "mv": copyFiles,
		"mkdir": makeDirectories, "touch": touch, "rm": remove, "rmdir": remove, "tee": tee, "seq": sequence,
		"basename": func(c *call) int { return c.printBase(path.Base) }, "dirname": func(c *call) int { return c.printBase(path.Dir) },
		"hostname": func(c *call) int { return c.print(c.env["HOSTNAME"]) },
		"date":     func(c *call) int { return c.print(time.Now().UTC().Format(time.RFC3339)) },
		"id":       func(c *call) int { return c.print(strconv.FormatInt(c.process.User, 10)) },
		"chown":    nothing, "chmod": nothing, "chgrp": nothing, "sync": nothing, "ln": nothing, "true": nothing,
		"false": func(*call) int { return 1 },
		"sed":   pass, "awk": pass, "tr": pass, "cut": pass, "sort": pass, "uniq": pass, "head": pass, "tail": pass, "jq": pass, "xargs": pass,
	}
}

func (c *call) print(text string) int {
	if _, err := fmt.Fprintln(c.out, text); err != nil {
		return 1
	}
	return 0
}

func (c *call) printBase(part func(string) string) int {
	if len(c.args) == 0 {
		return 1
	}
	return c.print(part(c.args[0]))
}

// operands returns the arguments that are not options. Options named in valued take the next argument.
func (c *call) operands(valued ...string) []string {
	var found []string
	for i := 0; i < len(c.args); i++ {
		arg := c.args[i]
		switch {
		case arg == "--":
			return append(found, c.args[i+1:]...)
		case slices.Contains(valued, arg):
			i++
		case len(arg) > 1 && strings.HasPrefix(arg, "-"):
		default:
			found = append(found, arg)
		}
	}
	return found
}

// option returns the value of an option, given as --name=value, --name value or -nvalue; letter is without dash.
func (c *call) option(letter, name string) (string, bool) {
	for i, arg := range c.args {
		if name != "" {
			if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
				return value, true
			}
		}
		if (name != "" && arg == "--"+name || letter != "" && arg == "-"+letter) && i+1 < len(c.args) {
			return c.args[i+1], true
		}
		if value, ok := strings.CutPrefix(arg, "-"+letter); ok && letter != "" && value != "" && !strings.HasPrefix(arg, "--") {
			return value, true
		}
	}
	return "", false
}

// has says whether a switch is given: its letter, alone or in a bundle, or its long form.
func (c *call) has(letter, name string) bool {
	return slices.ContainsFunc(c.args, func(arg string) bool {
		return name != "" && arg == "--"+name ||
			strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && letter != "" && strings.Contains(arg, letter)
	})
}

func sleepCommand(c *call) int {
	var total time.Duration
	for _, arg := range c.args {
		d, err := time.ParseDuration(arg)
		if seconds, notSeconds := strconv.ParseFloat(arg, 64); notSeconds == nil {
			d, err = time.Duration(seconds*float64(time.Second)), nil
		}
		if arg == "infinity" {
			d, err = 365*24*time.Hour, nil
		}
		if err != nil {
			return 1
		}
		total += d
	}
	if c.wait(c.ctx, c.process.Pace.Of(total)) != nil {
		return 143
	}
	return 0
}

// timeout runs a command with a time limit; its exit code is 124 if that expires. (BusyBox's is 143, also a failure.)
func timeout(c *call) int {
	rest := c.operands("-s", "-k", "-t")
	if len(rest) < 2 {
		return 125
	}
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(rest[0], "s"), 64)
	if err != nil {
		return 125
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.process.Pace.Of(time.Duration(seconds*float64(time.Second))))
	defer cancel()
	at := slices.Index(c.args, rest[0])
	code := c.command(ctx, c.args[at+1:], c.stdio, c.env)
	if ctx.Err() != nil && c.ctx.Err() == nil {
		return 124
	}
	return code
}

func pass(c *call) int {
	if c.in == nil {
		return 0
	}
	if _, err := io.Copy(c.out, c.in); err != nil {
		return 1
	}
	return 0
}

func cat(c *call) int {
	files := c.operands()
	if len(files) == 0 {
		return pass(c)
	}
	for _, name := range files {
		content, err := c.process.Files.Read(c.resolve(name))
		if err != nil {
			return 1
		}
		if _, err := c.out.Write(content); err != nil {
			return 1
		}
	}
	return 0
}

// grep selects lines; its exit code is 0 if there is one, else 1.
func grep(c *call) int {
	rest := c.operands("-e", "-m", "-A", "-B", "-C")
	pattern, given := "", false
	for i, arg := range c.args {
		if arg == "-e" && i+1 < len(c.args) {
			pattern, given = c.args[i+1], true
		}
	}
	if !given {
		if len(rest) == 0 {
			return 2
		}
		pattern, rest = rest[0], rest[1:]
	}
	if c.has("F", "fixed-strings") {
		pattern = regexp.QuoteMeta(pattern)
	} else if !c.has("E", "") && !c.has("P", "") && c.name == "grep" {
		pattern = basicRegexp(pattern)
	}
	if c.has("i", "ignore-case") {
		pattern = "(?i)" + pattern
	}
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return 2
	}
	var text []byte
	for _, name := range rest {
		content, err := c.process.Files.Read(c.resolve(name))
		if err != nil {
			return 2
		}
		text = append(text, content...)
	}
	if len(rest) == 0 && c.in != nil {
		if text, err = io.ReadAll(c.in); err != nil {
			return 2
		}
	}
	var found []string
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if len(text) > 0 && expression.MatchString(line) != c.has("v", "invert-match") {
			if c.has("o", "only-matching") {
				found = append(found, expression.FindAllString(line, -1)...)
			} else {
				found = append(found, line)
			}
		}
	}
	switch {
	case c.has("q", "quiet"):
	case c.has("c", "count"):
		c.print(strconv.Itoa(len(found)))
	case len(found) > 0:
		c.print(strings.Join(found, "\n"))
	}
	if len(found) == 0 {
		return 1
	}
	return 0
}

// basicRegexp converts a POSIX basic regular expression, in which + ? ( ) { } | are special only after a backslash.
func basicRegexp(pattern string) string {
	var out strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch b := pattern[i]; {
		case b == '\\' && i+1 < len(pattern):
			i++
			if strings.IndexByte("+?(){}|", pattern[i]) < 0 {
				out.WriteByte('\\')
			}
			out.WriteByte(pattern[i])
		case strings.IndexByte("+?(){}|", b) >= 0:
			out.WriteByte('\\')
			out.WriteByte(b)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}

func list(c *call) int {
	code := 0
	for _, name := range c.operands() {
		if !c.process.Files.Exists(c.resolve(name)) {
			code = 1
			continue
		}
		c.print(name)
	}
	return code
}

// copyFiles copies or moves files and trees. The image's own files are unknown and assumed to exist.
func copyFiles(c *call) int {
	paths := c.operands("-m", "-o", "-g", "-t")
	if c.name == "install" && c.has("d", "directory") {
		return makeDirectories(c)
	}
	if len(paths) < 2 {
		return 1
	}
	files, to := c.process.Files, c.resolve(paths[len(paths)-1])
	for _, from := range paths[:len(paths)-1] {
		whole := strings.HasSuffix(from, "/.")
		from = c.resolve(from)
		v, inside, _ := files.locate(from)
		dir, exists := v.Has(inside)
		if !exists {
			if v.Kind != Layer && !v.Opaque {
				return 1
			}
			continue
		}
		target := to
		if at, in, _ := files.locate(to); !whole {
			if isDir, ok := at.Has(in); ok && isDir {
				target = path.Join(to, path.Base(from))
			}
		}
		if err := c.copyTree(from, target, dir); err != nil {
			return 1
		}
		if c.name == "mv" {
			v.Remove(inside)
		}
	}
	return 0
}

func (c *call) copyTree(from, to string, dir bool) error {
	files := c.process.Files
	if !dir {
		content, err := files.Read(from)
		if err != nil {
			return err
		}
		return files.Write(to, content)
	}
	if err := files.Mkdir(to); err != nil {
		return err
	}
	v, inside, _ := files.locate(from)
	for _, name := range v.List(inside) {
		isDir, _ := v.Has(inside + "/" + name)
		if err := c.copyTree(path.Join(from, name), path.Join(to, name), isDir); err != nil {
			return err
		}
	}
	return nil
}

func makeDirectories(c *call) int {
	for _, name := range c.operands("-m", "-o", "-g") {
		if c.process.Files.Mkdir(c.resolve(name)) != nil {
			return 1
		}
	}
	return 0
}

func touch(c *call) int {
	for _, name := range c.operands("-d", "-t", "-r") {
		name = c.resolve(name)
		if !c.process.Files.Exists(name) && !c.has("c", "no-create") && c.process.Files.Write(name, nil) != nil {
			return 1
		}
	}
	return 0
}

func remove(c *call) int {
	for _, name := range c.operands() {
		v, inside, readOnly := c.process.Files.locate(c.resolve(name))
		if _, exists := v.Has(inside); exists && readOnly || !exists && !c.has("f", "force") {
			return 1
		}
		v.Remove(inside)
	}
	return 0
}

func tee(c *call) int {
	var content []byte
	if c.in != nil {
		var err error
		if content, err = io.ReadAll(c.in); err != nil {
			return 1
		}
	}
	for _, name := range c.operands() {
		if c.process.Files.Write(c.resolve(name), content) != nil {
			return 1
		}
	}
	if _, err := c.out.Write(content); err != nil {
		return 1
	}
	return 0
}

func sequence(c *call) int {
	bounds := []int{1, 1}
	for i, arg := range c.operands() {
		n, err := strconv.Atoi(arg)
		if err != nil || i > 1 {
			return 1
		}
		bounds[0], bounds[1] = bounds[1], n
	}
	if len(c.operands()) == 1 {
		bounds[0] = 1
	}
	for n := bounds[0]; n <= bounds[1] && n-bounds[0] < 10000; n++ {
		c.print(strconv.Itoa(n))
	}
	return 0
}
