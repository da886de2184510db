package gcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/store"
	"geo-wordpress/localcloud/times"
)

// Options configure the stand-in.
type Options struct {
	// Dir is the state directory.
	Dir           string
	ControlPlanes cloud.ControlPlanes
	Machines      cloud.Machines
	// Log receives progress messages; nil discards them.
	Log *slog.Logger
	// EnabledAPIs, such as "compute.googleapis.com", are on in every project from the start. Otherwise only the APIs
	// that enable others are on: a missing dependency on a projects.Service fails with Google's 403.
	EnabledAPIs []string
	// Faults injects faults into requests and operations; nil injects none.
	Faults *faults.Injector
	// Times scales Google's durations of operations; 0 adds no delay.
	Times times.Scale
	// Clock is the clock that operations wait on; nil is the wall clock.
	Clock times.Clock
}

// API is the cloud itself, shared by all provider connections.
type API struct {
	store         *store.Store
	controlPlanes cloud.ControlPlanes
	machines      cloud.Machines
	log           *slog.Logger
	enabledAPIs   map[string]bool
	locks         locks
	faults        *faults.Injector
	times         times.Scale
	clock         times.Clock

	// Slow work runs in the cloud's context, not in a request's: it continues when the request is gone.
	work    context.Context
	stop    context.CancelFunc
	hiring  sync.Mutex // held to add a worker and to stop the work
	workers sync.WaitGroup

	facts factCache
}

var _ cloud.Facts = (*API)(nil)

// Open opens or creates the state in a folder. Only one process can have it open.
func Open(o Options) (*API, error) {
	if o.ControlPlanes == nil || o.Machines == nil {
		return nil, errors.New("the Google API stand-in needs control planes and machines")
	}
	s, err := store.Open(filepath.Join(o.Dir, "gcp.db"))
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{store: s, controlPlanes: o.ControlPlanes, machines: o.Machines, log: o.Log,
		enabledAPIs: map[string]bool{}, faults: o.Faults, times: o.Times, clock: o.Clock}
	if a.clock == nil {
		a.clock = times.Wall{}
	}
	for _, s := range append([]string{"serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com"},
		o.EnabledAPIs...) {
		a.enabledAPIs[s] = true
	}
	a.work, a.stop = context.WithCancel(context.Background())
	return a, nil
}

// Interrupt cancels slow work and waits for it to end; Resume continues it after the next start. The API still answers
// the machines, so that they can be closed between Interrupt and Close.
func (a *API) Interrupt() {
	a.hiring.Lock()
	a.stop()
	a.hiring.Unlock()
	a.workers.Wait()
}

// Close interrupts slow work and closes the store.
func (a *API) Close() error {
	a.Interrupt()
	return a.store.Close()
}

func (a *API) view(fn func(*txn) error) error {
	return a.store.View(func(tx *store.Tx) error { return fn(&txn{tx, a}) })
}

func (a *API) update(fn func(*txn) error) error {
	defer a.facts.invalidate()
	return a.store.Update(func(tx *store.Tx) error { return fn(&txn{tx, a}) })
}

// await runs work that outlives the request, and waits for it until it ends or the request is cancelled.
func (a *API) await(ctx context.Context, work func(context.Context) error) error {
	return a.awaitFor(ctx, nil, work)
}

// awaitFor is await that also returns when an error arrives on impatient; nil means no timeout.
func (a *API) awaitFor(ctx context.Context, impatient <-chan error, work func(context.Context) error) error {
	a.hiring.Lock()
	if a.work.Err() != nil {
		a.hiring.Unlock()
		return work(a.work) // already cancelled: work only releases what it holds
	}
	a.workers.Add(1)
	a.hiring.Unlock()
	done := make(chan error, 1)
	go func() {
		defer a.workers.Done()
		done <- work(a.work)
	}()
	select {
	case err := <-done:
		return err
	case err := <-impatient:
		return err
	case <-ctx.Done():
		return fmt.Errorf("gave up waiting, while the operation goes on: %w", context.Cause(ctx))
	}
}

// Resource is one resource in the cloud.
type Resource struct {
	Type    string    `json:"type"` // the engine's token
	ID      string    `json:"id"`
	State   string    `json:"state"`
	Message string    `json:"message,omitempty"` // the reason for state ERROR
	Created time.Time `json:"created"`
}

// Resources lists all resources, ordered by ID.
func (a *API) Resources() []Resource {
	var out []Resource
	err := a.view(func(t *txn) error {
		all, err := t.all()
		for _, r := range all {
			out = append(out, Resource{r.Type, r.ID, r.State, r.Message, r.Created})
		}
		return err
	})
	if err != nil {
		a.log.Error("list the resources", "error", err)
	}
	return out
}

// Clusters lists all clusters, in any state.
func (a *API) Clusters() []cloud.Cluster {
	var out []cloud.Cluster
	err := a.view(func(t *txn) error {
		all, err := t.all(clusterType)
		if err != nil {
			return err
		}
		for _, r := range all {
			c, err := t.cluster(r)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	if err != nil {
		a.log.Error("list the clusters", "error", err)
	}
	return out
}

// ClusterState returns a cluster's state in GKE's terms (PROVISIONING, RUNNING, RECONCILING, STOPPING or ERROR), and
// the reason for ERROR. Both are empty if the cluster does not exist.
func (a *API) ClusterState(id string) (state, message string) {
	err := a.view(func(t *txn) error {
		r, err := t.get(id)
		if r != nil && r.Type == clusterType {
			state, message = r.State, r.Message
		}
		return err
	})
	if err != nil {
		a.log.Error("read the cluster", "cluster", id, "error", err)
	}
	return state, message
}
