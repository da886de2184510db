package loadbalancer

import (
	"sync"
	"time"
)

// window is how many seconds a meter remembers.
const window = 60

// meter counts requests per second.
type meter struct {
	mu     sync.Mutex
	total  uint64
	counts [window]uint64
	second [window]int64 // the second, since 1970, of each count
}

func (m *meter) add(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := now.Unix()
	if i := at % window; m.second[i] != at {
		m.second[i], m.counts[i] = at, 1
	} else {
		m.counts[i]++
	}
	m.total++
}

// during counts the requests of the last seconds, including the current one.
func (m *meter) during(now time.Time, seconds int64) (n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := now.Unix()
	for i := range m.counts {
		if age := at - m.second[i]; age >= 0 && age < min(seconds, window) {
			n += m.counts[i]
		}
	}
	return n
}

func (m *meter) all() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}
