package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/util/wait"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/home"
)

// Kind is a kind of part that can be lost.
type Kind string

// The kinds. Everything is for healing only.
const (
	Region       Kind = "region"
	Zone         Kind = "zone"
	Node         Kind = "node"
	ControlPlane Kind = "control-plane"
	Partition    Kind = "partition"
	Everything   Kind = "all"
)

// failures holds what is lost, and keeps it in a file.
type failures struct {
	changing sync.Mutex // held for a whole change
	mutex    sync.Mutex // guards now
	path     string
	now      cloud.Failures
}

// load reads what was lost when the daemon last ran.
func (f *failures) load(path string) error {
	f.path = path
	return readJSON(path, &f.now, "the recorded failures")
}

func (f *failures) get() cloud.Failures {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.now
}

func (f *failures) set(next cloud.Failures) error {
	if err := home.WriteJSON(f.path, next); err != nil {
		return err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.now = next
	return nil
}

// controlPlanes forgets the failure of a control plane that is deleted, because a new cluster may get the same ID.
type controlPlanes struct {
	*controlplane.Manager
	failures *failures
}

func (c controlPlanes) Delete(ctx context.Context, clusterID string) error {
	if err := c.Manager.Delete(ctx, clusterID); err != nil {
		return err
	}
	c.failures.changing.Lock()
	defer c.failures.changing.Unlock()
	next := clone(c.failures.get())
	if !toggle(&next.ControlPlanes, clusterID, false) {
		return nil
	}
	return c.failures.set(next)
}

// failAgain takes down the control planes that were lost when the daemon last ran, once everything runs. They have to
// start first: the machines that are not lost read their last state from them.
func (d *daemon) failAgain() error {
	now := d.failures.get()
	d.planes.Refuse(func(c cloud.Cluster) bool { return d.failures.get().ControlPlane(c) })
	var problems []error
	for _, c := range d.planes.Clusters() {
		if now.ControlPlane(c) {
			problems = append(problems, d.planes.Fail(c.ID))
		}
	}
	return errors.Join(problems...)
}

// change fails or heals parts of the cloud, and describes each change in a sentence. It returns once the control planes
// that are back answer; machines boot meanwhile.
func (d *daemon) change(ctx context.Context, fail bool, kind Kind, names []string) ([]string, error) {
	d.failures.changing.Lock()
	defer d.failures.changing.Unlock()
	i := d.inventory()
	before := i.existing(d.failures.get())
	next, changes, err := i.change(before, fail, kind, names)
	if err != nil {
		return nil, err
	}
	if err := d.failures.set(next); err != nil {
		return nil, err
	}
	d.infrastructure.SetFailures(next)
	problems := make([]error, len(i.clusters))
	var group wait.Group
	for n, c := range i.clusters {
		group.Start(func() {
			switch lost := next.ControlPlane(c); {
			case lost && !before.ControlPlane(c):
				problems[n] = d.planes.Fail(c.ID)
			case !lost && !fail: // includes one that an earlier heal failed to start
				problems[n] = d.planes.Heal(ctx, c.ID)
			}
		})
	}
	group.Wait()
	return changes, errors.Join(problems...)
}

// invalidError is the caller's mistake, such as an unknown name.
type invalidError struct{ error }

func invalid(format string, args ...any) error { return invalidError{fmt.Errorf(format, args...)} }
