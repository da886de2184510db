package gcp

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Resume restores the stored state after a start: it starts the control planes and the machines of their node pools,
// all clusters in parallel, and completes the operations that were interrupted, deletions included. It returns when
// everything is restored, with an error for each cluster that failed; the others are up all the same.
func (a *API) Resume(ctx context.Context) error {
	if err := a.settle(); err != nil {
		return err
	}
	var all []*record
	err := a.view(func(t *txn) (err error) {
		all, err = t.all(clusterType)
		return err
	})
	if err != nil {
		return err
	}
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, cluster := range all {
		release, err := a.locks.acquire(ctx, cluster.ID)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			err := a.await(ctx, func(work context.Context) error {
				defer release()
				return a.resume(work, cluster)
			})
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("resume %s: %w", cluster.ID, err))
			}
		}()
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (a *API) resume(work context.Context, cluster *record) error {
	if cluster.State == stopping {
		return a.runStop(work, clusterKind, operation{}, cluster)
	}
	if err := a.operate(work, clusterKind, operation{}, cluster, cluster); err != nil {
		return err
	}
	var pools []*record
	err := a.view(func(t *txn) (err error) {
		pools, err = t.poolsOf(cluster.ID)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range pools {
		if p.State == stopping {
			errs = append(errs, a.runStop(work, nodePoolKind, operation{}, p))
			continue
		}
		old := *p
		errs = append(errs, a.operate(work, nodePoolKind, operation{}, p, &old))
	}
	return errors.Join(errs...)
}

// settle completes the interrupted operations that only wait out their duration.
func (a *API) settle() error {
	return a.update(func(t *txn) error {
		all, err := t.all()
		if err != nil {
			return err
		}
		for _, r := range all {
			k, err := kindOf(r.Type)
			switch {
			case err != nil:
				return err
			case k.start != nil:
			case r.State == stopping:
				err = t.takeOut(k, r)
			case r.State != running:
				r.State = running
				err = t.put(r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
