package kubelet

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/netns"

	corev1 "k8s.io/api/core/v1"
)

// Pod is a pod that runs, or has run.
type Pod struct {
	*declared.Pod
	FullName string // the declared name and a number
	Network  *netns.Pod

	kubelet   *Kubelet
	directory string
	volumes   map[string]made
	frozen    atomic.Bool

	lock       sync.Mutex
	containers []*container // set once the init containers have ended
	starting   *container   // the running init container
	events     []Event
	succeeded  bool

	deleting sync.Once
	deleted  chan struct{} // closed when the pod must end
	ended    chan struct{} // closed when the pod has ended
}

// Event is something that happened to a pod's container.
type Event struct {
	At        time.Time
	Container string
	// Reason is Started, Ready, NotReady, Unhealthy, Killing, Ended, Failed or FailedPreStopHook.
	Reason  string
	Message string
}

func (e Event) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.At.Format("15:04:05.0"), e.Container, e.Reason, e.Message))
}

func (p *Pod) event(container, reason, message string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.events = append(p.events, Event{time.Now(), container, reason, message})
}

// Events returns what has happened so far; with reasons, only events with those.
func (p *Pod) Events(reasons ...string) []Event {
	p.lock.Lock()
	defer p.lock.Unlock()
	var all []Event
	for _, e := range p.events {
		if len(reasons) == 0 || slices.Contains(reasons, e.Reason) {
			all = append(all, e)
		}
	}
	return all
}

// run runs the pod's containers until it has ended.
func (p *Pod) run() {
	defer close(p.ended)
	defer os.RemoveAll(p.directory)
	for i := range p.Spec().InitContainers {
		c := &container{pod: p, spec: &p.Spec().InitContainers[i]}
		p.lock.Lock()
		p.starting = c
		p.lock.Unlock()
		if !c.run() {
			return
		}
	}
	p.lock.Lock()
	p.starting = nil
	for i := range p.Spec().Containers {
		p.containers = append(p.containers, &container{pod: p, spec: &p.Spec().Containers[i]})
	}
	p.lock.Unlock()
	var wait sync.WaitGroup
	var failures atomic.Int64
	for _, c := range p.containers {
		wait.Go(func() {
			if !c.run() {
				failures.Add(1)
			}
		})
	}
	wait.Wait()
	p.lock.Lock()
	p.succeeded = failures.Load() == 0
	p.lock.Unlock()
}

// restarts reports whether a container that ended with a code is restarted.
func (p *Pod) restarts(code int) bool {
	p.lock.Lock()
	initializing := p.starting != nil
	p.lock.Unlock()
	switch p.Spec().RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	}
	return !initializing || code != 0
}

func (p *Pod) grace() time.Duration {
	if seconds := p.Spec().TerminationGracePeriodSeconds; seconds != nil {
		return time.Duration(*seconds) * time.Second
	}
	return 30 * time.Second
}

func (p *Pod) isDeleted() bool {
	select {
	case <-p.deleted:
		return true
	default:
		return false
	}
}

// all returns the current containers.
func (p *Pod) all() []*container {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.starting != nil {
		return []*container{p.starting}
	}
	return slices.Clone(p.containers)
}

// Ready reports whether all containers are ready, and the pod is not being deleted.
func (p *Pod) Ready() bool {
	all := p.all()
	p.lock.Lock()
	initializing := p.starting != nil
	p.lock.Unlock()
	return !p.isDeleted() && !initializing && len(all) > 0 &&
		!slices.ContainsFunc(all, func(c *container) bool { return !c.ready.Load() })
}

// Ended is closed when the pod has ended.
func (p *Pod) Ended() <-chan struct{} { return p.ended }

// Succeeded reports whether the pod has ended and all its containers succeeded.
func (p *Pod) Succeeded() bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.succeeded
}

// Restarts returns how often the pod's containers were restarted.
func (p *Pod) Restarts() (n int64) {
	for _, c := range p.all() {
		n += c.restarts.Load()
	}
	return n
}

// Stopped describes how a pod ended after Stop.
type Stopped struct {
	Took   time.Duration
	Killed []string // containers that were killed after their grace period
	Codes  map[string]int
}

// Stop deletes the pod and waits until it has ended.
func (p *Pod) Stop() Stopped {
	began := time.Now()
	p.deleting.Do(func() { close(p.deleted) })
	s := Stopped{Codes: map[string]int{}}
	var wait sync.WaitGroup
	var lock sync.Mutex
	for _, c := range p.all() {
		process := c.current()
		if process == nil {
			continue
		}
		wait.Go(func() {
			killed := c.end(process, p.grace())
			lock.Lock()
			defer lock.Unlock()
			s.Codes[c.spec.Name] = process.ExitCode()
			if killed {
				s.Killed = append(s.Killed, c.spec.Name)
			}
		})
	}
	wait.Wait()
	<-p.ended
	s.Took = time.Since(began)
	p.Network.Close()
	return s
}

// PowerOff ends the pod as a failing machine does: it is off the network and gone, without notice to anybody.
func (p *Pod) PowerOff() {
	p.Network.Unplug()
	p.deleting.Do(func() { close(p.deleted) })
	p.Signal(syscall.SIGKILL)
	<-p.ended
	p.Network.Close()
}

// Signal sends a signal to the first process of each container. After SIGKILL the kubelet restarts them.
func (p *Pod) Signal(s syscall.Signal) {
	for _, c := range p.all() {
		if process := c.current(); process != nil {
			process.Signal(s)
		}
	}
}

// Freeze stops all the pod's processes and its probes: the pod accepts connections and answers nothing, like a server
// that waits for another.
func (p *Pod) Freeze() {
	p.frozen.Store(true)
	p.signalAll(syscall.SIGSTOP)
}

// Thaw resumes the pod's processes.
func (p *Pod) Thaw() {
	p.signalAll(syscall.SIGCONT)
	p.frozen.Store(false)
}

func (p *Pod) signalAll(s syscall.Signal) {
	for _, c := range p.all() {
		if process := c.current(); process != nil {
			process.SignalAll(s)
		}
	}
}

// Exec runs a command in one of the pod's containers. The error is for a command that could not be run.
func (p *Pod) Exec(ctx context.Context, container string, args ...string) (code int, output string, err error) {
	for _, c := range p.all() {
		if process := c.current(); c.spec.Name == container && process != nil {
			return process.Exec(ctx, args...)
		}
	}
	return 0, "", fmt.Errorf("the pod %s has no container %s that runs", p.FullName, container)
}

// Log returns what a container of the pod has written so far.
func (p *Pod) Log(container string) string {
	text, _ := os.ReadFile(p.logPath(container))
	return string(text)
}

func (p *Pod) resolver() string { return netns.Resolver.String() }
