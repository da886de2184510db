package gcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/container"
)

// Resume restores the stored state after a start: it starts the control planes and the machines of their node pools,
// all clusters in parallel, and completes the operations that were interrupted, deletions included. It returns when
// everything is restored, with an error for each cluster that failed; the others are up all the same.
func (a *API) Resume(ctx context.Context) error {
	if err := errors.Join(a.Settle(), a.ApplyLifecycle(time.Now())); err != nil {
		return err
	}
	var all []*api.Record
	err := a.View(func(t *api.Tx) error {
		all = t.All(api.ClusterType)
		return nil
	})
	if err != nil {
		return err
	}
	errs := make([]error, len(all))
	var group wait.Group
	for i, cluster := range all {
		release, err := a.Lock(ctx, cluster.ID)
		if err != nil {
			errs[i] = err
			break
		}
		group.Start(func() {
			err := a.Background(ctx, nil, func(work context.Context) error {
				defer release()
				return a.resume(work, cluster)
			})
			if err != nil {
				errs[i] = fmt.Errorf("resume %s: %w", cluster.ID, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func (a *API) resume(work context.Context, cluster *api.Record) error {
	deleted := cluster.State == api.Stopping
	if err := a.Continue(work, cluster); err != nil || deleted {
		return err
	}
	var pools []*api.Record
	err := a.View(func(t *api.Tx) error {
		pools = container.PoolsOf(t, cluster.ID)
		return nil
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
