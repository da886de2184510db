package realsite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines"
)

const (
	// lookInterval is how often the clusters are checked, and readInterval how often their objects are read, unless the
	// options say otherwise.
	lookInterval = time.Second
	readInterval = 5 * time.Second

	// The back-off before the program is restarted doubles from minBackoff to maxBackoff.
	minBackoff = 10 * time.Second
	maxBackoff = 5 * time.Minute
)

// Options of a Site. All but the intervals must be set.
type Options struct {
	Program string // its path
	Dir     string // for the volumes and logs
	// Dialer connects to the simulated pods.
	Dialer cloud.Dialer
	// Clusters lists the existing clusters, Overview the state of their pods; Config gives access to a cluster's API.
	Clusters func() []cloud.Cluster
	Overview func() []machines.Overview
	Config   func(clusterID string) (*rest.Config, error)
	// Disks lists the stack's disks, by their IDs.
	Disks func() []string
	Log   *slog.Logger

	look, read time.Duration // intervals
}

// Site is the real WordPress behind the simulated pods. It implements cloud.Dialer, for visitors.
type Site struct {
	o      Options
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu  sync.Mutex // guards run and problem, which only the goroutine of follow writes
	run *run       // nil while there is none
	// problem is why the last run ended, unless it was stopped.
	problem error

	// Used by the goroutine of follow alone.
	readAt  time.Time
	seen    [sha256.Size]byte // of the document read last
	retryAt time.Time
	backoff time.Duration
}

// Start makes a Site, which runs the program as the clusters require, until Close.
func Start(o Options) *Site {
	o.look, o.read = cmp.Or(o.look, lookInterval), cmp.Or(o.read, readInterval)
	s := &Site{o: o, backoff: minBackoff}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.done.Add(1)
	go s.follow(ctx)
	return s
}

// Close shuts the program down, which takes up to half a minute.
func (s *Site) Close() {
	s.cancel()
	s.done.Wait()
}

func (s *Site) follow(ctx context.Context) {
	defer s.done.Done()
	defer s.end()
	ticker := time.NewTicker(s.o.look)
	defer ticker.Stop()
	for {
		s.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look starts and ends the program according to the clusters.
func (s *Site) look(ctx context.Context) {
	now := time.Now()
	if s.run != nil && s.run.hasEnded() {
		if now.Sub(s.run.began) > maxBackoff {
			s.backoff = minBackoff
		}
		s.o.Log.Error("the real WordPress ended, and is started again later", "error", s.run.problem, "in", s.backoff)
		s.set(nil, s.run.problem)
		s.retryLater()
	}
	clusters := s.o.Clusters()
	if len(clusters) == 0 {
		s.end()
		if len(s.o.Disks()) == 0 {
			if err := os.RemoveAll(s.o.Dir); err != nil {
				s.o.Log.Error("remove the real WordPress's volumes", "error", err)
			}
		}
		return
	}
	// If a cluster is not ready or unreachable, a running program goes on.
	if now.Before(s.readAt.Add(s.o.read)) || !allReady(clusters, s.o.Overview()) {
		return
	}
	s.readAt = now
	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	declared, err := describe(bounded, clusters, s.o.Config)
	cancel()
	if err != nil {
		s.o.Log.Debug("the real WordPress", "error", err)
		return
	}
	// Wait for two equal reads: an update in progress must not restart the program at each of its steps.
	sum := sha256.Sum256(declared)
	settled := sum == s.seen
	s.seen = sum
	if !settled || s.run != nil && s.run.sum == sum || s.run == nil && now.Before(s.retryAt) {
		return
	}
	s.end()
	if ctx.Err() == nil {
		s.begin(declared)
	}
}

// allReady reports whether every cluster has a WordPress pod that is ready.
func allReady(clusters []cloud.Cluster, overviews []machines.Overview) bool {
	for _, c := range clusters {
		if !slices.ContainsFunc(overviews, func(o machines.Overview) bool {
			return o.Cluster == c.ID && slices.ContainsFunc(o.Pods, func(p machines.PodView) bool {
				return p.State.Kind == kind && p.Ready
			})
		}) {
			return false
		}
	}
	return true
}

func (s *Site) begin(declared []byte) {
	r, err := (*run)(nil), keepDisksOf(s.o.Dir, s.o.Disks())
	if err == nil {
		r, err = begin(s.o.Program, s.o.Dir, declared, s.o.Log)
	}
	if err != nil {
		s.o.Log.Error("start the real WordPress", "error", err)
		s.retryLater()
	}
	s.set(r, err)
}

// retryLater sets the time of the next start, and doubles the back-off.
func (s *Site) retryLater() {
	s.retryAt, s.backoff = time.Now().Add(s.backoff), min(2*s.backoff, maxBackoff)
}

// end ends the program, if it runs.
func (s *Site) end() {
	if s.run == nil {
		return
	}
	s.run.stop()
	s.set(nil, nil)
	s.backoff, s.retryAt = minBackoff, time.Time{}
}

func (s *Site) set(r *run, problem error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run, s.problem = r, problem
}
