package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines"
)

// Kind is a kind of thing that can be lost.
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

// losing is a System whose machines and network can be lost.
type losing interface {
	// SetFailures sets what is lost from now on; whatever is no longer lost comes back.
	SetFailures(cloud.Failures)
	// Machines lists the machines, the lost ones included.
	Machines() []machines.Machine
}

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
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(content, &f.now)
	}
	if err != nil {
		return fmt.Errorf("what is lost of the cloud: %s: %w; without the file nothing is lost", path, err)
	}
	return nil
}

func (f *failures) get() cloud.Failures {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.now
}

func (f *failures) set(next cloud.Failures) error {
	if err := writeJSON(f.path, next); err != nil {
		return err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.now = next
	return nil
}

// loseAgain takes down the control planes that were lost when the daemon last ran, once everything runs. They have to
// start first: the machines that are not lost read their last state from them.
func (d *daemon) loseAgain() error {
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

// change loses things or brings them back, and describes each result in a sentence. It returns once the control planes
// that are back answer; machines boot meanwhile.
func (d *daemon) change(ctx context.Context, lose bool, kind Kind, names []string) ([]string, error) {
	d.failures.changing.Lock()
	defer d.failures.changing.Unlock()
	s := d.scene()
	next, said, err := s.change(d.failures.get(), lose, kind, names)
	if err != nil {
		return nil, err
	}
	before := d.failures.get()
	if err := d.failures.set(next); err != nil {
		return nil, err
	}
	if system, ok := d.system.(losing); ok {
		system.SetFailures(next)
	}
	problems := make([]error, len(s.clusters))
	var wait sync.WaitGroup
	for i, c := range s.clusters {
		wait.Add(1)
		go func() {
			defer wait.Done()
			switch lost := next.ControlPlane(c); {
			case lost && !before.ControlPlane(c):
				problems[i] = d.planes.Fail(c.ID)
			case !lost && !lose: // includes one that an earlier heal failed to start
				problems[i] = d.planes.Heal(ctx, c.ID)
			}
		}()
	}
	wait.Wait()
	return said, errors.Join(problems...)
}

// unknownError is a request that makes no sense, such as one for an unknown name.
type unknownError struct{ error }

func unknown(format string, args ...any) error { return unknownError{fmt.Errorf(format, args...)} }

// scene is everything that can be lost.
type scene struct {
	clusters []cloud.Cluster
	machines []machines.Machine
}

func (d *daemon) scene() scene {
	s := scene{clusters: d.planes.Clusters()}
	if system, ok := d.system.(losing); ok {
		s.machines = system.Machines()
	}
	return s
}

// The paths of the control server: POST /fail/KIND?name=... and /heal/KIND?name=...
const (
	failPath = "/fail/"
	healPath = "/heal/"
)

// serveChange serves a request that loses something or brings it back.
func (d *daemon) serveChange(lose bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		said, err := d.change(r.Context(), lose, Kind(r.PathValue("kind")), r.URL.Query()["name"])
		var none unknownError
		switch {
		case errors.As(err, &none):
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			answer(w, said)
		}
	}
}

// Fail loses things of a kind: regions, zones and nodes by name; control planes by cluster, region or zone, or all of
// them without a name; a partition by its two regions. It returns a sentence on each. Losing a lost thing changes
// nothing.
func (r Record) Fail(ctx context.Context, kind Kind, names ...string) ([]string, error) {
	return r.change(ctx, failPath, kind, names)
}

// Heal brings back lost things, all of the kind if none is named, and returns once the control planes answer.
func (r Record) Heal(ctx context.Context, kind Kind, names ...string) ([]string, error) {
	return r.change(ctx, healPath, kind, names)
}

func (r Record) change(ctx context.Context, path string, kind Kind, names []string) ([]string, error) {
	var said []string
	err := r.call(ctx, http.MethodPost, path+string(kind)+"?"+url.Values{"name": names}.Encode(), &said)
	return said, err
}

// thereAre lists the names that exist, for the error about an unknown name.
func thereAre(names []string) string {
	if len(names) == 0 {
		return "there are none yet: `pulumi up` makes some"
	}
	return "there are: " + strings.Join(names, ", ")
}

// sorted returns the names in order and without duplicates.
func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}
