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

// newFaultBench is a bench whose program is the built one: an update that is begun anew a hundred times over need not
// link it each time. It also has the tool that mends a stack after a kill.
func newFaultBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	for _, tool := range []string{"geo-wordpress", "recover"} {
		if _, err := os.Stat(b.tool(tool)); err != nil {
			t.Fatalf("%v\nrun `make tools` first", err)
		}
	}
	project := b.read(filepath.Join(b.root, "Pulumi.yaml"))
	built := regexp.MustCompile(`(?m)^(\s+)buildTarget: .*$`)
	if !built.MatchString(project) {
		t.Fatal("Pulumi.yaml has no buildTarget to put the built program in the place of")
	}
	b.project = filepath.Join(filepath.Dir(b.home), "program")
	b.write(filepath.Join(b.project, "Pulumi.yaml"),
		built.ReplaceAllString(project, "${1}binary: "+b.tool("geo-wordpress")))
	return b
}

// moment is when an update is interrupted: when it begins, or has ended, its nth change of a resource; or when it
// prints a line that matches, unless that is nil.
type moment struct {
	n       int
	begun   bool
	printed *regexp.Regexp
}

var (
	begins = regexp.MustCompile(` (creating|updating|deleting) \(0s\)`)
	ends   = regexp.MustCompile(` (created|updated|deleted) `)
)

// interrupt runs an update or a destroy, sends it a signal at a moment, and says how it ended: whether the moment came,
// and what it printed. SIGKILL goes to all its processes, the language host and the program among them; any other
// signal to the CLI alone, as a terminal does.
func (b *bench) interrupt(signal syscall.Signal, at moment, command string) (reached bool, out string, err error) {
	b.t.Helper()
	arguments := []string{"--yes", "--skip-preview", "--stack", "dev", "--non-interactive", "--color", "never",
		"--config-file", b.config}
	cmd := exec.Command(b.look("pulumi"), append([]string{command}, arguments...)...)
	cmd.Dir, cmd.Env = b.project, b.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is not for the test itself
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
	overdue := time.AfterFunc(patience, func() { killTree(cmd.Process.Pid) })
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

// killTree kills a process and all that descend from it: the CLI gives its children process groups of their own. Each
// is stopped before its children are looked for, so that none is born meanwhile.
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

// recover mends the stack after a kill, as docs/operating.md tells an operator to.
func (b *bench) recover() {
	b.t.Helper()
	b.run(b.tool("recover"), "--stack", "dev", "--config-file", b.config)
}
