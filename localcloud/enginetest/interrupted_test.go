package enginetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newFaultBench makes a bench with the prebuilt program. It also requires the tool that repairs a stack after a kill.
func newFaultBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.prebuilt()
	return b
}

// prebuilt makes the next commands run the built program: a hundred updates need not link it each time.
func (b *bench) prebuilt() {
	b.t.Helper()
	for _, tool := range []string{"geo-wordpress", "recover"} {
		if _, err := os.Stat(b.tool(tool)); err != nil {
			b.t.Fatalf("%v\nrun `make tools` first", err)
		}
	}
	b.runProgram(b.tool("geo-wordpress"))
}

// runProgram makes the next commands run a program that is built already.
func (b *bench) runProgram(program string) {
	b.t.Helper()
	project := b.read(filepath.Join(b.root, "Pulumi.yaml"))
	built := regexp.MustCompile(`(?m)^(\s+)buildTarget: .*$`)
	if !built.MatchString(project) {
		b.t.Fatal("Pulumi.yaml has no buildTarget that the built program could replace")
	}
	b.project = filepath.Join(filepath.Dir(b.home), "program")
	b.write(filepath.Join(b.project, "Pulumi.yaml"),
		built.ReplaceAllString(project, "${1}binary: "+program))
}

// saveAtTheEnd makes the next updates write the state when they end, and not twice for each resource: 5 MB a thousand times
// takes a third of a processor. What an update that is killed has written is what the TestFault tests are about.
func (b *bench) saveAtTheEnd() { b.setenv("PULUMI_SKIP_CHECKPOINTS", "true") }

// moment is when to interrupt an update: at the start (begun) or the end of its nth resource change, or at a line
// that matches printed, unless that is nil.
type moment struct {
	n       int
	begun   bool
	printed *regexp.Regexp
}

var (
	begins = regexp.MustCompile(` (creating|updating|deleting) \(0s\)`)
	ends   = regexp.MustCompile(` (created|updated|deleted) `)
)

// interrupt runs an update or a destroy and signals it at a moment. It returns whether the moment came, the output, and
// the exit error. SIGKILL goes to all its processes, including the language host and the program; any other signal goes
// to the CLI alone, as from a terminal.
func (b *bench) interrupt(signal syscall.Signal, at moment, command string) (reached bool, out string, err error) {
	b.t.Helper()
	arguments := []string{"--yes", "--skip-preview", "--stack", "dev", "--non-interactive", "--color", "never",
		"--config-file", b.config}
	cmd := exec.Command(b.look("pulumi"), append(strings.Fields(command), arguments...)...)
	cmd.Dir, cmd.Env = b.project, b.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C must not reach the test itself
	reader, writer, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	defer reader.Close()
	cmd.Stdout, cmd.Stderr = writer, writer
	started := time.Now()
	err = cmd.Start()
	_ = writer.Close()
	if err != nil {
		b.t.Fatal(err)
	}
	overdue := time.AfterFunc(commandTimeout, func() { killTree(cmd.Process.Pid) })
	defer overdue.Stop()

	var printed strings.Builder
	count, kind := 0, ends
	if at.begun {
		kind = begins
	}
	lines := bufio.NewReader(reader)
	for {
		line, readErr := lines.ReadString('\n')
		printed.WriteString(line)
		if kind.MatchString(line) {
			count++
		}
		now := at.n > 0 && count == at.n || at.printed != nil && at.printed.MatchString(line)
		if now && !reached {
			reached = true
			if signal == syscall.SIGKILL {
				killTree(cmd.Process.Pid)
			} else {
				_ = cmd.Process.Signal(signal)
			}
		}
		if readErr != nil {
			if !errors.Is(readErr, io.EOF) {
				b.t.Fatal(readErr)
			}
			break
		}
	}
	err = cmd.Wait()
	b.keep(printed.String(), err)
	b.t.Logf("%.1fs %s, %s at change %d", time.Since(started).Seconds(), command, signal, count)
	return reached, printed.String(), err
}

// killTree kills a process and all its descendants: the CLI gives its children their own process groups. It stops each
// process before it lists the children, so that no new ones appear meanwhile.
func killTree(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		children, _ := os.ReadFile(task)
		for _, child := range strings.Fields(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				killTree(n)
			}
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// recover repairs the stack after a kill, as docs/operating.md tells an operator to.
func (b *bench) recover() {
	b.t.Helper()
	b.run(b.tool("recover"), "--stack", "dev", "--config-file", b.config)
}
