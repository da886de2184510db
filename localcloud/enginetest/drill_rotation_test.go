package enginetest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/loadbalancer"
)

// rotation tracks which machines are in the load balancer's rotation.
type rotation struct {
	quit  chan struct{}
	done  sync.WaitGroup
	mutex sync.Mutex
	last  daemon.Status
}

// watchRotation polls the daemon once a second.
func watchRotation(b *bench) *rotation {
	b.t.Helper()
	record := b.record()
	r := &rotation{quit: make(chan struct{})}
	ask := func() {
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		defer cancel()
		s, err := record.Status(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, "status:", err)
			return
		}
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.last = s
	}
	ask()
	r.done.Add(1)
	go func() {
		defer r.done.Done()
		for {
			select {
			case <-r.quit:
				return
			case <-time.After(time.Second):
				ask()
			}
		}
	}()
	return r
}

func (r *rotation) stop() {
	close(r.quit)
	r.done.Wait()
}

func (r *rotation) now() daemon.Status {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.last
}

// of lists the machines of the regions.
func (r *rotation) of(regions ...string) []loadbalancer.InstanceStatus {
	var found []loadbalancer.InstanceStatus
	for _, service := range r.now().LoadBalancers.Services {
		for _, group := range service.Groups {
			if slices.Contains(regions, group.Region) {
				found = append(found, group.Instances...)
			}
		}
	}
	return found
}

// all reports whether every machine of the regions is in rotation; none, whether no machine is.
func (r *rotation) all(regions ...string) func() bool { return r.are(true, regions) }

func (r *rotation) none(regions ...string) func() bool { return r.are(false, regions) }

func (r *rotation) are(healthy bool, regions []string) func() bool {
	return func() bool {
		machines := r.of(regions...)
		return len(machines) == 2*len(regions) &&
			!slices.ContainsFunc(machines, func(m loadbalancer.InstanceStatus) bool { return m.Healthy != healthy })
	}
}

// some reports whether a machine of each region is in rotation.
func (r *rotation) some(regions ...string) func() bool {
	return func() bool {
		return !slices.ContainsFunc(regions, func(region string) bool {
			return !slices.ContainsFunc(r.of(region), func(m loadbalancer.InstanceStatus) bool { return m.Healthy })
		})
	}
}

// changed returns when the last of the regions' machines entered or left the rotation.
func (r *rotation) changed(regions ...string) time.Time {
	var last time.Time
	for _, m := range r.of(regions...) {
		if m.Since.After(last) {
			last = m.Since
		}
	}
	return last
}

// reasons joins the reasons why the regions' machines are not in rotation.
func (r *rotation) reasons(regions ...string) string {
	var all []string
	for _, m := range r.of(regions...) {
		if m.Reason != "" {
			all = append(all, m.Reason)
		}
	}
	return strings.Join(all, "; ")
}

// healthCheck is the health check that the stack declares.
type healthCheck struct{ interval, timeout, unhealthy int } // seconds, seconds, a count

// declaredCheck reads the only health check from the stack's state.
func declaredCheck(b *bench) healthCheck {
	b.t.Helper()
	type resource struct {
		Type    string
		Outputs struct{ CheckIntervalSec, TimeoutSec, UnhealthyThreshold int }
	}
	state := decode[struct {
		Deployment struct{ Resources []resource }
	}](b.t, b.outputOf("stack export"))
	for _, r := range state.Deployment.Resources {
		if r.Type == "gcp:compute/healthCheck:HealthCheck" {
			return healthCheck{r.Outputs.CheckIntervalSec, r.Outputs.TimeoutSec, r.Outputs.UnhealthyThreshold}
		}
	}
	b.t.Fatal("the stack declares no health check")
	return healthCheck{}
}

// allows returns the longest time to detection of a dead machine: the check has just passed, then fails as often as the
// threshold demands, and the last failure takes a full timeout.
func (c healthCheck) allows() time.Duration {
	return time.Duration(c.interval*c.unhealthy+c.timeout) * time.Second
}

func (c healthCheck) String() string {
	return fmt.Sprintf("a health check every %d s, for at most %d s, out after %d in a row: a lost region is out of rotation after %s at most",
		c.interval, c.timeout, c.unhealthy, c.allows())
}
