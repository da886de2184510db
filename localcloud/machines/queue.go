package machines

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
)

// keyed is a rate-limited work queue, deduplicated by key. A key that fails is retried, each time for the latest state.
type keyed struct {
	cluster *cluster
	what    string
	do      func(ctx context.Context, key string) error
	queue   workqueue.TypedRateLimitingInterface[string]
}

// workers is the number of goroutines per queue: with two, one slow request does not block the others.
const workers = 2

func newKeyed(c *cluster, what string, do func(context.Context, string) error) *keyed {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](100*time.Millisecond, 5*time.Second)
	return &keyed{cluster: c, what: what, do: do, queue: workqueue.NewTypedRateLimitingQueue(limiter)}
}

func (k *keyed) add(key string) { k.queue.Add(key) }

func (k *keyed) start() {
	for range workers {
		k.cluster.done.Add(1)
		go func() {
			defer k.cluster.done.Done()
			for k.next() {
			}
		}()
	}
}

func (k *keyed) stop() { k.queue.ShutDown() }

func (k *keyed) next() bool {
	key, shutdown := k.queue.Get()
	if shutdown {
		return false
	}
	defer k.queue.Done(key)
	err := k.do(k.cluster.ctx, key)
	switch {
	case err == nil:
		k.queue.Forget(key)
	case k.cluster.ctx.Err() == nil:
		if !errors.IsConflict(err) && k.queue.NumRequeues(key) >= 3 {
			k.cluster.sim.log.Warn("will try again", "cluster", k.cluster.info.Name, "what", k.what, "key", key, "error", err)
		}
		k.queue.AddRateLimited(key)
	}
	return true
}
