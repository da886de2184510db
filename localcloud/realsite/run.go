package realsite

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// grace bounds the program's shutdown: TiDB's graceful wait is 10 s, and it drains connections for up to 15 s.
const grace = 35 * time.Second

// errorLines is the number of last lines of stderr that are reported when the program ends.
const errorLines = 5

// run is one run of the program, on one document.
type run struct {
	sum     [sha256.Size]byte // of the document
	sockets string
	command *exec.Cmd
	stdin   io.Closer
	began   time.Time
	ended   chan struct{}

	mu      sync.Mutex
	step    string // the last line of its progress
	ready   bool
	stderr  []string
	problem error // why it ended; set before ended is closed
}

// begin starts the program on a document, in a directory for the disks and the logs.
func begin(program, dir string, declared []byte, log *slog.Logger) (*run, error) {
	sockets, err := os.MkdirTemp("", "wordpress-") // short: a socket's path may have 108 characters
	if err != nil {
		return nil, err
	}
	r := &run{sum: sha256.Sum256(declared), sockets: sockets, step: "the program", began: time.Now(), ended: make(chan struct{})}
	r.command = exec.Command(program, "--sockets", sockets,
		"--disks", filepath.Join(dir, "disks"), "--logs", filepath.Join(dir, "logs"))
	r.command.Env = environment()
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C in the daemon's terminal is for the daemon alone
	r.command.WaitDelay = 5 * time.Second
	r.command.Stdout = &lines{each: func(line string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.step, r.ready = line, line == "ready"
		log.Info("real WordPress", "step", line)
	}}
	r.command.Stderr = &lines{each: func(line string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stderr = append(r.stderr, line)
		r.stderr = r.stderr[max(0, len(r.stderr)-errorLines):]
		log.Info("real WordPress", "says", line)
	}}
	// The program reads the document, with its secrets, from stdin and ends at EOF: so it ends with this process,
	// however that ends.
	stdin, err := r.command.StdinPipe()
	if err == nil {
		r.stdin = stdin
		err = r.command.Start()
	}
	if err != nil {
		_ = os.RemoveAll(sockets)
		return nil, err
	}
	go func() { _, _ = stdin.Write(declared) }() // a program that ends first reports why
	go r.wait()
	return r, nil
}

func (r *run) wait() {
	err := r.command.Wait()
	_ = r.stdin.Close()
	_ = os.RemoveAll(r.sockets)
	if err == nil {
		err = errors.New("it has ended")
	}
	r.mu.Lock()
	if said := strings.Join(r.stderr, "; "); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	r.problem, r.ready = err, false
	r.mu.Unlock()
	close(r.ended)
}

// stop shuts the program down and waits; after grace it kills the program.
func (r *run) stop() {
	_ = r.stdin.Close()
	select {
	case <-r.ended:
	case <-time.After(grace):
		_ = r.command.Process.Kill() // the kernel then kills what it runs
		<-r.ended
	}
}

func (r *run) hasEnded() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// socket returns the path of the socket of a region's WordPress.
func (r *run) socket(region string) string { return filepath.Join(r.sockets, region+".sock") }

// lines calls each with every line written.
type lines struct {
	each func(string)
	rest []byte
}

func (l *lines) Write(text []byte) (int, error) {
	l.rest = slices.Concat(l.rest, text)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		l.rest = rest
		if s := strings.TrimRight(string(line), " \r"); s != "" {
			l.each(s)
		}
	}
}
