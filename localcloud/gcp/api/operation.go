package api

import (
	"context"
	"fmt"
	"time"

	"geo-wordpress/times"
)

// operation is the part of a request that follows its acceptance.
type operation struct {
	// run does the slow part; nil if the request is complete once it is accepted.
	run func(ctx context.Context) error
	// timeout is how long the provider waits for it; 0 means no limit.
	timeout time.Duration
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
	failure := a.await(ctx, k, verb, op, r, release)
	now, err := a.Read(r.ID)
	if err != nil {
		return nil, err
	}
	return now, failure
}

// await runs an operation and waits for its end, at most for the provider's timeout. The operation continues after it.
func (a *API) await(ctx context.Context, k *Kind, verb times.Verb, op operation, r *Record, release func()) error {
	timeout, cancel := a.providerTimeout(ctx, op.timeout, verb)
	defer cancel()
	return a.Background(ctx, timeout, func(work context.Context) error {
		defer release()
		return a.complete(work, k, r, op.run)
	})
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
		for _, r := range t.All() {
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
