package api

import "sync"

// changes counts and announces the changes of the store.
type changes struct {
	mu      sync.Mutex
	version int
	next    chan struct{} // closed at the next change; nil while nobody waits for it
}

func (c *changes) announce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
}

// Version returns a number that grows with each change of the store.
func (a *API) Version() int {
	a.changes.mu.Lock()
	defer a.changes.mu.Unlock()
	return a.changes.version
}

// Changed returns a channel that is closed at the next change of the store.
func (a *API) Changed() <-chan struct{} {
	c := &a.changes
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = make(chan struct{})
	}
	return c.next
}
