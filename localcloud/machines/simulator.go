package machines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/vpc"
)

// Defaults of Options.
const (
	DefaultSpeed        = 10
	DefaultDrainTimeout = time.Minute
)

// Intervals of the loop: how long it batches changes, and how often it polls during a transition and otherwise.
const (
	gather = 20 * time.Millisecond
	brisk  = 100 * time.Millisecond
	calm   = 500 * time.Millisecond
)

// Options configure a Simulator.
type Options struct {
	// Dir is the directory of the containers' logs: <cluster>/<namespace>_<pod>_<container>.log. Empty keeps no logs.
	Dir string
	Log *slog.Logger
	// Speed is the number of seconds of the machines' own work per second of real time; DefaultSpeed if zero.
	Speed float64
	// DrainTimeout is how long disruption budgets may delay the replacement of a machine; GKE waits an hour.
	// DefaultDrainTimeout if zero.
	DrainTimeout time.Duration
}

// Simulator runs the machines of all clusters. It implements cloud.Machines.
type Simulator struct {
	log          *slog.Logger
	pace         software.Pace
	drainTimeout time.Duration
	logs         containerLogs

	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
	wake   chan struct{}

	// mu guards all fields below, and everything in the clusters' records.
	mu       sync.Mutex
	facts    cloud.Facts
	failures cloud.Failures
	clusters map[string]*cluster
	disks    map[string]*software.Volume // by CSI volume handle
	world    *vpc.World
}

var _ cloud.Machines = (*Simulator)(nil)

// New creates a simulator without clusters. The caller must close it.
func New(o Options) *Simulator {
	ctx, cancel := context.WithCancel(context.Background())
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Simulator{
		log:          log,
		pace:         software.Pace(cmp.Or(o.Speed, DefaultSpeed)),
		drainTimeout: cmp.Or(o.DrainTimeout, DefaultDrainTimeout),
		logs:         containerLogs{dir: o.Dir},
		ctx:          ctx,
		cancel:       cancel,
		wake:         make(chan struct{}, 1),
		clusters:     map[string]*cluster{},
		disks:        map[string]*software.Volume{},
	}
	s.done.Add(1)
	go s.loop()
	return s
}

// SetFacts sets the source of facts about disks, firewalls and the Internet. Before that, there are none.
func (s *Simulator) SetFacts(facts cloud.Facts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts = facts
}

// Close stops the simulation. The machines stay in the clusters, and continue when a new simulator adds them.
func (s *Simulator) Close() {
	s.cancel()
	s.mu.Lock()
	clusters := slices.Collect(maps.Values(s.clusters))
	s.mu.Unlock()
	for _, c := range clusters {
		c.stop()
	}
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range clusters {
		for _, p := range c.pods {
			p.killAll()
		}
	}
}

// AddCluster starts watching a cluster whose control plane is up. Idempotent.
func (s *Simulator) AddCluster(ctx context.Context, info cloud.Cluster, config *rest.Config) error {
	if err := s.ctx.Err(); err != nil {
		return errors.New("the machines are shut down")
	}
	s.mu.Lock()
	old := s.clusters[info.ID]
	if old != nil && old.info == info && old.host == config.Host {
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	if old != nil {
		s.RemoveCluster(info.ID)
	}
	c, err := newCluster(s, info, config)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", info.Name, err)
	}
	if err := c.start(ctx); err != nil {
		c.stop()
		return fmt.Errorf("cluster %s: %w", info.Name, err)
	}
	s.mu.Lock()
	s.clusters[info.ID] = c
	s.mu.Unlock()
	s.poke()
	return nil
}

// RemoveCluster forgets a cluster and its pools.
func (s *Simulator) RemoveCluster(clusterID string) {
	s.mu.Lock()
	c := s.clusters[clusterID]
	delete(s.clusters, clusterID)
	if c != nil {
		for _, p := range c.pods {
			p.killAll()
		}
	}
	s.mu.Unlock()
	if c != nil {
		c.stop()
	}
}

// poke wakes the loop.
func (s *Simulator) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop runs the simulation. One goroutine serves all clusters, so that programs see each other at the same moment.
func (s *Simulator) loop() {
	defer s.done.Done()
	timer := time.NewTimer(calm)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
			select {
			case <-time.After(gather):
			case <-s.ctx.Done():
				return
			}
		case <-timer.C:
		}
		select {
		case <-s.wake:
		default:
		}
		timer.Reset(s.step(time.Now()))
	}
}

// step advances the simulation to now, and returns the delay until the next step.
func (s *Simulator) step(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot()
	clusters := slices.SortedFunc(maps.Values(s.clusters), func(a, b *cluster) int { return cmp.Compare(a.info.ID, b.info.ID) })
	for _, c := range clusters {
		c.refresh(now)
	}
	for _, c := range clusters {
		for _, p := range c.ordered() {
			p.stepPrograms(now)
		}
	}
	again := calm
	for _, c := range clusters {
		for _, p := range c.ordered() {
			if p.sync(now) {
				again = brisk
			}
		}
		c.reportVolumes()
	}
	return again
}

// snapshot renews the network model if something changed.
func (s *Simulator) snapshot() {
	changed := s.world == nil
	for _, c := range s.clusters {
		changed = c.changed.Swap(false) || changed
	}
	if !changed && len(s.clusters) == s.world.Size() {
		return
	}
	var pictures []vpc.Cluster
	for _, c := range s.clusters {
		pictures = append(pictures, c.picture())
	}
	s.world = vpc.NewWorld(pictures, s.admits, s.internet, s.failures)
}

func (s *Simulator) admits(network string, from addr, tags []string, protocol string, port int) bool {
	return s.facts != nil && s.facts.Admits(network, from, tags, protocol, port)
}

func (s *Simulator) internet(clusterID string) bool {
	return s.facts != nil && s.facts.Internet(clusterID)
}

// disk returns the content of a persistent disk. With opaque, a disk that is new to the simulator has unknown content.
func (s *Simulator) disk(handle string, opaque bool) *software.Volume {
	v := s.disks[handle]
	if v == nil {
		v = software.NewVolume(software.Disk, nil)
		v.Opaque = opaque
		s.disks[handle] = v
	}
	return v
}
