package makespan

import (
	"context"
	"sync"
	"time"
)

// clock is a virtual clock that leaps over idle time. It implements times.Clock.
type clock struct {
	quiet func() bool // reports whether nobody computes; slow

	mu       sync.Mutex
	now      time.Duration
	busy     int // calls in progress that do not sleep
	sleepers map[*sleeper]bool
	stirred  uint64 // counts the starts and ends of calls and sleeps
}

type sleeper struct {
	until time.Duration
	wake  chan struct{}
}

func newClock(quiet func() bool) *clock { return &clock{quiet: quiet, sleepers: map[*sleeper]bool{}} }

// Now returns the time since the clock's start.
func (c *clock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// call marks a provider's call as in progress, until done is called.
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

// Sleep implements times.Clock. It may only be called during a call.
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

// run leaps from one end of a sleep to the next until the context is done.
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

// leap advances to the next end of a sleep, if nothing has started or ended since stirred was read.
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
		// Wake sleeps that end within 10 ms together: they differ by the real time that callers deduct from them.
		if s.until <= next+10*time.Millisecond {
			delete(c.sleepers, s)
			c.busy++
			c.stirred++
			close(s.wake)
		}
	}
}
