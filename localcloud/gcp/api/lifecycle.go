package api

import (
	"context"
	"fmt"
	"time"

	"geo-wordpress/localcloud/gcp/schema"
	"geo-wordpress/times"
)

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
		if existing := t.Find(r.ID); existing != nil && !k.Adopts {
			if k.Exists != nil {
				return k.Exists(existing, at)
			}
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
		old := t.Find(id)
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
		if r = t.Find(id); r == nil {
			return nil
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
	return a.await(ctx, k, times.Delete, op, r, release)
}

// Read returns a resource by its ID or self link; nil if there is none.
func (a *API) Read(id string) (r *Record, err error) {
	err = a.View(func(t *Tx) error {
		r = t.Find(schema.TrimURL(id))
		if r != nil && a.kinds[r.Type] != nil && a.kinds[r.Type].Now != nil {
			a.kinds[r.Type].Now(t, r)
		}
		return nil
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

// remove removes a resource.
func (t *Tx) remove(k *Kind, r *Record) error {
	if k.Gone != nil {
		if err := k.Gone(t, r); err != nil {
			return err
		}
	}
	return t.Drop(r.ID)
}
