package kubelet

import "time"

// backoff is the state of an exponential back-off. The first attempt is immediate.
type backoff struct {
	next     time.Time
	delay    time.Duration
	reported string // the last error that was reported
}

func (b *backoff) due(now time.Time) bool { return !now.Before(b.next) }

func (b *backoff) failed(now time.Time, first, limit time.Duration) {
	b.delay = min(max(2*b.delay, first), limit)
	b.next = now.Add(b.delay)
}

// isNew says whether an error differs from the last one, and has to be reported.
func (b *backoff) isNew(err error) bool {
	differs := b.reported != err.Error()
	b.reported = err.Error()
	return differs
}
