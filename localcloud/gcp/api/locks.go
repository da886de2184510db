package api

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// locks are named mutexes; a context bounds the wait for them.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when released
}

// acquire locks all names, sorted so that callers cannot deadlock, and returns the release function.
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
