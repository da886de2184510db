package gcp

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/times"
)

// gate is a clock on which all sleeps end at once, except long ones, which last until open is closed.
type gate struct {
	mu    sync.Mutex
	slept []time.Duration
	open  chan struct{}
	// blocks is the shortest sleep that waits for open.
	blocks time.Duration
}

func (g *gate) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	g.mu.Lock()
	g.slept = append(g.slept, d.Round(10*time.Millisecond))
	g.mu.Unlock()
	if d < g.blocks || g.open == nil {
		return nil
	}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) times() []time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.slept)
}

// hindered returns a cloud on which one kind of fault hits everything.
func hindered(t *testing.T, kind faults.Kind, g *gate) (*engine, *API, *faults.Injector) {
	t.Helper()
	h := newHardware()
	injector := &faults.Injector{}
	injector.Follow(faults.Plan{Seed: 1, Rates: map[faults.Kind]float64{kind: 1}})
	a := openWith(t, api.Options{Dir: t.TempDir(), Faults: injector, Clock: g}, h, everyAPI...)
	return connect(t, a, nil), a, injector
}

var vpc = resource.NewPropertyMapFromMap(props{"autoCreateSubnetworks": false})

func TestWhatPassesIsTriedAgainByTheProvider(t *testing.T) {
	for _, kind := range []faults.Kind{faults.RateLimited, faults.Unavailable} {
		e, a, injector := hindered(t, kind, &gate{})
		id, _, err := e.create(networkType, "vpc", vpc)
		require.NoError(t, err, kind)
		created := injector.Counts()[kind]
		assert.Positive(t, created)
		require.NoError(t, e.delete(networkType, "vpc", id))
		assert.Greater(t, injector.Counts()[kind], created, "%s: deletions are hit, too", kind)
		assert.Empty(t, a.Resources())
	}
}

func TestWhatDoesNotPassIsAnErrorAndLeavesNothing(t *testing.T) {
	for kind, says := range map[faults.Kind]string{
		faults.Quota: "quotaExceeded", faults.Permission: "forbidden", faults.HalfMade: "INTERNAL_ERROR",
	} {
		e, a, _ := hindered(t, kind, &gate{})
		failures := 0
		for {
			_, _, err := e.create(networkType, "vpc", vpc)
			if err == nil {
				break
			}
			failures++
			assert.ErrorContains(t, err, says)
			assert.Nil(t, initFailed(err), "%s: the engine must not take it for there", kind)
			assert.Empty(t, a.Resources(), "%s", kind)
			require.Less(t, failures, 5, "%s: a resource is hit on its first tries only", kind)
		}
		assert.Positive(t, failures, kind)
		assert.Len(t, a.Resources(), 1)
	}
}

func TestJustCreatedIsNotFoundAtFirst(t *testing.T) {
	e, _, injector := hindered(t, faults.NotFound, &gate{})
	id, _, err := e.create(networkType, "vpc", vpc)
	require.NoError(t, err, "it refers to nothing")
	router := resource.NewPropertyMapFromMap(props{"network": id, "region": region})
	_, _, err = e.create(routerType, "router", router)
	require.ErrorContains(t, err, "The resource '"+id+"' was not found, notFound")
	_, _, err = e.create(routerType, "router", router)
	require.NoError(t, err)
	assert.Equal(t, 1, injector.Counts()[faults.NotFound])
}

func TestStuckClusterIsTakenUpByTheNextUpdate(t *testing.T) {
	g := &gate{open: make(chan struct{}), blocks: 3 * time.Second}
	h, injector := newHardware(), &faults.Injector{}
	s := buildOn(t, openWith(t, api.Options{Dir: t.TempDir(), Faults: injector, Clock: g}, h), h, "pool")
	injector.Follow(faults.Plan{Seed: 1, Rates: map[faults.Kind]float64{faults.Stuck: 1}})

	err := s.make(stepNamed("pool"))
	require.ErrorContains(t, err, "timeout while waiting for state to become 'DONE'")
	partial := initFailed(err)
	require.NotNil(t, partial, "the engine has to learn that it is on its way")
	close(g.open)
	in := s.unmarshal(partial.Inputs)
	for {
		_, err = s.engine.update(api.NodePoolType, "pool", partial.Id, in, in)
		if err == nil {
			break
		}
		require.ErrorContains(t, err, "timeout while waiting", "the update can be stuck as well")
	}
	for _, r := range s.api.Resources() {
		assert.Equal(t, api.Running, r.State, r.ID)
	}
}

func TestOperationsTakeTheirTime(t *testing.T) {
	g := &gate{}
	h := newHardware()
	a := openWith(t, api.Options{Dir: t.TempDir(), Times: 0.5, Clock: g}, h, everyAPI...)
	e := connect(t, a, nil)
	id, _, err := e.create(networkType, "vpc", vpc)
	require.NoError(t, err)
	require.NoError(t, e.delete(networkType, "vpc", id))
	for i, verb := range []times.Verb{times.Create, times.Delete} {
		want := times.Google(networkType, verb) / 2
		require.Greater(t, len(g.slept), i)
		assert.InDelta(t, float64(want), float64(g.slept[i]), float64(time.Second), verb)
	}
}

// A resource that is being created cannot be referenced, and an operation that only waited is complete after a restart.
func TestOperationUnderWayOverARestart(t *testing.T) {
	g := &gate{open: make(chan struct{}), blocks: 15 * time.Second} // longer than the provider's back-off
	h := newHardware()
	dir := t.TempDir()
	a := openWith(t, api.Options{Dir: dir, Times: 1, Clock: g}, h, everyAPI...)
	e := connect(t, a, nil)
	request := &pulumirpc.CreateRequest{Urn: urn(networkType, "vpc"), Properties: e.marshal(
		resource.NewPropertyMapFromMap(props{"autoCreateSubnetworks": false, "name": "vpc"}))}
	made := make(chan error, 1)
	go func() {
		_, err := e.client.Create(context.Background(), request)
		made <- err
	}()
	require.Eventually(t, func() bool { return len(a.Resources()) == 1 && len(g.times()) == 1 }, time.Minute, time.Millisecond)
	assert.Equal(t, api.Provisioning, a.Resources()[0].State)
	_, _, err := e.create(routerType, "router", resource.NewPropertyMapFromMap(props{"network": "vpc", "region": region}))
	require.ErrorContains(t, err, "resourceNotReady")
	assert.Len(t, g.times(), 1+9, "the provider retries, with a back-off")
	require.NoError(t, a.Close())
	require.Error(t, <-made)

	a = openAPI(t, dir, h, everyAPI...)
	require.NoError(t, a.Resume(context.Background()))
	assert.Equal(t, api.Running, a.Resources()[0].State)
}
