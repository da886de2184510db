package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Exec runs another command in the container, as its user and in its environment, until the context ends. It returns
// the exit code and the output, or an error if the command could not be run.
func (p *Process) Exec(ctx context.Context, args ...string) (code int, output string, err error) {
	var b bytes.Buffer
	done := make(chan struct{})
	var command *exec.Cmd
	go func() {
		defer close(done)
		// The thread enters the container, and ends there with the goroutine.
		runtime.LockOSThread()
		if err = p.enter(); err != nil {
			return
		}
		program := args[0]
		if !strings.Contains(program, "/") {
			if program, err = lookPath(program, p.container.Env); err != nil {
				return
			}
		}
		command = exec.CommandContext(ctx, program, args[1:]...)
		command.Args[0] = args[0]
		command.Env, command.Dir = p.container.Env, p.container.dir()
		command.Stdout, command.Stderr = &b, &b
		command.SysProcAttr = &syscall.SysProcAttr{Credential: p.container.credential()}
		err = command.Start()
	}()
	<-done
	if err != nil {
		return 0, "", fmt.Errorf("executing %s in %s: %w", args[0], p.container.Name, err)
	}
	err = command.Wait()
	if ctx.Err() != nil {
		return 0, b.String(), fmt.Errorf("executing %s in %s: %w", args[0], p.container.Name, ctx.Err())
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return 0, b.String(), err
	}
	return command.ProcessState.ExitCode(), b.String(), nil
}

// enter moves the calling thread, and the processes it starts, into the container's namespaces.
func (p *Process) enter() error {
	// Threads share a root directory, and entering a mount namespace changes it.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	var files []*os.File
	for _, name := range []string{"net", "ipc", "uts", "pid", "mnt"} {
		file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", p.command.Process.Pid, name))
		if err != nil {
			return err
		}
		defer file.Close()
		files = append(files, file)
	}
	for _, file := range files {
		if err := unix.Setns(int(file.Fd()), 0); err != nil {
			return fmt.Errorf("entering %s: %w", file.Name(), err)
		}
	}
	return nil
}

func (c *Container) credential() *syscall.Credential {
	credential := &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.GID)}
	for _, group := range c.Groups {
		credential.Groups = append(credential.Groups, uint32(group))
	}
	return credential
}

func (c *Container) dir() string {
	if c.Dir == "" {
		return "/"
	}
	return c.Dir
}

// lookPath finds a program by the PATH of an environment.
func lookPath(program string, env []string) (string, error) {
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for _, directory := range strings.Split(path, ":") {
		candidate := directory + "/" + program
		if info, err := os.Stat(candidate); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%s: not found in %s", program, path)
}
