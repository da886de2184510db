package enginetest

import (
	"sync"
	"testing"
	"time"

	"github.com/tsenart/vegeta/v12/lib"
)

// visitorTimeout is a visitor's request timeout.
const visitorTimeout = 30 * time.Second

// load is a constant rate of requests. None sends a cookie, so each is a new visitor.
type load struct {
	attacker *vegeta.Attacker
	done     sync.WaitGroup
	mutex    sync.Mutex
	samples  []sample
}

// sample is one request.
type sample struct {
	sent    time.Time
	latency time.Duration
	status  int    // 0 without an answer
	problem string // in words, if it failed
}

// startLoad sends a rate of requests a second, without waiting for answers, until end is called. One in ten is a POST,
// which the load balancer does not retry.
func startLoad(t *testing.T, url string, rate int) *load {
	t.Helper()
	l := &load{attacker: vegeta.NewAttacker(vegeta.Timeout(visitorTimeout), vegeta.Redirects(vegeta.NoFollow))}
	targets := make([]vegeta.Target, 10)
	for i := range targets {
		targets[i] = vegeta.Target{Method: "GET", URL: url}
	}
	targets[0] = vegeta.Target{Method: "POST", URL: url, Body: []byte("comment=hello")}
	results := l.attacker.Attack(vegeta.NewStaticTargeter(targets...),
		vegeta.ConstantPacer{Freq: rate, Per: time.Second}, 0, "drill")
	l.done.Add(1)
	go func() {
		defer l.done.Done()
		for r := range results {
			l.mutex.Lock()
			l.samples = append(l.samples, sample{r.Timestamp, r.Latency, int(r.Code), r.Error})
			l.mutex.Unlock()
		}
	}()
	return l
}

// end stops the load and waits for the outstanding answers.
func (l *load) end() {
	l.attacker.Stop()
	l.done.Wait()
}

func (s sample) failed() bool { return s.status < 200 || s.status >= 400 }

// between returns the requests that were sent in an interval.
func (l *load) between(from, to time.Time) []sample {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var found []sample
	for _, s := range l.samples {
		if !s.sent.Before(from) && s.sent.Before(to) {
			found = append(found, s)
		}
	}
	return found
}

// served reports whether a request that was sent after a moment got a page.
func (l *load) served(after time.Time) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for i := len(l.samples) - 1; i >= 0; i-- {
		if s := l.samples[i]; s.sent.After(after) && !s.failed() {
			return true
		}
	}
	return false
}
