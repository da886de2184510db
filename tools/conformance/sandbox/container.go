package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Container describes a process and the container around it.
type Container struct {
	Name     string // for messages
	Hostname string

	Root   Root
	Mounts []Mount

	// Args are the command and its arguments. A command without a slash is looked up in Env's PATH.
	Args []string
	Env  []string // NAME=value
	Dir  string   // working directory; empty means /

	UID, GID     int
	Groups       []int    // supplementary
	Capabilities []string // of root in the container, without the prefix CAP_; other users have none
	// NoNewPrivileges makes set-uid programs powerless.
	NoNewPrivileges bool
	ReadOnlyRoot    bool
}

// Root is the initial root file system of a container. Every container gets its own, and changes to it end with it.
type Root struct {
	// Machine lists paths of this machine that the container sees as they are: directories, or links to directories.
	Machine []string
	// Directories are created, readable for everybody.
	Directories []string
	// Files by path. They may lie in Machine's directories, which stay unchanged on the machine.
	Files map[string]File
	// Links are symbolic links, path to target.
	Links map[string]string
	// Programs are single files of the machine, path in the container to path here.
	Programs map[string]string
}

// File is a file of a root file system, which belongs to root.
type File struct {
	Text string
	Mode os.FileMode
}

// Mount makes a file or directory of this machine appear in a container.
type Mount struct {
	Source, Target string
	ReadOnly       bool
}

// Process is a container's first process, PID 1 in its namespace.
type Process struct {
	container Container
	command   *exec.Cmd
	network   *os.File
	ended     chan struct{}
}

var containers atomic.Int64

// Start starts a container in a network namespace. All output of its processes goes to output. Start returns once the
// container's own program has begun.
func Start(c Container, network *os.File, output io.Writer) (*Process, error) {
	root := filepath.Join(State(), "containers", fmt.Sprint(containers.Add(1)))
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	description, err := json.Marshal(start{Container: c, At: root})
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	// A program that opens /dev/stdout opens this pipe again, as its own user.
	if err := write.Chown(c.UID, c.GID); err != nil {
		write.Close()
		return nil, err
	}
	descriptionRead, descriptionWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer descriptionRead.Close()
	failureRead, failureWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer failureRead.Close()

	self := exec.Command("/proc/self/exe")
	self.Args[0] = "container"
	self.Env = []string{roleVariable + "=" + roleContainer}
	self.Stdout, self.Stderr = write, write
	self.ExtraFiles = []*os.File{descriptionRead, failureWrite}
	self.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Setsid:     true,
	}
	err = inNetwork(network, self.Start)
	failureWrite.Close()
	write.Close()
	if err != nil {
		read.Close()
		descriptionWrite.Close()
		return nil, fmt.Errorf("starting %s: %w", c.Name, err)
	}
	p := &Process{container: c, command: self, network: network, ended: make(chan struct{})}
	copied := make(chan struct{})
	go func() {
		_, _ = io.Copy(output, read)
		read.Close()
		close(copied)
	}()
	_, writeErr := descriptionWrite.Write(description)
	descriptionWrite.Close()
	go func() {
		_ = self.Wait()
		<-copied
		_ = os.Remove(root)
		close(p.ended)
	}()
	failure, _ := io.ReadAll(failureRead) // ends when the program begins
	if len(failure) > 0 || writeErr != nil {
		<-p.ended
		return nil, fmt.Errorf("starting %s: %s", c.Name, strings.TrimSpace(string(failure)))
	}
	return p, nil
}

// inNetwork calls a function on a thread in a network namespace.
func inNetwork(network *os.File, call func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering the network: %w", err)
	}
	err = call()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return back // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// Ended is closed when the container has ended, with everything in it.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// ExitCode returns the container's exit code, or 128 plus the number of the signal that ended it. It must have ended.
func (p *Process) ExitCode() int {
	status := p.command.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// Signal sends a signal to the first process. As in any container, the kernel drops a signal that the process does not
// handle, except SIGKILL and SIGSTOP.
func (p *Process) Signal(s syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = p.command.Process.Signal(s)
	}
}

// SignalAll sends a signal to every process of the container.
func (p *Process) SignalAll(s syscall.Signal) {
	namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", p.command.Process.Pid))
	if err != nil {
		return // it has ended
	}
	links, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	for _, link := range links {
		var pid int
		if its, err := os.Readlink(link); err == nil && its == namespace {
			if _, err := fmt.Sscanf(link, "/proc/%d/", &pid); err == nil {
				_ = syscall.Kill(pid, s)
			}
		}
	}
}
