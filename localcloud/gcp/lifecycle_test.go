package gcp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"

	"geo-wordpress/localcloud/gcp/api"
)

func TestFailedPoolStaysAndIsTakenUpAgain(t *testing.T) {
	s := build(t, "pool")
	s.hardware.set(func() { s.hardware.failWith = errBroken })
	err := s.make(stepNamed("pool"))
	require.ErrorContains(t, err, errBroken.Error())
	partial := initFailed(err)
	require.NotNil(t, partial, "the engine has to learn of what is there")
	out := s.unmarshal(partial.Properties)
	assert.Equal(t, 2.0, out["nodeCount"].NumberValue())
	in := s.unmarshal(partial.Inputs)

	now, message := state(s.api, partial.Id)
	require.Equal(t, api.Failed, now)
	assert.Contains(t, message, errBroken.Error())
	_, _, err = s.createChecked(api.NodePoolType, "pool", in, false)
	require.ErrorContains(t, err, "alreadyExists", "it takes its name")

	_, err = s.engine.update(api.NodePoolType, "pool", partial.Id, in, in)
	require.NoError(t, err, "the next update tries again")
	assert.Equal(t, 2, s.hardware.pool(partial.Id).Count)

	s.hardware.set(func() { s.hardware.failWith = errBroken })
	_, err = s.engine.update(api.NodePoolType, "pool", partial.Id, in, s.propsWith(in, "nodeCount", 3))
	require.ErrorContains(t, err, errBroken.Error())
	require.NotNil(t, initFailed(err))
	require.NoError(t, s.delete(api.NodePoolType, "pool", partial.Id), "a destroy removes it in whatever state")
	assert.Empty(t, s.hardware.pools)
}

func (s *stand) propsWith(in resource.PropertyMap, key string, v any) resource.PropertyMap {
	in = in.Copy()
	in[resource.PropertyKey(key)] = resource.NewPropertyValue(v)
	return in
}

func TestPoolOfAFailedClusterIsRefused(t *testing.T) {
	s := build(t, "cluster")
	s.hardware.set(func() { s.hardware.failWith = errBroken })
	err := s.make(stepNamed("cluster"))
	require.NotNil(t, initFailed(err))
	id := initFailed(err).Id
	now, message := state(s.api, id)
	assert.Equal(t, api.Failed, now)
	assert.Contains(t, message, errBroken.Error())
	_, _, err = s.engine.create(api.NodePoolType, "pool", resource.NewPropertyMapFromMap(props{"cluster": id, "nodeCount": 1}))
	require.ErrorContains(t, err, "is in state ERROR")
	require.NoError(t, s.delete(api.ClusterType, "cluster", id))
}

func TestPoolChangesReachTheMachines(t *testing.T) {
	s := build(t, "address")
	id := s.ids["pool"]
	p := s.hardware.pool(id)
	assert.Equal(t, "e2-standard-4", p.MachineType)
	assert.Equal(t, 2, p.Count)
	assert.Equal(t, 50, p.DiskSizeGB)
	assert.Equal(t, zone, p.Zone)
	assert.Contains(t, p.Tags, "node")
	assert.Contains(t, s.group(), p.InstanceGroup)

	in := s.with("pool", props{"nodeCount": 3, "nodeConfig": props{"machineType": "e2-standard-8"}})
	out, err := s.engine.update(api.NodePoolType, "pool", id, s.inputs["pool"], in)
	require.NoError(t, err)
	p = s.hardware.pool(id)
	assert.Equal(t, "e2-standard-8", p.MachineType)
	assert.Equal(t, 3, p.Count)
	assert.Equal(t, 50, p.DiskSizeGB, "what the program no longer says stays")
	assert.Equal(t, s.outputs["pool"]["managedInstanceGroupUrls"], out["managedInstanceGroupUrls"], "the group stays")
}

// The local cloud runs the machines of a pool in the zone of its cluster.
func TestPoolStaysInTheZoneOfItsCluster(t *testing.T) {
	s := build(t, "address")
	for _, zones := range [][]any{{"europe-west1-c"}, {zone, "europe-west1-c"}} {
		_, err := s.engine.update(api.NodePoolType, "pool", s.ids["pool"], s.inputs["pool"], s.with("pool", props{"nodeLocations": zones}))
		require.ErrorContains(t, err, `"europe-west1-b", the cluster's zone`)
	}
	_, err := s.engine.update(api.NodePoolType, "pool", s.ids["pool"], s.inputs["pool"], s.with("pool", props{"nodeLocations": []any{zone}}))
	require.NoError(t, err)
}

func TestClusterCountsItsDefaultPool(t *testing.T) {
	s := build(t, "cluster")
	step := stepNamed("cluster")
	base := step.inputs
	step.inputs = func(s *stand) props {
		in := base(s)
		delete(in, "initialNodeCount")
		return in
	}
	require.ErrorContains(t, s.make(step), "Cluster.initial_node_count must be greater than zero")
}

// state returns the state of a resource, and the reason for ERROR; empty if it does not exist.
func state(a *API, id string) (state, message string) {
	for _, r := range a.Resources() {
		if r.ID == id {
			return r.State, r.Message
		}
	}
	return "", ""
}

// crash copies the store as it is on disk at this moment, as a killed process would leave it, and opens the copy.
func crash(t *testing.T, from string, h *hardware) *API {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(from, "gcp.db"))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gcp.db"), raw, 0o600))
	return openAPI(t, dir, h)
}

func TestKilledAtAnyStepLosesNothing(t *testing.T) {
	dir, h := t.TempDir(), newHardware()
	s := buildOn(t, openAPI(t, dir, h), h, "compute-api")
	for _, step := range steps {
		require.NoError(t, s.make(step))
		again := crash(t, dir, newHardware())
		require.Equal(t, s.api.Resources(), again.Resources(), "after %s", step.name)
		require.NoError(t, again.Close())
	}
	fresh := newHardware()
	again := crash(t, dir, fresh)
	require.NoError(t, again.Resume(context.Background()))
	assert.Equal(t, h.planes, fresh.planes)
	assert.Equal(t, h.pools, fresh.pools)
	assert.Equal(t, s.api.Resources(), again.Resources())
}

func TestInterruptedOperationsAreTakenUp(t *testing.T) {
	dir, h := t.TempDir(), newHardware()
	s := buildOn(t, openAPI(t, dir, h), h, "cluster")
	h.set(func() { h.block, h.entered = make(chan struct{}), make(chan string, 1) })
	step := stepNamed("cluster")
	in, _ := s.check(step.token, step.name, nil, resource.NewPropertyMapFromMap(step.inputs(s)))
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() {
		_, err := s.client.Create(ctx, &pulumirpc.CreateRequest{Urn: urn(step.token, step.name), Properties: s.marshal(in)})
		result <- err
	}()
	id := <-h.entered
	now, _ := state(s.api, id)
	assert.Equal(t, api.Provisioning, now)

	t.Run("killed", func(t *testing.T) {
		fresh := newHardware()
		again := crash(t, dir, fresh)
		now, _ := state(again, id)
		assert.Equal(t, api.Provisioning, now, "a half-made cluster is not forgotten")
		require.NoError(t, again.Resume(context.Background()))
		now, _ = state(again, id)
		assert.Equal(t, api.Running, now)
		assert.Contains(t, fresh.planes, id)
	})
	t.Run("the program gone", func(t *testing.T) {
		cancel()
		require.Error(t, <-result)
		close(h.block)
		// A delete waits for the operation to end, as Google's provider does.
		require.NoError(t, s.delete(api.ClusterType, "cluster", id))
		assert.Empty(t, h.planes)
		now, _ := state(s.api, id)
		assert.Empty(t, now)
	})
}

func TestCancellationLetsWhatIsUnderWayComeToItsEnd(t *testing.T) {
	h := newHardware()
	s := buildOn(t, openAPI(t, t.TempDir(), h), h, "cluster")
	h.set(func() { h.block, h.entered = make(chan struct{}), make(chan string, 1) })
	result := make(chan error, 1)
	go func() { result <- s.make(stepNamed("cluster")) }()
	<-h.entered
	_, err := s.client.Cancel(context.Background(), &emptypb.Empty{})
	require.NoError(t, err)
	select {
	case err := <-result:
		t.Fatalf("the creation ended with the cancellation: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(h.block)
	require.NoError(t, <-result)
}

func TestClosingLeavesTheOperationToResume(t *testing.T) {
	dir, h := t.TempDir(), newHardware()
	a := openAPI(t, dir, h)
	s := buildOn(t, a, h, "cluster")
	h.set(func() { h.block, h.entered = make(chan struct{}), make(chan string, 1) })
	result := make(chan error, 1)
	go func() { result <- s.make(stepNamed("cluster")) }()
	id := <-h.entered
	require.NoError(t, a.Close())
	require.Error(t, <-result)

	h.set(func() { h.block, h.entered = nil, nil })
	again := openAPI(t, dir, h)
	now, _ := state(again, id)
	assert.Equal(t, api.Provisioning, now)
	require.NoError(t, again.Resume(context.Background()))
	now, _ = state(again, id)
	assert.Equal(t, api.Running, now)
}

func TestResumeFinishesADeletion(t *testing.T) {
	dir, h := t.TempDir(), newHardware()
	a := openAPI(t, dir, h)
	s := buildOn(t, a, h, "address")
	for _, name := range []string{"pool", "cluster"} {
		require.NoError(t, a.Transact(func(tx *api.Tx) error {
			r := tx.Find(s.ids[name])
			r.State = api.Stopping
			return tx.Save(r)
		}))
		require.NoError(t, a.Resume(context.Background()))
		id, _, _ := s.read(stepNamed(name).token, name, s.ids[name], nil)
		assert.Empty(t, id, name)
	}
	assert.Empty(t, h.planes)
	require.NoError(t, s.delete(subnetworkType, "subnet", "projects/geo-project/regions/europe-west1/subnetworks/none"))
}

func TestResumeTellsWhichClusterFailed(t *testing.T) {
	dir, h := t.TempDir(), newHardware()
	s := buildOn(t, openAPI(t, dir, h), h, "address")
	h.set(func() { h.failWith = errBroken })
	err := s.api.Resume(context.Background())
	require.ErrorContains(t, err, s.ids["cluster"])
	now, _ := state(s.api, s.ids["cluster"])
	assert.Equal(t, api.Failed, now)
	require.NoError(t, s.api.Resume(context.Background()), "and it can be tried again")
	now, _ = state(s.api, s.ids["cluster"])
	assert.Equal(t, api.Running, now)
}

func TestManyAtOnce(t *testing.T) {
	s := build(t, "subnet")
	var wait sync.WaitGroup
	errs := make([]error, 40)
	// Twenty subnetworks with ranges of their own, and twenty that all want the same range.
	for i := range errs {
		cidr := fmt.Sprintf("10.%d.0.0/24", 100+i)
		if i >= 20 {
			cidr = "10.200.0.0/24"
		}
		in, failures := s.check(subnetworkType, "s", nil, resource.NewPropertyMapFromMap(props{
			"network": s.ids["vpc"], "region": region, "ipCidrRange": cidr, "name": fmt.Sprintf("s%d", i)}))
		require.Empty(t, failures)
		wait.Add(1)
		go func() {
			defer wait.Done()
			_, errs[i] = s.client.Create(context.Background(), &pulumirpc.CreateRequest{
				Urn: urn(subnetworkType, "s"), Properties: s.marshal(in)})
		}()
	}
	wait.Wait()
	won := 0
	for i, err := range errs {
		if i < 20 {
			require.NoError(t, err)
		} else if err == nil {
			won++
		} else {
			require.ErrorContains(t, err, "conflicts with existing subnetwork")
		}
	}
	assert.Equal(t, 1, won)
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	openAPI(t, dir, newHardware())
	_, err := Open(api.Options{Dir: dir}, newHardware(), newHardware())
	require.ErrorContains(t, err, "held by another process")
	info, err := os.Stat(filepath.Join(dir, "gcp.db"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
