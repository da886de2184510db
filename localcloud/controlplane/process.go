package controlplane

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is a running component.
type process struct {
	command *exec.Cmd
	done    chan struct{} // closed when it has ended
	err     error         // the exit error; valid after done
}

// spawn starts a component: this program with other arguments. The component ends with its parent, however that ends:
// it watches a pipe that the parent holds.
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
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // only the daemon handles Ctrl-C in its terminal
	if err := command.Start(); err != nil {
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

// program returns the path of the running executable, on Linux one that stays valid after a newer build has replaced the
// file.
func program() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}
