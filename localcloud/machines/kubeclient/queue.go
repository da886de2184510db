package kubeclient

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
)

// Queue is a rate-limited work queue, deduplicated by key. A key that fails is retried, each time for the latest state.
type Queue struct {
	workqueue.TypedRateLimitingInterface[string]
	client *Client
	what   string
	do     func(ctx context.Context, key string) error
}

// workers is the number of goroutines per queue: with two, one slow request does not block the others.
const workers = 2

// NewQueue creates a queue, whose workers Run starts. what names its work in the log.
func (c *Client) NewQueue(what string, do func(ctx context.Context, key string) error) *Queue {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](100*time.Millisecond, 5*time.Second)
	q := &Queue{TypedRateLimitingInterface: workqueue.NewTypedRateLimitingQueue(limiter), client: c, what: what, do: do}
	c.queues = append(c.queues, q)
	return q
}

func (q *Queue) run(ctx context.Context) {
	for {
		key, shutdown := q.Get()
		if shutdown {
			return
		}
		err := q.do(ctx, key)
		switch {
		case err == nil:
			q.Forget(key)
		case ctx.Err() == nil:
			if !errors.IsConflict(err) && q.NumRequeues(key) >= 3 {
				q.client.Log.Warn("will try again", "what", q.what, "key", key, "error", err)
			}
			q.AddRateLimited(key)
		}
		q.Done(key)
	}
}
