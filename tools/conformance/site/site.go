package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	"golang.org/x/sys/unix"
)

// patience is the timeout of one step on a busy machine.
const patience = 10 * time.Minute

// options are the program's flags.
type options struct{ sockets, disks, logs string }

// run runs the stack from standard input until it is told to end, and returns the exit status.
func (o options) run() int {
	stack, err := declared.Read(os.Stdin)
	if err != nil {
		fail(err)
	}
	end := told()
	if err := o.lock(end); err != nil {
		fail(err)
	}
	fmt.Fprintln(os.Stderr, world.Table())
	t := &owner{}
	s := &site{World: world.At(t, stack, world.Places{Disks: o.disks, Artefacts: o.logs})}
	go s.start(o.sockets)
	<-end
	ending.Store(true)
	s.stop()
	t.end()
	// The process that made the directory may be gone.
	if err := os.RemoveAll(o.sockets); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// lock waits until no other run uses the disks: a run that was told to end may still be shutting down.
func (o options) lock(end <-chan struct{}) error {
	if err := os.MkdirAll(o.disks, 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(o.disks, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	for waiting := false; ; waiting = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return nil // until the process ends
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("locking %s: %w", file.Name(), err)
		}
		if !waiting {
			step("the run before is ending")
		}
		select {
		case <-end:
			return errors.New("told to end before the run before had")
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// step reports the progress.
func step(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// site is the running stack.
type site struct{ *world.World }

// start starts everything, each tier once the tier that it needs is ready, and ends the program if something does not
// start.
func (s *site) start(sockets string) {
	regions := s.Stack.Regions
	step("%d Placement Drivers, NFS servers and Syncthings", len(regions))
	pds, servers, daemons := s.everywhere("pd"), s.everywhere("nfs"), s.everywhere("syncthing")
	s.Ready(patience, pds...)
	s.Eventually(patience, "the Placement Drivers have a quorum", func() error {
		for _, pd := range pds {
			if err := world.Healthy(pd); err != nil {
				return err
			}
		}
		return nil
	})
	step("the store, and %d TiDBs", len(regions))
	s.Ready(patience, slices.Concat([]*kubelet.Pod{s.StartStore()}, s.everywhere("tidb"))...)
	s.jobs("database-init")
	step("%d NFS servers and Syncthings", len(regions))
	s.Ready(patience, slices.Concat(servers, daemons)...)
	step("%d WordPresses", len(regions))
	s.Ready(patience, s.everywhere("wordpress")...)
	s.jobs("wordpress-install")
	for _, region := range regions {
		if err := s.serve(region, filepath.Join(sockets, region.Name+".sock")); err != nil {
			fail(err)
		}
	}
	step("ready")
}

// everywhere starts an application in all regions.
func (s *site) everywhere(app string) (pods []*kubelet.Pod) {
	for _, region := range s.Stack.Regions {
		pods = append(pods, s.Start(region.Name, app))
	}
	return pods
}

// jobs runs an application's Jobs in the regions that declare one: all at once, as the clusters do.
func (s *site) jobs(app string) {
	var wait sync.WaitGroup
	for _, region := range s.Stack.Regions {
		if !declares(region, app) {
			continue
		}
		step("the Job %s in %s", app, region.Name)
		wait.Go(func() {
			if _, err := s.Job(region.Name, app); err != nil {
				fail(err)
			}
		})
	}
	wait.Wait()
}

func declares(region *declared.Region, app string) bool {
	for _, job := range region.Jobs {
		if job.Spec.Template.Labels[declared.AppLabel] == app {
			return true
		}
	}
	return false
}

// stop ends the pods. WordPress serves nobody any more, so it gets no grace period; pods that keep data do. The store
// ends after the TiDBs, whose locks it would forget, and before the Placement Drivers, which it reports to.
func (s *site) stop() {
	pods := s.Running()
	end := func(call func(*kubelet.Pod), apps ...string) {
		var wait sync.WaitGroup
		for _, p := range pods {
			if slices.Contains(apps, p.App()) {
				wait.Go(func() { call(p) })
			}
		}
		wait.Wait()
	}
	stop := func(p *kubelet.Pod) { p.Stop() }
	end((*kubelet.Pod).PowerOff, "wordpress")
	end(stop, "tidb", "nfs", "syncthing")
	end(stop, "tikv")
	end(stop, "pd")
}

// owner owns the world, as a test does.
type owner struct {
	lock     sync.Mutex
	cleanups []func()
}

func (*owner) Helper() {}

func (*owner) Fatal(args ...any) { fail(fmt.Sprint(args...)) }

func (*owner) Fatalf(format string, args ...any) { fail(fmt.Sprintf(format, args...)) }

func (o *owner) Cleanup(call func()) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.cleanups = append(o.cleanups, call)
}

// end calls the world's cleanups, the last one first.
func (o *owner) end() {
	o.lock.Lock()
	defer o.lock.Unlock()
	for _, call := range slices.Backward(o.cleanups) {
		call()
	}
}
