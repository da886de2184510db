package times

import (
	"context"
	"strings"
	"time"
)

// Scale is the ratio of durations in the local cloud to those in the real cloud: 1 is real time, 0 no delay.
type Scale float64

// Google returns the scaled duration of an operation on a Google resource.
func (f Scale) Google(token string, verb Verb) time.Duration { return f.of(Google(token, verb)) }

// Speed returns how many of the real cloud's seconds pass in one; 0 if durations are zero.
func (f Scale) Speed() float64 {
	if f == 0 {
		return 0
	}
	return 1 / float64(f)
}

func (f Scale) of(d time.Duration) time.Duration { return time.Duration(float64(d) * float64(f)) }

// Google returns an operation's duration in the real cloud; 0 for a type that is not in the table.
func Google(token string, verb Verb) time.Duration {
	e := google[token]
	switch verb {
	case Create:
		return e.create
	case Update:
		return e.update
	}
	return e.delete
}

// Kubernetes returns the duration of an operation on an object in the real cloud, from the request to the readiness
// that the provider waits for. kind is the object's kind, name the resource's in the program. A deletion does not wait.
func Kubernetes(kind, name string, verb Verb) time.Duration {
	if verb == Delete {
		return request
	}
	switch kind {
	case "StatefulSet", "Deployment", "Job":
		for workload, takes := range workloads {
			if part(name, workload) {
				return request + takes
			}
		}
	case "PersistentVolumeClaim":
		return request + workloads["claim"]
	}
	return request
}

// part reports whether a resource's name is, begins or ends with a workload's: nfs-europe-west1, tidb-europe-west1-pd.
// If both its beginning and its end match workloads, the end counts.
func part(name, workload string) bool {
	if strings.HasSuffix(name, "-"+workload) {
		return true
	}
	for other := range workloads {
		if strings.HasSuffix(name, "-"+other) {
			return false
		}
	}
	return name == workload || strings.HasPrefix(name, workload+"-")
}

// Clock provides delays. A test's clock may run faster.
type Clock interface {
	// Sleep returns after d, or with the context's cause when that ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// Wall is the real clock.
type Wall struct{}

// Sleep implements Clock.
func (Wall) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
