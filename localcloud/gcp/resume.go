package gcp

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/container"
)

// Resume restores the stored state after a start: it starts the control planes and the machines of their node pools,
// all clusters in parallel, and completes the operations that were interrupted, deletions included. It returns when
// everything is restored, with an error for each cluster that failed; the others are up all the same.
func (a *API) Resume(ctx context.Context) error {
	if err := a.Settle(); err != nil {
		return err
	}
	var all []*api.Record
	err := a.View(func(t *api.Tx) (err error) {
		all, err = t.All(api.ClusterType)
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
		release, err := a.Lock(ctx, cluster.ID)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			err := a.Background(ctx, nil, func(work context.Context) error {
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

func (a *API) resume(work context.Context, cluster *api.Record) error {
	deleted := cluster.State == api.Stopping
	if err := a.Continue(work, cluster); err != nil || deleted {
		return err
	}
	var pools []*api.Record
	err := a.View(func(t *api.Tx) (err error) {
		pools, err = container.PoolsOf(t, cluster.ID)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range pools {
		errs = append(errs, a.Continue(work, p))
	}
	return errors.Join(errs...)
}
