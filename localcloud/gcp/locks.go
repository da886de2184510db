package gcp

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// locks are named mutexes that can be waited for with a context.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when released
}

// acquire takes all the names, in one order everywhere so that no two callers wait for each other, and returns the
// release.
func (l *locks) acquire(ctx context.Context, names ...string) (release func(), err error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	var taken []string
	release = func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, n := range taken {
			close(l.held[n])
			delete(l.held, n)
		}
	}
	for _, n := range names {
		for {
			l.mu.Lock()
			if l.held == nil {
				l.held = map[string]chan struct{}{}
			}
			wait, busy := l.held[n]
			if !busy {
				l.held[n] = make(chan struct{})
				taken = append(taken, n)
				l.mu.Unlock()
				break
			}
			l.mu.Unlock()
			select {
			case <-wait:
			case <-ctx.Done():
				release()
				return nil, fmt.Errorf("another operation on %s is under way: %w", n, context.Cause(ctx))
			}
		}
	}
	return release, nil
}
