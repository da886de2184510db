package faults

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"sync"
)

// Injector hands out the faults of a plan. A nil Injector hands out none.
type Injector struct {
	mu     sync.Mutex
	plan   Plan
	tried  map[string]int // by kind and key
	counts map[Kind]int
}

// Follow makes the injector follow another plan from now on. What was counted stays.
func (i *Injector) Follow(p Plan) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.plan, i.tried = p, map[string]int{}
}

// Hit says whether a call on what key names goes wrong in this way, and counts it if so. Every call of Hit is a try.
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

// Pick chooses between 0 and n-1 for what key names, the same each time.
func (i *Injector) Pick(n int, key string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, more := draw(i.plan.Seed, "pick", key)
	return int(more % uint64(n))
}

// Counts is how often each kind was handed out since the start.
func (i *Injector) Counts() map[Kind]int {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.counts)
}

// draw makes two numbers out of the seed, the kind and the key: one from 0 to 1, and a whole one.
func draw(seed uint64, kind Kind, key string) (share float64, more uint64) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", seed, kind, key))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53), binary.BigEndian.Uint64(sum[8:])
}
