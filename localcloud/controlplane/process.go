package controlplane

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"geo-wordpress/localcloud/home"
)

// identity distinguishes a process from a later one with the same PID.
type identity struct {
	PID int `json:"pid"`
	// Started is the process's start time in a system-specific form. Two processes with the same PID never share it.
	Started string `json:"started"`
}

// alive reports whether the process still runs.
func (i identity) alive() bool {
	started, err := startOf(i.PID)
	return err == nil && started == i.Started
}

// kill kills the process, if it is still the same one, and waits until it is gone.
func (i identity) kill() error {
	for deadline := time.Now().Add(10 * time.Second); i.alive(); time.Sleep(10 * time.Millisecond) {
		if err := syscall.Kill(i.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d survives SIGKILL", i.PID)
		}
	}
	return nil
}

// record writes a process's identity to a file, so that the next daemon finds the processes that this one left behind.
func record(path string, pid int) error {
	started, err := startOf(pid)
	if err != nil {
		return nil // it has ended already
	}
	return home.WriteJSON(path, identity{PID: pid, Started: started})
}

// killRecorded kills the processes recorded in a directory.
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
		// A record truncated by a crash of the machine names a process that died in the crash.
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
	command *exec.Cmd
	done    chan struct{} // closed when it has ended
	err     error         // the exit error; valid after done
}

// spawn starts a component: this program with other arguments. The component ends with its parent, however that ends:
// it watches a pipe that the parent holds, and on Linux the kernel kills it as well.
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
	p := &process{command: command, done: make(chan struct{})}
	go func() {
		p.err = command.Wait()
		_ = writer.Close()
		close(p.done)
	}()
	return p, nil
}

// stop asks the component to terminate, and kills it after the grace period.
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

// The kernel sends the parent-death signal when the *thread* that started the process dies. So one thread starts all
// processes and never ends.
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
