package makespan

import (
	"context"
	"sync"
	"time"
)

// clock leaps. It implements times.Clock.
type clock struct {
	quiet func() bool // whether nobody computes; asked at some length

	mu       sync.Mutex
	now      time.Duration
	busy     int // calls under way that do not sleep
	sleepers map[*sleeper]bool
	stirred  uint64 // how often somebody began or ended anything
}

type sleeper struct {
	until time.Duration
	wake  chan struct{}
}

func newClock(quiet func() bool) *clock { return &clock{quiet: quiet, sleepers: map[*sleeper]bool{}} }

// Now is the time since the clock's start.
func (c *clock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// call is held while a provider's call is under way.
func (c *clock) call() (done func()) {
	c.add(1)
	return func() { c.add(-1) }
}

func (c *clock) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy += n
	c.stirred++
}

// Sleep implements times.Clock. It is called in a call only.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	s := &sleeper{wake: make(chan struct{})}
	c.mu.Lock()
	s.until = c.now + d
	c.sleepers[s] = true
	c.busy--
	c.stirred++
	c.mu.Unlock()
	select {
	case <-s.wake:
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.sleepers[s] {
			delete(c.sleepers, s)
			c.busy++
			c.stirred++
		}
		return context.Cause(ctx)
	}
}

// run leaps from end to end until the context is done.
func (c *clock) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.mu.Lock()
		idle, before := c.busy == 0 && len(c.sleepers) > 0, c.stirred
		c.mu.Unlock()
		if !idle {
			time.Sleep(2 * time.Millisecond)
			continue
		}
		if c.quiet() {
			c.leap(before)
		}
	}
}

// leap goes on to the next end, if nothing has stirred since.
func (c *clock) leap(before uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stirred != before || c.busy != 0 || len(c.sleepers) == 0 {
		return
	}
	next := time.Duration(-1)
	for s := range c.sleepers {
		if next < 0 || s.until < next {
			next = s.until
		}
	}
	c.now = next
	for s := range c.sleepers {
		// What ends within a moment ends at once: real time that has passed was taken off.
		if s.until <= next+10*time.Millisecond {
			delete(c.sleepers, s)
			c.busy++
			c.stirred++
			close(s.wake)
		}
	}
}
