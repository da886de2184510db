package api

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/store"
	"geo-wordpress/times"
)

// Options configure the API.
type Options struct {
	// Dir is the state directory.
	Dir string
	// Log receives progress messages; nil discards them.
	Log *slog.Logger
	// Faults injects faults into requests and operations; nil injects none.
	Faults *faults.Injector
	// Times scales Google's durations of operations; 0 adds no delay.
	Times times.Scale
	// Clock is the clock on which operations and the provider's back-off wait; nil is the wall clock.
	Clock times.Clock
}

// API is shared by all provider connections.
type API struct {
	Log   *slog.Logger
	Clock times.Clock

	store      *store.Store
	kinds      map[string]*Kind
	locks      locks
	simulation simulation
	changes    changes

	// Operations run in the cloud's context, not in a request's: they continue when the request is gone.
	work    context.Context
	stop    context.CancelFunc
	adding  sync.Mutex // held to add a worker and to stop the work
	workers sync.WaitGroup
}

// Open opens or creates the state in a directory. Only one process can have it open.
func Open(o Options, kinds []*Kind) (*API, error) {
	s, err := store.Open(filepath.Join(o.Dir, "gcp.db"))
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = times.Wall{}
	}
	a := &API{Log: o.Log, Clock: o.Clock, store: s, kinds: map[string]*Kind{},
		simulation: simulation{faults: o.Faults, times: o.Times, clock: o.Clock}}
	for _, k := range kinds {
		k.addCommonFields()
		a.kinds[k.Token] = k
	}
	a.work, a.stop = context.WithCancel(context.Background())
	return a, nil
}

// Interrupt cancels all operations and waits for them to end. They are continued after the next start. The API still
// answers the machines, so that they can be closed between Interrupt and Close.
func (a *API) Interrupt() {
	a.adding.Lock()
	a.stop()
	a.adding.Unlock()
	a.workers.Wait()
}

// Close interrupts all operations and closes the store.
func (a *API) Close() error {
	a.Interrupt()
	return a.store.Close()
}

// View runs a read transaction.
func (a *API) View(fn func(*Tx) error) error {
	return a.store.View(transaction(fn))
}

// Transact runs a read-write transaction, which an error rolls back.
func (a *API) Transact(fn func(*Tx) error) error {
	defer a.changes.announce()
	return a.store.Update(transaction(fn))
}

// Background runs an operation that outlives the request, and waits until it ends, the request is cancelled, or an
// error arrives on timeout, which may be nil.
func (a *API) Background(ctx context.Context, timeout <-chan error, operation func(context.Context) error) error {
	a.adding.Lock()
	if a.work.Err() != nil {
		a.adding.Unlock()
		return operation(a.work) // cancelled already: it only releases what it holds
	}
	a.workers.Add(1)
	a.adding.Unlock()
	done := make(chan error, 1)
	go func() {
		defer a.workers.Done()
		done <- operation(a.work)
	}()
	select {
	case err := <-done:
		return err
	case err := <-timeout:
		return err
	case <-ctx.Done():
		return fmt.Errorf("stopped waiting for the operation, which continues: %w", context.Cause(ctx))
	}
}

// Lock locks a resource for one operation at a time, and returns the release function.
func (a *API) Lock(ctx context.Context, id string) (release func(), err error) {
	return a.locks.acquire(ctx, id)
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
	err := a.View(func(t *Tx) error {
		for _, r := range t.All() {
			out = append(out, Resource{r.Type, r.ID, r.State, r.Message, r.Created})
		}
		return nil
	})
	if err != nil {
		a.Log.Error("list the resources", "error", err)
	}
	return out
}

// Kind returns the resource type with a token.
func (a *API) Kind(token string) (*Kind, error) {
	if k, ok := a.kinds[token]; ok {
		return k, nil
	}
	var known []string
	for token := range a.kinds {
		known = append(known, token)
	}
	slices.Sort(known)
	return nil, fmt.Errorf("the local cloud does not know the resource type %q; it knows %v", token, known)
}
