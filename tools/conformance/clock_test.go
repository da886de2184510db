package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// clock requests one timestamp after the other from the Placement Drivers, until it is stopped.
type clock struct {
	cluster uint64
	end     context.CancelFunc
	done    chan struct{}

	lock  sync.Mutex
	pds   []*kubelet.Pod
	ticks []tick
}

type tick struct {
	asked, answered time.Time
	timestamp       uint64
}

func startClock(cluster uint64, pds []*kubelet.Pod) *clock {
	ctx, end := context.WithCancel(context.Background())
	c := &clock{cluster: cluster, end: end, done: make(chan struct{}), pds: slices.Clone(pds)}
	go func() {
		defer close(c.done)
		for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
			c.lock.Lock()
			pds := c.pds
			c.lock.Unlock()
			// A lost leader never answers: use a short timeout.
			soon, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
			asked := time.Now()
			timestamp, err := world.Timestamp(soon, cluster, pds...)
			cancel()
			if err == nil {
				c.lock.Lock()
				c.ticks = append(c.ticks, tick{asked, time.Now(), timestamp})
				c.lock.Unlock()
			}
		}
	}()
	return c
}

func (c *clock) stop() {
	c.end()
	<-c.done
}

// with makes the clock ask other Placement Drivers from now on.
func (c *clock) with(pds []*kubelet.Pod) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.pds = slices.Clone(pds)
}

// hasTicked returns an error until a timestamp that was requested after a time has arrived.
func (c *clock) hasTicked(after time.Time) error {
	if c.pause(after) == 0 {
		return errors.New("there is none yet")
	}
	return nil
}

// pause returns how long after a time the first timestamp requested after it arrived, or 0 if none has.
func (c *clock) pause(after time.Time) time.Duration {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, t := range c.ticks {
		if t.asked.After(after) {
			return t.answered.Sub(after)
		}
	}
	return 0
}

// longest returns the longest time between two successive timestamps.
func (c *clock) longest() (pause time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for i := 1; i < len(c.ticks); i++ {
		pause = max(pause, c.ticks[i].answered.Sub(c.ticks[i-1].answered))
	}
	return pause
}

// back describes the first timestamp that was not greater than the one before it; empty if there is none.
func (c *clock) back() string {
	c.lock.Lock()
	defer c.lock.Unlock()
	for i := 1; i < len(c.ticks); i++ {
		if c.ticks[i].timestamp <= c.ticks[i-1].timestamp {
			return fmt.Sprintf("at %s the timestamp %d came after %d", c.ticks[i].answered, c.ticks[i].timestamp, c.ticks[i-1].timestamp)
		}
	}
	return ""
}
