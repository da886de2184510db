package shell

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/benhoyt/goawk/interp"
	"github.com/benhoyt/goawk/parser"
)

// input reads all of a command's input.
func (c *call) input() []byte {
	if c.in == nil {
		return nil
	}
	content, err := io.ReadAll(c.in)
	if err != nil {
		return nil
	}
	return content
}

// awk runs a program on its input.
func awk(c *call) int {
	if len(c.operands) != 1 {
		return 2
	}
	program, err := parser.ParseProgram([]byte(c.operands[0]), nil)
	if err != nil {
		c.process.Log("awk: %v", err)
		return 2
	}
	config := &interp.Config{Stdin: strings.NewReader(string(c.input())), Output: c.out, Error: c.err, Environ: []string{},
		NoExec: true, NoFileReads: true, NoFileWrites: true}
	if name, value, set := strings.Cut(c.options['v'], "="); set {
		config.Vars = []string{name, value}
	}
	code, err := interp.ExecProgram(program, config)
	if err != nil {
		c.process.Log("awk: %v", err)
		return 2
	}
	return code
}

// tail prints the last lines of its input.
func tail(c *call) int {
	n, err := strconv.Atoi(c.options['n'])
	if err != nil || len(c.operands) > 0 {
		return 1
	}
	lines := strings.SplitAfter(string(c.input()), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	fmt.Fprint(c.out, strings.Join(lines[max(0, len(lines)-n):], ""))
	return 0
}

// date prints the time, which passes at the container's pace, or that of -d @SECONDS.
func date(c *call) int {
	now := c.began.Add(time.Duration(float64(time.Since(c.began)) * float64(max(c.process.Pace, 1))))
	if at, given := strings.CutPrefix(c.options['d'], "@"); given {
		seconds, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return 1
		}
		now = time.Unix(seconds, 0)
	}
	if len(c.operands) != 1 || !strings.HasPrefix(c.operands[0], "+") || c.has('d') && !strings.HasPrefix(c.options['d'], "@") {
		return 1
	}
	text := strings.NewReplacer("%Y", now.UTC().Format("2006"), "%m", now.UTC().Format("01"), "%d", now.UTC().Format("02"),
		"%H", now.UTC().Format("15"), "%M", now.UTC().Format("04"), "%S", now.UTC().Format("05"),
		"%s", strconv.FormatInt(now.Unix(), 10)).Replace(c.operands[0][1:])
	fmt.Fprintln(c.out, text)
	return 0
}
