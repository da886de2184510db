package machines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubelet"
	"geo-wordpress/localcloud/machines/network"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/volumes"
	"geo-wordpress/localcloud/machines/vpc"
)

// Defaults of Options.
const (
	DefaultSpeed        = 10
	DefaultDrainTimeout = time.Minute
)

// Intervals of the loop: how long it batches changes, and how often it polls during a transition and otherwise.
const (
	batchInterval = 20 * time.Millisecond
	busyInterval  = 100 * time.Millisecond
	idleInterval  = 500 * time.Millisecond
)

// Options configure a Simulator.
type Options struct {
	// Dir is the directory of the containers' logs, <cluster>/<namespace>_<pod>_<container>.log, and of the disks' contents,
	// disks/<disk>. Empty keeps neither.
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
	logs         *kubelet.Logs
	facts        atomic.Pointer[cloud.Facts]

	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
	wake   chan struct{}

	// mu guards all fields below and everything that they reach: the clusters' records, machines, kubelets, programs,
	// and the network between them. Only this package locks it: kubelet and network run with mu held; nodes and volumes
	// call API servers, and reach the guarded state only through methods of cluster that take mu.
	mu       sync.Mutex
	failures cloud.Failures
	clusters map[string]*cluster
	disks    volumes.Disks
	network  *network.Network
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
		logs:         &kubelet.Logs{Dir: o.Dir},
		ctx:          ctx,
		cancel:       cancel,
		wake:         make(chan struct{}, 1),
		clusters:     map[string]*cluster{},
		disks:        volumes.NewDisks(o.disks()),
	}
	s.network = network.New(s.cloudFacts, s.pod)
	s.done.Add(1)
	go s.loop()
	return s
}

// disks is the directory of the disks' contents.
func (o Options) disks() string {
	if o.Dir == "" {
		return ""
	}
	return filepath.Join(o.Dir, "disks")
}

// SetFacts sets the source of facts about disks, firewalls and the Internet. Before that, there are none.
func (s *Simulator) SetFacts(facts cloud.Facts) { s.facts.Store(&facts) }

func (s *Simulator) cloudFacts() cloud.Facts {
	if facts := s.facts.Load(); facts != nil {
		return *facts
	}
	return nil
}

// Close stops the simulation. The machines stay in the clusters, and continue when a new simulator adds them.
func (s *Simulator) Close() {
	s.cancel()
	s.mu.Lock()
	clusters := slices.Collect(maps.Values(s.clusters))
	s.mu.Unlock()
	for _, c := range clusters {
		c.client.Stop()
	}
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range clusters {
		c.kill()
	}
}

// AddCluster starts watching a cluster whose control plane is up. Idempotent.
func (s *Simulator) AddCluster(ctx context.Context, info cloud.Cluster, config *rest.Config) error {
	if err := s.ctx.Err(); err != nil {
		return errors.New("the machines are shut down")
	}
	info.ManagedCollection = false // the control plane's alone: turning it on or off replaces no machine
	if old := s.cluster(info.ID); old != nil {
		if old.info == info && old.client.Host() == config.Host {
			return nil
		}
		s.RemoveCluster(info.ID)
	}
	c, err := newCluster(s, info, config)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", info.Name, err)
	}
	if err := c.start(ctx); err != nil {
		c.client.Stop()
		return fmt.Errorf("cluster %s: %w", info.Name, err)
	}
	s.mu.Lock()
	s.clusters[info.ID] = c
	s.mu.Unlock()
	s.wakeUp()
	return nil
}

// RemoveCluster forgets a cluster and its pools.
func (s *Simulator) RemoveCluster(clusterID string) {
	s.mu.Lock()
	c := s.clusters[clusterID]
	delete(s.clusters, clusterID)
	if c != nil {
		c.kill()
	}
	s.mu.Unlock()
	if c != nil {
		c.client.Stop()
	}
}

// wakeUp wakes the loop.
func (s *Simulator) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop runs the simulation. One goroutine serves all clusters, so that programs see each other at the same moment.
func (s *Simulator) loop() {
	defer s.done.Done()
	timer := time.NewTimer(idleInterval)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
			select {
			case <-time.After(batchInterval):
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
	s.updateNetwork()
	clusters := slices.SortedFunc(maps.Values(s.clusters), func(a, b *cluster) int { return cmp.Compare(a.info.ID, b.info.ID) })
	var pods []*kubelet.Pod
	for _, c := range clusters {
		c.refresh(now)
		pods = append(pods, c.pods()...)
	}
	for _, p := range pods {
		p.Step(now)
	}
	again := idleInterval
	for _, p := range pods {
		if p.Sync(now) {
			again = busyInterval
		}
	}
	for _, c := range clusters {
		for _, k := range c.kubelets {
			k.UpdateVolumes()
		}
	}
	return again
}

// updateNetwork renews the network model if something changed.
func (s *Simulator) updateNetwork() {
	changed := len(s.clusters) != s.network.Size()
	for _, c := range s.clusters {
		changed = c.stale.Swap(false) || changed
	}
	if !changed {
		return
	}
	var pictures []vpc.Cluster
	for _, c := range s.clusters {
		pictures = append(pictures, c.picture())
	}
	s.network.Update(pictures, s.failures)
}

// locked runs f while nothing else in the simulation runs, and wakes the loop.
func (s *Simulator) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.wakeUp()
}

// pod finds a pod of the network model on its machine. The caller holds mu.
func (s *Simulator) pod(clusterID string, object *corev1.Pod) network.Pod {
	if c := s.clusters[clusterID]; c != nil {
		if p := c.pod(object.UID); p != nil {
			return p
		}
	}
	return nil
}

// cluster finds a cluster by its ID.
func (s *Simulator) cluster(id string) *cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clusters[id]
}
