package controlplane

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// identity tells a process from a later one that got the same number.
type identity struct {
	PID int `json:"pid"`
	// Started is when it started, in a form that only this system understands and that two processes of the same
	// number never share.
	Started string `json:"started"`
}

// alive says whether the process still runs.
func (i identity) alive() bool {
	started, err := startOf(i.PID)
	return err == nil && started == i.Started
}

// kill ends the process, if it still is the one that was meant, and waits until it is gone.
func (i identity) kill() error {
	for deadline := time.Now().Add(10 * time.Second); i.alive(); time.Sleep(10 * time.Millisecond) {
		if err := syscall.Kill(i.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("process " + strconv.Itoa(i.PID) + " does not die")
		}
	}
	return nil
}

// record keeps a process's identity in a file, so that the next daemon finds the processes that this one left.
func record(path string, pid int) error {
	started, err := startOf(pid)
	if err != nil {
		return nil // Gone already: nothing to find.
	}
	content, err := json.Marshal(identity{PID: pid, Started: started})
	if err != nil {
		return err
	}
	return writeAtomically(path, content)
}

// killRecorded ends the processes recorded in a directory.
func killRecorded(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.pid"))
	if err != nil {
		return err
	}
	var failures []error
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		var process identity
		// A record that was cut off by a crash of the machine names a process that died with it.
		if json.Unmarshal(content, &process) == nil && process.PID > 0 {
			if err := process.kill(); err != nil {
				failures = append(failures, err)
				continue
			}
		}
		failures = append(failures, os.Remove(file))
	}
	return errors.Join(failures...)
}

// process is a running component.
type process struct {
	command  *exec.Cmd
	lifeline io.Closer
	done     chan struct{} // closed when it has ended
	err      error         // how; to be read after done
}

// spawn starts a component: this very program with other arguments. It ends with its parent, however that ends: it
// watches a pipe that the parent holds, and on Linux the kernel kills it as well.
func spawn(program string, arguments []string, dir string, environment []string, log *os.File) (*process, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	command := exec.Command(program)
	command.Args = append([]string{filepath.Base(os.Args[0])}, arguments...)
	command.Dir = dir
	command.Env = append(environment, LifelineEnv+"=1")
	command.Stdin = reader
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = attributes()
	if err := startOnKeptThread(command); err != nil {
		_ = writer.Close()
		return nil, err
	}
	p := &process{command: command, lifeline: writer, done: make(chan struct{})}
	go func() {
		p.err = command.Wait()
		_ = writer.Close()
		close(p.done)
	}()
	return p, nil
}

// stop asks the component to end, and kills it when it has not within the grace.
func (p *process) stop(grace time.Duration) {
	if grace > 0 {
		_ = p.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
			return
		case <-time.After(grace):
		}
	}
	_ = p.command.Process.Kill()
	<-p.done
}

var starts = make(chan func())

// The kernel's signal at the parent's death is sent when the *thread* dies that started the process. So one thread
// starts all of them, and never ends.
func init() {
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
}

func startOnKeptThread(command *exec.Cmd) error {
	result := make(chan error, 1)
	starts <- func() { result <- command.Start() }
	return <-result
}

// writeAtomically replaces a file, so that a reader or a crash sees the old content or the new.
func writeAtomically(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*") // made 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}
