package loadbalancer

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// pollInterval is the polling interval for group members; changes of declared resources are seen at once.
const pollInterval = time.Second

// Declared gives the load balancers the cloud's declared resources.
type Declared interface {
	// FrontEnds resolves the current forwarding rules.
	FrontEnds() ([]cloud.FrontEnd, error)
	// Changed returns a channel that is closed at the next change.
	Changed() <-chan struct{}
}

// Options configure the load balancers. All but Visitors and Log must be set.
type Options struct {
	Declared Declared
	Dialer   cloud.Dialer
	// Visitors connects visitors' requests; nil means Dialer, which the health checks use.
	Visitors cloud.Dialer
	// Instances lists the machines of a pool, as cloud.Machines does.
	Instances func(pool string) []string
	// Authority issues the certificates; nil issues none.
	Authority *Authority
	// Log receives changes; nil discards them.
	Log *slog.Logger
}

// LoadBalancers runs all declared load balancers.
type LoadBalancers struct {
	o      Options
	cancel context.CancelFunc
	ctx    context.Context
	done   sync.WaitGroup

	pace pace

	mu       sync.Mutex
	problem  string // why the declared resources could not be read
	fronts   map[string]*frontEnd
	services map[string]*service
}

// Start serves the declared load balancers and follows their changes until Close.
func Start(o Options) *LoadBalancers {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Visitors == nil {
		o.Visitors = o.Dialer
	}
	l := &LoadBalancers{o: o, fronts: map[string]*frontEnd{}, services: map[string]*service{}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.done.Add(1)
	go l.follow()
	return l
}

// pace is the speed-up factor of health check intervals and draining. Zero means one.
type pace struct{ atomic.Int64 }

func (p *pace) of(d time.Duration) time.Duration { return d / time.Duration(max(p.Load(), 1)) }

// SetPace speeds up health check intervals and draining by a factor from now on, as for the machines' times. Timeouts
// stay as declared.
func (l *LoadBalancers) SetPace(times int64) { l.pace.Store(times) }

// Close stops serving.
func (l *LoadBalancers) Close() {
	l.cancel()
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.fronts {
		f.close()
	}
}

// follow reads the declared resources whenever they change.
func (l *LoadBalancers) follow() {
	defer l.done.Done()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		changed := l.o.Declared.Changed() // before reading, so that no change in between is missed
		l.update()
		select {
		case <-l.ctx.Done():
			return
		case <-changed:
		case <-ticker.C:
		}
	}
}

// update brings front ends and services to the declared state.
func (l *LoadBalancers) update() {
	declared, err := l.o.Declared.FrontEnds()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.problem = err.Error()
		l.o.Log.Error("read the declared load balancers", "error", err)
		return
	}
	l.problem = ""
	used := map[string]bool{}
	for _, front := range declared {
		used[front.ID] = true
		service := l.service(front.Service, front, used)
		var routes []route
		for _, r := range front.Routes {
			routes = append(routes, route{r.Matches, l.service(r.Service, front, used)})
		}
		f := l.fronts[front.ID]
		if f == nil {
			f = newFrontEnd(front.ID, l.o)
			l.fronts[front.ID] = f
		}
		f.update(front, routes, service)
	}
	maps.DeleteFunc(l.fronts, func(id string, f *frontEnd) bool {
		if !used[id] {
			f.close()
		}
		return !used[id]
	})
	maps.DeleteFunc(l.services, func(id string, s *service) bool {
		if !used[id] {
			s.drain()
		}
		return !used[id]
	})
}

// service updates a service of a front end and marks it as used; nil if none is declared.
func (l *LoadBalancers) service(declared *cloud.BackendService, front cloud.FrontEnd, used map[string]bool) *service {
	if declared == nil {
		return nil
	}
	s := l.services[declared.ID]
	if s == nil {
		s = newService(l.ctx, l.o, &l.pace)
		l.services[declared.ID] = s
	}
	if !used[declared.ID] {
		used[declared.ID] = true
		s.update(*declared, hostOf(front.Address))
	}
	return s
}

// sorted lists a map's values in key order.
func sorted[T any](m map[string]T) []T {
	var all []T
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[key])
	}
	return all
}
