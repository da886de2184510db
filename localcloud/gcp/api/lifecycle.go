package api

import (
	"context"
	"fmt"
	"time"

	"geo-wordpress/localcloud/gcp/schema"
	"geo-wordpress/localcloud/times"
)

// operation is the part of a request that follows its acceptance.
type operation struct {
	// run does the slow part; nil if the request is complete once it is accepted.
	run func(ctx context.Context) error
	// timeout is how long the provider waits for it; 0 means no limit.
	timeout time.Duration
}

// Create creates a resource. On an error after the resource was stored, it returns the resource too.
func (a *API) Create(ctx context.Context, k *Kind, at Location, in Object, secrets []string) (*Record, error) {
	if err := a.simulation.receive(ctx, k, times.Create); err != nil {
		return nil, err
	}
	r := &Record{Type: k.Token, ID: k.ID(at, in), Project: at.Project, Location: at.Name, Name: in.Str("name"),
		State: Running, Created: time.Now().UTC(), Inputs: in, Secrets: secrets}
	if r.Name == "" {
		r.Name = LastSegment(r.ID)
	}
	release, err := a.lock(ctx, k, r)
	if err != nil {
		return nil, err
	}
	var op operation
	err = a.Transact(func(t *Tx) error {
		if err := t.RequireAPI(at.Project, k.Service); err != nil {
			return err
		}
		existing, err := t.Find(r.ID)
		if err != nil {
			return err
		}
		if existing != nil && !k.Adopts {
			return alreadyExists(r.ID)
		}
		if err := t.fillIn(k, r, at, nil); err != nil {
			return err
		}
		if op, err = a.simulation.accept(ctx, k, times.Create, r, a.starting(k, r, nil)); err != nil {
			return err
		}
		if op.run != nil {
			r.State = Provisioning
		}
		return t.Save(r)
	})
	if err != nil {
		release()
		return nil, err
	}
	return a.finish(ctx, k, times.Create, op, r, release)
}

// Update updates a resource to new inputs. It also retries a slow part that failed before.
func (a *API) Update(ctx context.Context, k *Kind, id string, in Object, secrets []string) (*Record, error) {
	r, err := a.Read(id)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, NotFound(id)
	}
	if err := a.simulation.receive(ctx, k, times.Update); err != nil {
		return nil, err
	}
	release, err := a.lock(ctx, k, r)
	if err != nil {
		return nil, err
	}
	var op operation
	err = a.Transact(func(t *Tx) error {
		old, err := t.Find(id)
		if err != nil {
			return err
		}
		if old == nil {
			return NotFound(id)
		}
		if err := t.RequireAPI(old.Project, k.Service); err != nil {
			return err
		}
		at, err := k.Where(in, old.where())
		if err != nil {
			return err
		}
		r = &Record{Type: old.Type, ID: old.ID, Name: old.Name, Project: old.Project, Location: old.Location,
			State: Running, Created: old.Created, Inputs: in, Secrets: secrets, Holds: old.Holds, Instances: old.Instances}
		if err := t.fillIn(k, r, at, old); err != nil {
			return err
		}
		if op, err = a.simulation.accept(ctx, k, times.Update, r, a.starting(k, r, old)); err != nil {
			return err
		}
		if op.run != nil {
			r.State = Reconciling
		}
		return t.Save(r)
	})
	if err != nil {
		release()
		return nil, err
	}
	return a.finish(ctx, k, times.Update, op, r, release)
}

// Delete deletes a resource; deleting a missing one is no error.
func (a *API) Delete(ctx context.Context, k *Kind, id string) error {
	r, err := a.Read(id)
	if r == nil || err != nil {
		return err
	}
	if err := a.simulation.receive(ctx, k, times.Delete); err != nil {
		return err
	}
	release, err := a.lock(ctx, k, r)
	if err != nil {
		return err
	}
	var op operation
	err = a.Transact(func(t *Tx) error {
		if r, err = t.Find(id); r == nil || err != nil {
			return err
		}
		if err := t.RequireAPI(r.Project, k.Service); err != nil {
			return err
		}
		if k.Guard != nil {
			if err := k.Guard(t, r); err != nil {
				return err
			}
		}
		if err := t.RequireUnused(k.Noun, r); err != nil {
			return err
		}
		if op, err = a.simulation.accept(ctx, k, times.Delete, r, a.stopping(k, r)); err != nil {
			return err
		}
		if op.run == nil {
			return t.remove(k, r)
		}
		r.State = Stopping
		return t.Save(r)
	})
	if err != nil || op.run == nil {
		release()
		return err
	}
	timeout, cancel := a.providerTimeout(ctx, op.timeout, times.Delete)
	defer cancel()
	return a.Background(ctx, timeout, func(work context.Context) error {
		defer release()
		return a.complete(work, k, r, op.run)
	})
}

// Read returns a resource by its ID or self link; nil if there is none.
func (a *API) Read(id string) (r *Record, err error) {
	err = a.View(func(t *Tx) error {
		r, err = t.Find(schema.TrimURL(id))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	return r, nil
}

// lock locks the resource, and everything that must not change with it, for one operation at a time.
func (a *API) lock(ctx context.Context, k *Kind, r *Record) (func(), error) {
	names := []string{r.ID}
	if k.Group != nil {
		names = append(names, k.Group(r)...)
	}
	release, err := a.locks.acquire(ctx, names...)
	if err != nil && k.Service == Container {
		// GKE refuses at once, and the provider retries until its timeout. Here acquire has waited as long.
		err = &Error{400, fmt.Sprintf("Cluster is running incompatible operation: %v.", err), "failedPrecondition"}
	}
	return release, err
}

// starting returns the slow part of a creation or update; nil if the type has none.
func (a *API) starting(k *Kind, r, old *Record) func(context.Context) error {
	if k.Start == nil {
		return nil
	}
	return func(ctx context.Context) error { return k.Start(ctx, a, r, old) }
}

// stopping returns the slow part of a deletion; nil if the type has none.
func (a *API) stopping(k *Kind, r *Record) func(context.Context) error {
	if k.Stop == nil {
		return nil
	}
	return func(ctx context.Context) error { return k.Stop(ctx, a, r) }
}

// finish runs the operation of a creation or update, if any, and returns the resource as stored afterwards.
func (a *API) finish(ctx context.Context, k *Kind, verb times.Verb, op operation, r *Record, release func()) (*Record, error) {
	if op.run == nil {
		release()
		return r, nil
	}
	timeout, cancel := a.providerTimeout(ctx, op.timeout, verb)
	defer cancel()
	failure := a.Background(ctx, timeout, func(work context.Context) error {
		defer release()
		return a.complete(work, k, r, op.run)
	})
	now, err := a.Read(r.ID)
	if err != nil {
		return nil, err
	}
	return now, failure
}

// complete runs an operation and stores its result. During a shutdown it stores nothing: the stored state marks the
// operation to continue.
func (a *API) complete(work context.Context, k *Kind, r *Record, run func(context.Context) error) error {
	state := r.State
	err := run(work)
	if err != nil && work.Err() != nil {
		return err
	}
	r.State, r.Message = Running, ""
	if err != nil {
		r.State, r.Message = Failed, err.Error()
	}
	storeErr := a.Transact(func(t *Tx) error {
		switch {
		case state == Stopping && err == nil, state == Provisioning && err != nil && k.Start == nil:
			return t.remove(k, r) // a failed creation leaves nothing behind, except for clusters and node pools
		}
		return t.Save(r)
	})
	if err == nil {
		err = storeErr
	}
	return err
}

// providerTimeout starts the provider's timeout for an operation: the channel receives the provider's error, unless
// cancel stops the timer first. Without a limit the channel is nil.
func (a *API) providerTimeout(ctx context.Context, limit time.Duration, verb times.Verb) (timeout <-chan error, cancel func()) {
	if limit == 0 {
		return nil, func() {}
	}
	ctx, cancel = context.WithCancel(ctx)
	expired := make(chan error, 1)
	go func() {
		if a.Clock.Sleep(ctx, limit) == nil {
			expired <- fmt.Errorf("timeout while waiting for state to become 'DONE' (last state: 'RUNNING', timeout: %s, operation: %s)",
				limit, verb)
		}
	}()
	return expired, cancel
}

// Continue continues the interrupted operation of a resource with a slow part, or restores what a running one stands
// for.
func (a *API) Continue(work context.Context, r *Record) error {
	k, err := a.Kind(r.Type)
	if err != nil {
		return err
	}
	run := a.stopping(k, r)
	if r.State != Stopping {
		old := *r
		run = a.starting(k, r, &old)
	}
	return a.complete(work, k, r, run)
}

// Settle completes the interrupted operations of resources without a slow part.
func (a *API) Settle() error {
	return a.Transact(func(t *Tx) error {
		all, err := t.All()
		if err != nil {
			return err
		}
		for _, r := range all {
			k, err := a.Kind(r.Type)
			switch {
			case err != nil:
				return err
			case k.Start != nil:
			case r.State == Stopping:
				err = t.remove(k, r)
			case r.State != Running:
				r.State = Running
				err = t.Save(r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// remove removes a resource.
func (t *Tx) remove(k *Kind, r *Record) error {
	if k.Gone != nil {
		if err := k.Gone(t, r); err != nil {
			return err
		}
	}
	return t.Drop(r.ID)
}
