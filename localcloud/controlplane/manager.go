package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/endpoint"
	"geo-wordpress/localcloud/faults"
)

// temporaryPrefix begins the names of directories that are being created or removed.
const temporaryPrefix = ".tmp-"

// stopGrace is how long a component may take to stop when its state is kept.
const stopGrace = 5 * time.Second

// Options configure a manager.
type Options struct {
	// Dir holds a directory per cluster; it is created if missing.
	Dir string
	Log *slog.Logger
	// Faults injects faults into the Kubernetes provider's requests to an API server; nil injects none.
	Faults *faults.Injector
}

// Manager runs the control planes of clusters. It implements cloud.ControlPlanes.
type Manager struct {
	dir    string
	log    *slog.Logger
	faults *faults.Injector

	closing context.Context // done when the manager is closed
	close   context.CancelFunc

	mutex  sync.Mutex
	planes map[string]*plane // by cluster ID
	lost   func(cloud.Cluster) bool
}

var _ cloud.ControlPlanes = (*Manager)(nil)

var errClosed = errors.New("the control planes are shutting down")

// Open loads the existing clusters and starts none. Only one manager may be open on a directory at a time.
func Open(o Options) (*Manager, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	m := &Manager{dir: dir, log: o.Log, faults: o.Faults, planes: map[string]*plane{}}
	m.closing, m.close = context.WithCancel(context.Background())
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), temporaryPrefix) {
			// Left by a kill during its creation or removal.
			if err := os.RemoveAll(path); err != nil {
				return nil, err
			}
			continue
		}
		s, err := load(path)
		if err != nil {
			return nil, fmt.Errorf("%s is not a cluster's directory, and must not be there: %w", path, err)
		}
		if m.planes[s.Cluster.ID], err = m.plane(path, s); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Manager) plane(dir string, s settings) (*plane, error) {
	p := &plane{dir: dir, settings: s, log: m.log.With("cluster", s.Cluster.ID)}
	// The endpoint has the API server's own certificate: clients cannot tell the two apart.
	file := func(name string) string { return filepath.Join(dir, pki(name)) }
	certificate, err := tls.LoadX509KeyPair(file(apiServerCertificate), file(keyOf(apiServerCertificate)))
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", s.Cluster.ID, err)
	}
	ca, err := os.ReadFile(file(caCertificate))
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", s.Cluster.ID, err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	p.endpoint, err = endpoint.New(endpoint.Options{
		Address: s.endpoint(), APIServer: s.serverURL(), CA: pool, Certificate: certificate,
		Place: s.Cluster.Location, Faults: m.faults, Log: p.log,
	})
	return p, err
}

// Ensure implements cloud.ControlPlanes. It may be called concurrently for several clusters.
func (m *Manager) Ensure(ctx context.Context, c cloud.Cluster) (cloud.Access, error) {
	p, err := m.find(c)
	if err != nil {
		return cloud.Access{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(m.closing, func() { cancel(errClosed) })()
	if err := p.ensure(ctx); err != nil {
		return cloud.Access{}, err
	}
	if c.ManagedCollection {
		if err := p.collect(ctx); err != nil {
			return cloud.Access{}, err
		}
	}
	config, err := p.config()
	if err != nil {
		return cloud.Access{}, err
	}
	return cloud.Access{Endpoint: p.settings.endpoint(), CACertificate: config.CAData}, nil
}

// find returns a cluster's control plane and creates it if missing. The properties built into a control plane cannot
// change.
func (m *Manager) find(c cloud.Cluster) (*plane, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.closing.Err() != nil {
		return nil, errClosed
	}
	if m.lost != nil && m.lost(c) {
		return nil, fmt.Errorf("control plane of %s: %w", c.ID, errFailed)
	}
	if p := m.planes[c.ID]; p != nil {
		was := p.settings.Cluster
		if was.ServiceRange != c.ServiceRange || was.DNSDomain != c.DNSDomain {
			return nil, fmt.Errorf("cluster %s has Services in %s and the domain %s, which cannot change to %s and %s: "+
				"replace the cluster", c.ID, was.ServiceRange, was.DNSDomain, c.ServiceRange, c.DNSDomain)
		}
		return p, nil
	}
	s, dir, err := create(m.dir, c)
	if err != nil {
		return nil, err
	}
	p, err := m.plane(dir, s)
	if err != nil {
		return nil, err
	}
	m.planes[c.ID] = p
	return p, nil
}

// Delete implements cloud.ControlPlanes.
func (m *Manager) Delete(_ context.Context, clusterID string) error {
	m.mutex.Lock()
	p := m.planes[clusterID]
	m.mutex.Unlock()
	if p == nil {
		return nil
	}
	if err := p.remove(); err != nil {
		return err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.planes[clusterID] == p {
		delete(m.planes, clusterID)
	}
	return nil
}

// Config implements cloud.ControlPlanes.
func (m *Manager) Config(clusterID string) (*rest.Config, error) {
	p, err := m.known(clusterID)
	if err != nil {
		return nil, err
	}
	return p.config()
}

// known returns a cluster's existing control plane.
func (m *Manager) known(clusterID string) (*plane, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if p := m.planes[clusterID]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is no control plane of %s", clusterID)
}

// Clusters lists the clusters that have a control plane, ordered by ID.
func (m *Manager) Clusters() []cloud.Cluster {
	var all []cloud.Cluster
	for _, p := range m.sorted() {
		all = append(all, p.settings.Cluster)
	}
	return all
}

// sorted lists the control planes, ordered by cluster ID.
func (m *Manager) sorted() []*plane {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.SortedFunc(maps.Values(m.planes), func(a, b *plane) int {
		return strings.Compare(a.settings.Cluster.ID, b.settings.Cluster.ID)
	})
}

// Status is the status of a control plane.
type Status struct {
	Cluster  cloud.Cluster `json:"cluster"`
	Endpoint string        `json:"endpoint"`
	// Ready means that the API server is ready and every component runs; otherwise Problem gives the reason.
	Ready      bool              `json:"ready"`
	Problem    string            `json:"problem,omitempty"`
	Components []ComponentStatus `json:"components"`
}

// Status queries every control plane's status, ordered by cluster ID.
func (m *Manager) Status(ctx context.Context) []Status {
	planes := m.sorted()
	all := make([]Status, len(planes))
	var group wait.Group
	for i, p := range planes {
		group.Start(func() { all[i] = p.status(ctx) })
	}
	group.Wait()
	return all
}

func (p *plane) status(ctx context.Context) Status {
	s := Status{Cluster: p.settings.Cluster, Endpoint: p.settings.endpoint(), Components: []ComponentStatus{}}
	var problems []string
	for _, c := range p.running() {
		component := c.status()
		s.Components = append(s.Components, component)
		if component.PID == 0 {
			problems = append(problems, component.Name+" is not running: "+component.LastExit)
		}
	}
	if len(s.Components) == 0 {
		s.Problem = "it has not been started"
		if p.isFailed() {
			s.Problem = errFailed.Error()
		}
		return s
	}
	client, err := p.client()
	if err == nil {
		err = client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	}
	if err != nil {
		problems = append(problems, "the API server is not ready: "+err.Error())
	}
	s.Ready, s.Problem = len(problems) == 0, strings.Join(problems, "; ")
	return s
}

// Close stops all control planes, including those still starting, and keeps their state.
func (m *Manager) Close() error {
	m.close()
	var group wait.Group
	for _, p := range m.sorted() {
		group.Start(func() {
			p.starting.Lock()
			defer p.starting.Unlock()
			p.halt(stopGrace)
			p.endpoint.Close()
		})
	}
	group.Wait()
	return nil
}

// removeAll removes a directory; the initial rename makes it disappear under its name at once.
func removeAll(dir string) error {
	doomed, err := os.MkdirTemp(filepath.Dir(dir), temporaryPrefix+"*")
	if err != nil {
		return err
	}
	if err := os.Rename(dir, filepath.Join(doomed, "cluster")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.Join(err, os.Remove(doomed))
	}
	return os.RemoveAll(doomed)
}
