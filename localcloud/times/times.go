package times

import (
	"context"
	"strings"
	"time"
)

// Scale says how long things take here, as a share of what they take in the real cloud: 1 is as long, 0 no time at all.
type Scale float64

// Google is what an operation on a resource of Google's takes.
func (f Scale) Google(token string, verb Verb) time.Duration { return f.of(Google(token, verb)) }

// Speed is how many seconds of the real cloud's pass in one; 0 when things take no time.
func (f Scale) Speed() float64 {
	if f == 0 {
		return 0
	}
	return 1 / float64(f)
}

func (f Scale) of(d time.Duration) time.Duration { return time.Duration(float64(d) * float64(f)) }

// Google is what an operation takes in the real cloud. A type that is not in the table takes no time.
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

// Kubernetes is what an operation on an object takes in the real cloud, from the request to the readiness that the
// provider waits for. kind is the object's kind, name the resource's in the program. A deletion does not wait.
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

// part says whether a resource's name is, begins or ends with a workload's: nfs-europe-west1, tidb-europe-west1-pd.
// Where both a beginning and an end are workloads' names, the end counts.
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

// Clock is what waits. A test's may let the time pass faster.
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
