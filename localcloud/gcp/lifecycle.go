package gcp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"geo-wordpress/localcloud/gcp/schema"
	"geo-wordpress/localcloud/times"
)

// create creates a resource. On an error after the resource was stored, it returns the resource too.
func (a *API) create(ctx context.Context, k *kind, at place, in object, secrets []string) (*record, error) {
	if err := a.admitRequest(ctx, k, times.Create); err != nil {
		return nil, err
	}
	r := &record{Type: k.token, ID: k.id(at, in), Project: at.project, Place: at.location, Name: in.str("name"),
		State: running, Created: time.Now().UTC(), Inputs: in, Secrets: secrets}
	if r.Name == "" {
		r.Name = lastSegment(r.ID)
	}
	release, err := a.lock(ctx, k, r)
	if err != nil {
		return nil, err
	}
	var op operation
	err = a.update(func(t *txn) error {
		if err := t.requireAPI(at.project, k.service); err != nil {
			return err
		}
		there, err := t.get(r.ID)
		if err != nil {
			return err
		}
		if there != nil && !k.adopts {
			return alreadyExists(r.ID)
		}
		if err := t.fillIn(k, r, at, nil); err != nil {
			return err
		}
		if err := a.admitCreation(ctx, k, r); err != nil {
			return err
		}
		op = a.operation(ctx, k, times.Create)
		if k.start != nil || op.lasts() {
			r.State = provisioning
		}
		return t.put(r)
	})
	return a.finish(ctx, k, op, r, nil, release, err)
}

// modify updates a resource to new inputs. It also retries a slow part that failed before.
func (a *API) modify(ctx context.Context, k *kind, id string, in object, secrets []string) (*record, error) {
	r, err := a.read(id)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, notFound(id)
	}
	if err := a.admitRequest(ctx, k, times.Update); err != nil {
		return nil, err
	}
	release, err := a.lock(ctx, k, r)
	if err != nil {
		return nil, err
	}
	var old *record
	var op operation
	err = a.update(func(t *txn) error {
		if old, err = t.get(id); err != nil {
			return err
		}
		if old == nil {
			return notFound(id)
		}
		if err := t.requireAPI(old.Project, k.service); err != nil {
			return err
		}
		at, err := k.where(in, old.at())
		if err != nil {
			return err
		}
		r = &record{Type: old.Type, ID: old.ID, Name: old.Name, Project: old.Project, Place: old.Place,
			State: running, Created: old.Created, Inputs: in, Secrets: secrets, Holds: old.Holds, Instances: old.Instances, Leaving: old.Leaving,
			Implicit: old.Implicit}
		if err := t.fillIn(k, r, at, old); err != nil {
			return err
		}
		op = a.operation(ctx, k, times.Update)
		if k.start != nil || op.lasts() {
			r.State = reconciling
		}
		return t.put(r)
	})
	return a.finish(ctx, k, op, r, old, release, err)
}

// at returns a record's place.
func (r *record) at() place {
	p := place{project: r.Project, location: r.Place, region: regionOf(r.Place)}
	if isZone(r.Place) {
		p.zone = r.Place
	}
	return p
}

// fillIn resolves the references in a record's inputs and fills in its outputs.
func (t *txn) fillIn(k *kind, r *record, at place, old *record) error {
	out, refs, err := t.resolve(k, r.Inputs, at)
	if err != nil {
		return err
	}
	r.Outputs, r.Refs = out, refs
	if old != nil {
		keepComputed(k.fields, out, old.Outputs)
		for _, name := range k.outputs {
			if v, ok := old.Outputs[name]; ok {
				out.fill(name, v)
			}
		}
	}
	out.fill("project", at.project)
	switch k.scope {
	case regional:
		out.fill("region", at.region)
	case zonal:
		out.fill("zone", at.zone)
	case located:
		out.fill("location", at.location)
	}
	if k.admit != nil {
		if err := k.admit(t, r, old); err != nil {
			return err
		}
	}
	return nil
}

// keepComputed carries over values that the cloud filled in and the program still leaves unset.
func keepComputed(fs schema.Fields, out, old object) {
	for name, f := range fs {
		was, had := old[name]
		is, has := out[name]
		switch {
		case had && !has && f.Computed:
			out[name] = cloneValue(was)
		case had && has && f.Kind == schema.Object:
			wasObject, ok1 := was.(map[string]any)
			isObject, ok2 := is.(map[string]any)
			if ok1 && ok2 {
				keepComputed(f.Fields, isObject, wasObject)
			}
		}
	}
}

// lock locks the resource, and everything that must not change with it, for one operation at a time.
func (a *API) lock(ctx context.Context, k *kind, r *record) (func(), error) {
	names := []string{r.ID}
	if k.group != nil {
		names = append(names, k.group(r)...)
	}
	release, err := a.locks.acquire(ctx, names...)
	if err != nil && k.service == containerAPI {
		// GKE refuses at once, and the provider retries until its timeout. Here acquire has waited as long.
		err = &apiError{400, fmt.Sprintf("Cluster is running incompatible operation: %v.", err), "failedPrecondition"}
	}
	return release, err
}

// finish runs the slow part of a create or update, if any, and returns the resource as stored afterwards.
func (a *API) finish(ctx context.Context, k *kind, op operation, r, old *record, release func(), err error) (*record, error) {
	if err != nil || k.start == nil && !op.lasts() {
		release()
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	verb := times.Create
	if old != nil {
		verb = times.Update
	}
	impatient, calm := a.lose(ctx, op, verb)
	defer calm()
	slow := a.awaitFor(ctx, impatient, func(work context.Context) error {
		defer release()
		return a.operate(work, k, op, r, old)
	})
	now, err := a.read(r.ID)
	if err != nil {
		return nil, err
	}
	return now, slow
}

// operate runs an operation for its duration and returns its result. A failed creation leaves nothing behind, except
// for clusters and node pools.
func (a *API) operate(work context.Context, k *kind, op operation, r, old *record) error {
	began := time.Now()
	start := k.start
	if start == nil {
		start = func(context.Context, *API, *record, *record) error { return nil }
	}
	err := a.run(work, r, func() error {
		if op.fails == nil {
			if err := start(work, a, r, old); err != nil {
				return err
			}
		}
		if err := a.pass(work, op, began); err != nil {
			return err
		}
		return op.fails
	})
	if op.fails != nil && k.start == nil && work.Err() == nil {
		if storeErr := a.update(func(t *txn) error { return t.takeOut(k, r) }); storeErr != nil {
			return storeErr
		}
	}
	return err
}

// lose starts the provider's timeout for an operation: impatient receives the timeout error, calm stops the timer.
func (a *API) lose(ctx context.Context, op operation, verb times.Verb) (impatient <-chan error, calm func()) {
	if op.patience == 0 {
		return nil, func() {}
	}
	ctx, calm = context.WithCancel(ctx)
	lost := make(chan error, 1)
	go func() {
		if a.clock.Sleep(ctx, op.patience) == nil {
			lost <- errTimeout(verb, op.patience)
		}
	}()
	return lost, calm
}

// run runs the slow part and stores its result. During a shutdown it stores nothing: the state in the store marks the
// work to resume.
func (a *API) run(work context.Context, r *record, start func() error) error {
	err := start()
	if err != nil && work.Err() != nil {
		return err
	}
	r.State, r.Message = running, ""
	if err != nil {
		r.State, r.Message = failed, err.Error()
	}
	if storeErr := a.update(func(t *txn) error { return t.put(r) }); storeErr != nil && err == nil {
		err = storeErr
	}
	return err
}

// remove deletes a resource; deleting a missing one is no error.
func (a *API) remove(ctx context.Context, k *kind, id string) error {
	r, err := a.read(id)
	if r == nil || err != nil {
		return err
	}
	if err := a.admitRequest(ctx, k, times.Delete); err != nil {
		return err
	}
	release, err := a.lock(ctx, k, r)
	if err != nil {
		return err
	}
	gone := false
	var op operation
	err = a.update(func(t *txn) error {
		if r, err = t.get(id); err != nil {
			return err
		}
		if r == nil {
			gone = true
			return nil
		}
		if err := t.requireAPI(r.Project, k.service); err != nil {
			return err
		}
		if k.guard != nil {
			if err := k.guard(t, r); err != nil {
				return err
			}
		}
		if err := t.requireUnused(k, r); err != nil {
			return err
		}
		if op = a.operation(ctx, k, times.Delete); k.stop == nil && !op.lasts() {
			return t.takeOut(k, r)
		}
		r.State = stopping
		return t.put(r)
	})
	if err != nil || gone || k.stop == nil && !op.lasts() {
		release()
		return err
	}
	impatient, calm := a.lose(ctx, op, times.Delete)
	defer calm()
	return a.awaitFor(ctx, impatient, func(work context.Context) error {
		defer release()
		return a.runStop(work, k, op, r)
	})
}

func (a *API) runStop(work context.Context, k *kind, op operation, r *record) error {
	began := time.Now()
	stop := func() error {
		if k.stop != nil {
			if err := k.stop(work, a, r); err != nil {
				return err
			}
		}
		return a.pass(work, op, began)
	}
	if err := stop(); err != nil {
		if work.Err() != nil {
			return err
		}
		r.State, r.Message = failed, err.Error()
		if storeErr := a.update(func(t *txn) error { return t.put(r) }); storeErr != nil {
			a.log.Error("write the failed deletion", "resource", r.ID, "error", storeErr)
		}
		return err
	}
	return a.update(func(t *txn) error { return t.takeOut(k, r) })
}

func (t *txn) takeOut(k *kind, r *record) error {
	if k.gone != nil {
		if err := k.gone(t, r); err != nil {
			return err
		}
	}
	return t.drop(r.ID)
}

// requireUnused fails if another resource uses this one, or a resource name that it holds.
func (t *txn) requireUnused(k *kind, r *record) error {
	names := append([]string{r.ID}, r.Holds...)
	user, used, err := t.user(r.ID, names...)
	if err != nil || user == nil {
		return err
	}
	noun := k.noun
	if slices.Contains(r.Holds, used) {
		noun = "instance_group"
	}
	return inUse(noun, used, user.ID)
}

// read returns a resource by its ID or self link; nil when there is none.
func (a *API) read(id string) (r *record, err error) {
	err = a.view(func(t *txn) error {
		r, err = t.get(schema.TrimURL(id))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	return r, nil
}
