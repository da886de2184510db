package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane/components"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/random"
	"geo-wordpress/localcloud/realsite"
)

// timeout is generous, for a busy machine.
const timeout = 2 * time.Minute

func TestMain(m *testing.M) {
	components.Run(os.Args[1:])
	os.Exit(m.Run())
}

// small is an infrastructure of one cluster and one provider.
type small struct {
	planes   cloud.ControlPlanes
	cluster  *cloud.Cluster
	fail     error
	machines machines.Overview // of the cluster
	closed   *bool
}

func (s *small) use(planes cloud.ControlPlanes) { s.planes = planes }

// testInfrastructure accepts its daemon's control planes.
type testInfrastructure interface {
	Infrastructure
	use(cloud.ControlPlanes)
}

func assembling(i testInfrastructure) Assemble {
	return func(_ home.Home, planes cloud.ControlPlanes, _ *slog.Logger) (Infrastructure, error) {
		i.use(planes)
		return i, nil
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (s small) Providers() map[string]cloud.Provider {
	return map[string]cloud.Provider{"random": random.New}
}

func (s small) Resume(ctx context.Context) error {
	if s.cluster != nil {
		if _, err := s.planes.Ensure(ctx, *s.cluster); err != nil {
			return err
		}
	}
	return s.fail
}

func (s small) SetRecord(string, string, []string) error { return s.fail }

func (s small) CreateZone(string, string, string) error { return s.fail }

func (s small) Resources() []Resource {
	if s.cluster == nil {
		return nil
	}
	return []Resource{{Type: "gcp:container/cluster:Cluster", ID: s.cluster.ID}}
}

func (s small) Overview() []machines.Overview { return []machines.Overview{s.machines} }

func (s small) SetFailures(cloud.Failures) {}

func (s small) RealWordPress() *realsite.Status { return nil }

func (s small) LoadBalancers() loadbalancer.Status { return loadbalancer.Status{} }

func (s small) SetCheckPace(int64) {}

func (s small) Inventory(string) ([]cloud.Object, error) { return nil, nil }

func (s small) Close() error {
	if s.closed != nil {
		*s.closed = true
	}
	return nil
}

// running is a daemon in this process.
type running struct {
	home    home.Home
	problem error
	cancel  context.CancelFunc
	ended   chan error
}

func begin(t *testing.T, h home.Home, i testInfrastructure) *running {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")) // the daemon changes it
	t.Setenv(home.Env, "")
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{home: h, cancel: cancel, ended: make(chan error, 1)}
	ready := make(chan struct{})
	go func() {
		r.ended <- Run(ctx, Options{
			Home: h, Log: discard(), Assemble: assembling(i),
			Ready: func(problem error) { r.problem = problem; close(ready) },
		})
	}()
	select {
	case <-ready:
	case err := <-r.ended:
		t.Fatalf("the daemon ended: %v", err)
	case <-time.After(timeout):
		t.Fatal("the daemon is not ready")
	}
	t.Cleanup(func() { cancel() })
	return r
}

func (r *running) end(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case err := <-r.ended:
		require.NoError(t, err)
	case <-time.After(timeout):
		t.Fatal("the daemon does not end")
	}
}

func newHome(t *testing.T) home.Home { return home.Home(filepath.Join(t.TempDir(), "home")) }

func TestLife(t *testing.T) {
	h, closed := newHome(t), false
	_, err := Find(h)
	assert.ErrorIs(t, err, ErrNotRunning)

	r := begin(t, h, &small{closed: &closed})
	record, err := Find(h)
	require.NoError(t, err)
	assert.Equal(t, os.Getpid(), record.PID)
	info, err := os.Stat(h.Record())
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm(), "it has the token")
	s, err := record.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, record.Providers, s.Providers)
	assert.True(t, s.Healthy())
	connection, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(record.Providers["random"]))
	require.NoError(t, err)
	_ = connection.Close()

	require.NoError(t, record.Stop(t.Context()))
	require.NoError(t, <-r.ended)
	assert.True(t, closed)
	_, err = Find(h)
	assert.ErrorIs(t, err, ErrNotRunning)
	_, err = net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(record.Providers["random"]))
	assert.Error(t, err, "a provider is still served")
}

func TestPortsAreKept(t *testing.T) {
	h := newHome(t)
	r := begin(t, h, &small{})
	first, err := Find(h)
	require.NoError(t, err)
	r.end(t)
	r = begin(t, h, &small{})
	second, err := Find(h)
	require.NoError(t, err)
	assert.Equal(t, first.Providers, second.Providers)
	assert.NotEqual(t, first.Token, second.Token)
	r.end(t)

	// Another program holds the port now, so the daemon takes any other. (If it cannot be had for a second, one does
	// already. For a moment a process that was just forked may hold the daemon's listener.)
	for range 100 {
		taken, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first.Providers["random"]))
		if err == nil {
			defer taken.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	r = begin(t, h, &small{})
	third, err := Find(h)
	require.NoError(t, err)
	assert.NotEqual(t, first.Providers, third.Providers)
	r.end(t)
}

func TestTwoDaemonsNeverShareAState(t *testing.T) {
	h := newHome(t)
	r := begin(t, h, &small{})
	err := Run(t.Context(), Options{Home: h, Log: slog.New(slog.DiscardHandler)})
	assert.ErrorIs(t, err, home.ErrLocked)
	_, err = Find(h)
	assert.NoError(t, err, "the second has damaged the first one's record")
	r.end(t)
	other := begin(t, newHome(t), &small{})
	again := begin(t, h, &small{}) // two homes, side by side
	other.end(t)
	again.end(t)
}

func TestControlWantsTheToken(t *testing.T) {
	h := newHome(t)
	r := begin(t, h, &small{})
	record, err := Find(h)
	require.NoError(t, err)
	for _, authorization := range []string{"", "Bearer ", "Bearer x", record.Token, "Bearer " + record.Token + "x"} {
		for method, path := range map[string]string{http.MethodGet: statusPath, http.MethodPost: stopPath} {
			request, err := http.NewRequest(method, "http://"+record.Control+path, nil)
			require.NoError(t, err)
			if authorization != "" {
				request.Header.Set("Authorization", authorization)
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			_ = response.Body.Close()
			assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "%s with %q", path, authorization)
		}
	}
	select {
	case <-r.ended:
		t.Fatal("a stranger stopped the daemon")
	default:
	}
	record.Token += "x"
	assert.ErrorContains(t, record.Stop(t.Context()), "401")
	r.end(t)
}

func TestWhatCannotBeResumedIsSaidAndTheRestServed(t *testing.T) {
	h := newHome(t)
	r := begin(t, h, &small{fail: errors.New("a cluster is broken")})
	assert.ErrorContains(t, r.problem, "a cluster is broken")
	record, err := Find(h)
	require.NoError(t, err)
	s, err := record.Status(t.Context())
	require.NoError(t, err)
	assert.Contains(t, s.Problem, "a cluster is broken")
	assert.False(t, s.Healthy())
	assert.Contains(t, s.Providers, "random")
	r.end(t)
}

func TestStopWhileStarting(t *testing.T) {
	h := newHome(t)
	ctx, cancel := context.WithCancel(t.Context())
	t.Setenv("PATH", os.Getenv("PATH"))
	t.Setenv(home.Env, "")
	ended := make(chan error, 1)
	c := testCluster()
	go func() {
		ended <- Run(ctx, Options{Home: h, Log: slog.New(slog.DiscardHandler),
			Assemble: func(_ home.Home, planes cloud.ControlPlanes, _ *slog.Logger) (Infrastructure, error) {
				time.AfterFunc(200*time.Millisecond, cancel)
				return small{planes: planes, cluster: &c}, nil
			}})
	}()
	require.NoError(t, <-ended)
	holder, err := h.Holder()
	require.NoError(t, err)
	assert.Zero(t, holder)
	files, err := filepath.Glob(filepath.Join(h.Clusters(), "*", "run", "*.pid"))
	require.NoError(t, err)
	assert.Empty(t, files, "components of a start that was given up still run")
}

func testCluster() cloud.Cluster {
	return cloud.Cluster{
		ID: "projects/p/locations/l/clusters/c", Project: "p", Location: "l", Name: "c",
		Network: "projects/p/global/networks/n", DNSDomain: "c.test",
		NodeRange: netip.MustParsePrefix("10.0.0.0/22"), PodRange: netip.MustParsePrefix("10.4.0.0/14"),
		ServiceRange: netip.MustParsePrefix("10.8.0.0/20"),
	}
}

func TestStatusCountsNodesAndPods(t *testing.T) {
	h, c := newHome(t), testCluster()
	r := begin(t, h, &small{cluster: &c, machines: machines.Overview{
		Cluster: c.ID, Nodes: []machines.NodeView{{Name: "a", Ready: true}, {Name: "b"}}, Pods: []machines.PodView{{Name: "p"}},
	}})
	record, err := Find(h)
	require.NoError(t, err)
	s, err := record.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, s.Clusters, 1)
	assert.Equal(t, Count{1, 2}, s.Clusters[0].Nodes)
	assert.Equal(t, Count{0, 1}, s.Clusters[0].Pods)
	assert.True(t, s.Clusters[0].Ready)
	assert.False(t, s.Healthy(), "a node is not ready")
	assert.Len(t, s.Resources, 1)
	r.end(t)
}
