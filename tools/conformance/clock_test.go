package conformance_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// clock runs one transaction after the other, on one TiDB after the other, until it is stopped. Each gets its timestamp
// from the leading Placement Driver, and waits while there is none.
type clock struct {
	end  context.CancelFunc
	done chan struct{}

	lock   sync.Mutex
	ticks  []tick
	failed []error
}

type tick struct {
	began, ended time.Time
	timestamp    uint64
}

func startClock(w *world.World, tidbs []*kubelet.Pod) *clock {
	var all []*sql.DB
	for _, tidb := range tidbs {
		all = append(all, w.Database(tidb, "root", w.Stack.Output("database", "rootPassword")))
	}
	ctx, end := context.WithCancel(context.Background())
	c := &clock{end: end, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for i := 0; ctx.Err() == nil; i++ {
			began := time.Now()
			timestamp, err := timestamp(ctx, all[i%len(all)])
			c.lock.Lock()
			if err == nil {
				c.ticks = append(c.ticks, tick{began, time.Now(), timestamp})
			} else if ctx.Err() == nil {
				c.failed = append(c.failed, fmt.Errorf("a transaction from %s to %s: %w", began.Format("15:04:05.0"), time.Now().Format("15:04:05.0"), err))
			}
			c.lock.Unlock()
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return c
}

// timestamp returns the timestamp of a transaction of its own.
func timestamp(ctx context.Context, db *sql.DB) (timestamp uint64, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	return timestamp, tx.QueryRowContext(ctx, "SELECT @@tidb_current_ts").Scan(&timestamp)
}

func (c *clock) stop() {
	c.end()
	<-c.done
}

// hasTicked returns an error until a transaction that began after a time has ended.
func (c *clock) hasTicked(after time.Time) error {
	if c.pause(after) == 0 {
		return errors.New("it does not yet")
	}
	return nil
}

// pause returns how long after a time the first transaction that began after it ended, or 0 if none has.
func (c *clock) pause(after time.Time) time.Duration {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, t := range c.ticks {
		if t.began.After(after) {
			return t.ended.Sub(after)
		}
	}
	return 0
}

// longest returns how long the longest transaction took.
func (c *clock) longest() (pause time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, t := range c.ticks {
		pause = max(pause, t.ended.Sub(t.began))
	}
	return pause
}

// check fails the test if a transaction failed, or got a timestamp that was not greater than the one before it.
func (c *clock) check(t *testing.T) {
	t.Helper()
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, err := range c.failed {
		t.Error(err)
	}
	for i := 1; i < len(c.ticks); i++ {
		if c.ticks[i].timestamp <= c.ticks[i-1].timestamp {
			t.Errorf("at %s the timestamp %d came after %d", c.ticks[i].ended, c.ticks[i].timestamp, c.ticks[i-1].timestamp)
		}
	}
}
