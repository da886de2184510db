package controlplane

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"geo-wordpress/localcloud/home"
)

// The back-off before a dead component is restarted doubles from the minimum to the maximum. It resets after a run of
// at least backoffReset.
const (
	minBackoff   = 200 * time.Millisecond
	maxBackoff   = 10 * time.Second
	backoffReset = 30 * time.Second
)

// component keeps one process of a control plane running.
type component struct {
	name        string
	arguments   []string
	environment []string
	dir         string // the cluster's
	log         *slog.Logger

	mutex    sync.Mutex
	current  *process
	restarts int
	lastExit string

	quit chan struct{} // closed to stop it
	done chan struct{} // closed when it has stopped
	// grace is how long it may take to stop; set before quit is closed.
	grace time.Duration
}

func startComponent(name string, arguments, environment []string, dir string, log *slog.Logger) *component {
	c := &component{
		name: name, arguments: arguments, environment: environment, dir: dir, log: log.With("component", name),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	go c.supervise()
	return c
}

// stop stops the component, and kills it after the grace period.
func (c *component) stop(grace time.Duration) {
	c.grace = grace
	close(c.quit)
	<-c.done
}

func (c *component) supervise() {
	defer close(c.done)
	backoff := minBackoff
	for {
		began := time.Now()
		err := c.run()
		if err == nil {
			return // stopped
		}
		if time.Since(began) >= backoffReset {
			backoff = minBackoff
		}
		c.mutex.Lock()
		c.current, c.lastExit = nil, err.Error()
		c.restarts++
		c.mutex.Unlock()
		c.log.Warn("component died: restarting it", "error", err, "after", backoff, "log", c.logPath())
		select {
		case <-c.quit:
			return
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// run runs the component once. It returns nil if it was stopped, and otherwise how it ended.
func (c *component) run() error {
	log, err := home.OpenLog(c.logPath())
	if err != nil {
		return err
	}
	defer log.Close()
	executable, err := program()
	if err != nil {
		return err
	}
	p, err := spawn(executable, c.arguments, c.dir, c.environment, log)
	if err != nil {
		return err
	}
	c.mutex.Lock()
	c.current = p
	c.mutex.Unlock()

	select {
	case <-p.done:
	case <-c.quit:
		p.stop(c.grace)
		c.mutex.Lock()
		c.current = nil
		c.mutex.Unlock()
		return nil
	}
	if p.err != nil {
		return p.err
	}
	return errors.New("exited by itself")
}

func (c *component) logPath() string { return filepath.Join(c.dir, "log", c.name+".log") }

// logEnd returns the last lines of the component's log, which explain why it failed.
func (c *component) logEnd() error {
	tail, err := home.Tail(c.logPath(), 12)
	if err != nil {
		return err
	}
	return fmt.Errorf("the end of %s:\n%s", c.logPath(), strings.TrimSpace(tail))
}

// ComponentStatus is the status of a control plane's component.
type ComponentStatus struct {
	Name     string `json:"name"`
	PID      int    `json:"pid,omitempty"`      // 0 when it does not run
	Restarts int    `json:"restarts"`           // since the control plane was started
	LastExit string `json:"lastExit,omitempty"` // how it last died
}

func (c *component) status() ComponentStatus {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	s := ComponentStatus{Name: c.name, Restarts: c.restarts, LastExit: c.lastExit}
	if c.current != nil {
		s.PID = c.current.command.Process.Pid
	}
	return s
}
