package faults

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"sync"
)

// Injector injects the faults of a plan. A nil Injector injects none.
type Injector struct {
	mu     sync.Mutex
	plan   Plan
	tried  map[string]int // by kind and key
	counts map[Kind]int
}

// Follow switches the injector to another plan and keeps the counts.
func (i *Injector) Follow(p Plan) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.plan, i.tried = p, map[string]int{}
}

// Hit reports whether a call on the resource that key names fails in this way, and counts it if so. Every Hit is a try.
func (i *Injector) Hit(kind Kind, key string) bool {
	if i == nil || key == "" {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	rate := i.plan.Rates[kind]
	if rate == 0 {
		return false
	}
	share, more := draw(i.plan.Seed, kind, key)
	if share >= rate {
		return false
	}
	id := string(kind) + " " + key
	if i.tried[id] > int(more%uint64(max(tries[kind], 1))) {
		return false
	}
	i.tried[id]++
	if i.counts == nil {
		i.counts = map[Kind]int{}
	}
	i.counts[kind]++
	return true
}

// Pick chooses a number from 0 to n-1 for a key, the same each time.
func (i *Injector) Pick(n int, key string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, more := draw(i.plan.Seed, "pick", key)
	return int(more % uint64(n))
}

// Counts returns how often each kind has been injected since the start.
func (i *Injector) Counts() map[Kind]int {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.counts)
}

// draw derives two numbers from the seed, the kind and the key: a fraction from 0 to 1, and an integer.
func draw(seed uint64, kind Kind, key string) (share float64, more uint64) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", seed, kind, key))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53), binary.BigEndian.Uint64(sum[8:])
}
