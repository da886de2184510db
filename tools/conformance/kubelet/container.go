package kubelet

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"geo-wordpress/tools/conformance/sandbox"

	corev1 "k8s.io/api/core/v1"
)

// container is one of a pod's containers, over all its restarts.
type container struct {
	pod  *Pod
	spec *corev1.Container

	started, ready atomic.Bool
	restarts       atomic.Int64

	lock    sync.Mutex
	process *sandbox.Process // nil while none runs
	image   *Image
	code    int // exit code of the last run
}

// The back-off before a restart doubles from firstPause to lastPause, and starts over after a run longer than quiet.
const (
	firstPause = 10 * time.Second
	lastPause  = 300 * time.Second
	quiet      = 600 * time.Second
)

// run runs the container until it has ended for good, and reports whether it succeeded.
func (c *container) run() bool {
	pause := firstPause
	for {
		began := time.Now()
		code, err := c.once()
		if err != nil {
			c.pod.event(c.spec.Name, "Failed", err.Error())
			code = 128
		} else {
			c.pod.event(c.spec.Name, "Ended", fmt.Sprintf("exit code %d", code))
		}
		if c.pod.isDeleted() || !c.pod.restarts(code) {
			return code == 0
		}
		if time.Since(began) > quiet {
			pause = firstPause
		}
		select {
		case <-c.pod.deleted:
			return false
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
		c.restarts.Add(1)
	}
}

// once starts the container and waits until it ends.
func (c *container) once() (code int, err error) {
	description, image, err := c.pod.describe(c.spec)
	if err != nil {
		return 0, err
	}
	log, err := c.pod.kubelet.log(c.pod, c.spec.Name)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	process, err := sandbox.Start(description, c.pod.Network.Namespace, log)
	if err != nil {
		return 0, err
	}
	c.lock.Lock()
	c.process, c.image = process, image
	c.lock.Unlock()
	if c.pod.isDeleted() { // deleted meanwhile
		process.Signal(syscall.SIGKILL)
	}
	c.pod.event(c.spec.Name, "Started", "")
	c.started.Store(c.spec.StartupProbe == nil)
	c.ready.Store(c.spec.StartupProbe == nil && c.spec.ReadinessProbe == nil)
	var probes sync.WaitGroup
	probes.Go(func() { c.watch(process) })
	<-process.Ended()
	probes.Wait()
	c.started.Store(false)
	c.ready.Store(false)
	c.lock.Lock()
	c.process, c.code = nil, process.ExitCode()
	c.lock.Unlock()
	return process.ExitCode(), nil
}

// watch probes the container: for its startup first, then for readiness and liveness.
func (c *container) watch(process *sandbox.Process) {
	if probe := c.spec.StartupProbe; probe != nil {
		c.pod.watch(c, process, "startup", probe, func(ok bool, why error) bool {
			if !ok {
				c.kill(process, fmt.Sprintf("failed its startup probe: %v", brief(why)), probe)
			}
			c.started.Store(ok)
			return false
		})
		if !c.started.Load() {
			return
		}
	}
	var probes sync.WaitGroup
	defer probes.Wait()
	if probe := c.spec.ReadinessProbe; probe != nil {
		probes.Go(func() {
			c.pod.watch(c, process, "readiness", probe, func(ok bool, _ error) bool {
				if c.ready.Swap(ok) != ok {
					c.pod.event(c.spec.Name, map[bool]string{true: "Ready", false: "NotReady"}[ok], "")
				}
				return true
			})
		})
	} else {
		c.ready.Store(true)
	}
	if probe := c.spec.LivenessProbe; probe != nil {
		probes.Go(func() {
			c.pod.watch(c, process, "liveness", probe, func(ok bool, why error) bool {
				if !ok {
					c.kill(process, fmt.Sprintf("failed its liveness probe: %v", brief(why)), probe)
				}
				return ok
			})
		})
	}
}

// kill ends a container that failed a probe, with its grace period.
func (c *container) kill(process *sandbox.Process, why string, probe *corev1.Probe) {
	grace := c.pod.grace()
	if probe.TerminationGracePeriodSeconds != nil {
		grace = time.Duration(*probe.TerminationGracePeriodSeconds) * time.Second
	}
	c.pod.event(c.spec.Name, "Killing", why)
	go c.end(process, grace)
}

// end ends a process as declared: the preStop command, the stop signal, and SIGKILL when the grace period is over. It
// reports whether SIGKILL was needed.
func (c *container) end(process *sandbox.Process, grace time.Duration) (killed bool) {
	over := time.Now().Add(grace)
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.PreStop != nil {
		ctx, cancel := context.WithDeadline(context.Background(), over)
		code, output, err := process.Exec(ctx, c.spec.Lifecycle.PreStop.Exec.Command...)
		cancel()
		if err != nil || code != 0 {
			c.pod.event(c.spec.Name, "FailedPreStopHook", fmt.Sprintf("exit code %d: %s (%v)", code, output, err))
		}
	}
	c.lock.Lock()
	signal := syscall.SIGTERM
	if c.image != nil && c.image.StopSignal != 0 {
		signal = c.image.StopSignal
	}
	c.lock.Unlock()
	process.Signal(signal)
	// Even after a hook that took the whole grace period, the process has two seconds.
	rest := max(time.Until(over), 2*time.Second)
	select {
	case <-process.Ended():
		return false
	case <-time.After(rest):
		process.Signal(syscall.SIGKILL)
		<-process.Ended()
		return true
	}
}

// current returns the running process, or nil.
func (c *container) current() *sandbox.Process {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.process
}
