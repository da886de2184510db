package daemon

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines"
)

// losable is a small infrastructure with machines that only records what is lost.
type losable struct {
	small
	mutex sync.Mutex
	now   cloud.Failures
	gone  bool // all machines are deleted
}

func (l *losable) SetFailures(f cloud.Failures) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.now = f
}

func (l *losable) seen() cloud.Failures {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.now
}

func (l *losable) Overview() []machines.Overview {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.gone {
		return nil
	}
	return []machines.Overview{{Nodes: []machines.NodeView{
		{Name: "m1", Zone: "europe-west1-b"}, {Name: "m2", Zone: "europe-west1-b"}, {Name: "m3", Zone: "europe-west2-c"},
	}}}
}

func losableCluster() cloud.Cluster {
	c := testCluster()
	c.Location = "europe-west1-b"
	c.ID = "projects/p/locations/europe-west1-b/clusters/c"
	return c
}

func TestLosingAndHealing(t *testing.T) {
	c := losableCluster()
	h, infrastructure := newHome(t), &losable{small: small{cluster: &c}}
	r := begin(t, h, infrastructure)
	require.NoError(t, r.problem)
	record, err := Find(h)
	require.NoError(t, err)
	ready := func() bool {
		s, err := record.Status(t.Context())
		require.NoError(t, err)
		require.Len(t, s.Clusters, 1)
		return s.Clusters[0].Ready
	}
	do := func(change func(Record, context.Context, Kind, ...string) ([]string, error), kind Kind, names ...string) []string {
		t.Helper()
		said, err := change(record, t.Context(), kind, names...)
		require.NoError(t, err)
		return said
	}

	assert.Equal(t, []string{"Region europe-west1 is lost, with the control plane of c, machine m1, machine m2."},
		do(Record.Fail, Region, "europe-west1"))
	assert.False(t, ready())
	assert.Equal(t, []string{"Region europe-west1 was lost already."}, do(Record.Fail, Region, "europe-west1"))
	assert.Equal(t, []string{"Node m3 is lost.", "Node m1 is lost."}, do(Record.Fail, Node, "m3", "m1"))
	assert.Equal(t, []string{"Network between europe-west1 and europe-west2 is lost."},
		do(Record.Fail, Partition, "europe-west2", "europe-west1"))
	want := cloud.Failures{Regions: []string{"europe-west1"}, Nodes: []string{"m1", "m3"},
		Partitions: []cloud.Partition{{"europe-west1", "europe-west2"}}}
	assert.Equal(t, want, infrastructure.seen())
	s, err := record.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, s.Failures)
	assert.False(t, s.Healthy())

	// Nothing can be created in a lost place.
	next := c
	next.ID, next.Name = c.ID+"2", "c2"
	_, err = infrastructure.planes.Ensure(t.Context(), next)
	assert.ErrorContains(t, err, "localcloud heal")

	// Failures survive a restart, and the machines hear of them before anything starts.
	r.end(t)
	infrastructure = &losable{small: small{cluster: &c}}
	r = begin(t, h, infrastructure)
	assert.NoError(t, r.problem)
	assert.Equal(t, want, infrastructure.seen())
	record, err = Find(h)
	require.NoError(t, err)
	assert.False(t, ready(), "the control plane stayed up")

	_, err = record.Heal(t.Context(), ControlPlane, "c")
	assert.ErrorContains(t, err, "lost with its region or zone")
	assert.Equal(t, []string{"Region europe-west1 is back."}, do(Record.Heal, Region))
	assert.True(t, ready(), "it returns before the API answers")
	assert.Equal(t, []string{"Region europe-west1 was not lost."}, do(Record.Heal, Region, "europe-west1"))
	assert.Equal(t, []string{"Control plane of c is lost."}, do(Record.Fail, ControlPlane))
	assert.False(t, ready())
	assert.Equal(t, []string{"Node m1 is back.", "Node m3 is back.", "Control plane of c is back.",
		"Network between europe-west1 and europe-west2 is back."}, do(Record.Heal, Everything))
	assert.True(t, ready())
	assert.Equal(t, []string{"Nothing is lost."}, do(Record.Heal, Everything))
	assert.False(t, infrastructure.seen().Any())
	r.end(t)
}

// A destroy deletes lost parts too. They are not lost any more, and new ones may have their names.
func TestDeletedPartsAreNotLost(t *testing.T) {
	c := losableCluster()
	h, infrastructure := newHome(t), &losable{small: small{cluster: &c}}
	r := begin(t, h, infrastructure)
	record, err := Find(h)
	require.NoError(t, err)
	_, err = record.Fail(t.Context(), ControlPlane, "c")
	require.NoError(t, err)
	_, err = record.Fail(t.Context(), Node, "m1")
	require.NoError(t, err)
	status := func() Status {
		s, err := record.Status(t.Context())
		require.NoError(t, err)
		return s
	}
	assert.Equal(t, []string{"node m1", "control plane of c"}, status().Failures.List())

	require.NoError(t, infrastructure.planes.Delete(t.Context(), c.ID))
	infrastructure.mutex.Lock()
	infrastructure.gone = true
	infrastructure.mutex.Unlock()
	assert.Empty(t, status().Failures.List())
	assert.True(t, status().Healthy())

	_, err = infrastructure.planes.Ensure(t.Context(), c)
	require.NoError(t, err, "a new cluster of the same name")
	assert.Empty(t, status().Failures.List())
	changes, err := record.Heal(t.Context(), Everything)
	require.NoError(t, err)
	assert.Equal(t, []string{"Nothing is lost."}, changes)
	r.end(t)
}

func TestWhatIsNotThereCannotBeLost(t *testing.T) {
	c := losableCluster()
	s := inventory{clusters: []cloud.Cluster{c}, machines: (&losable{}).Overview()[0].Nodes}
	for _, request := range []struct {
		kind  Kind
		names []string
		says  string
	}{
		{Region, []string{"europe-west9"}, `there is no region "europe-west9": choose from europe-west1, europe-west2`},
		{Region, nil, "name the region to take away: choose from europe-west1, europe-west2"},
		{Zone, []string{"europe-west1"}, `there is no zone "europe-west1": choose from europe-west1-b, europe-west2-c`},
		{Node, []string{"m1", "m9"}, `there is no node "m9": choose from m1, m2, m3`},
		{ControlPlane, []string{"x"}, `there is no cluster "x": choose from c`},
		{Partition, []string{"europe-west1"}, "name the two regions"},
		{Partition, []string{"europe-west1", "europe-west1"}, "name the two regions"},
		{Partition, []string{"europe-west1", "europe-west9"}, `there is no region "europe-west9"`},
		{Everything, nil, `"all" cannot be lost`},
		{"moon", nil, `"moon" cannot be lost`},
	} {
		next, _, err := s.change(cloud.Failures{}, true, request.kind, request.names)
		assert.ErrorContains(t, err, request.says)
		assert.False(t, next.Any(), "half of it is lost")
	}
	_, _, err := inventory{}.change(cloud.Failures{}, true, ControlPlane, nil)
	assert.ErrorContains(t, err, "pulumi up")

	// A lost thing that no longer exists can be healed. Any change forgets lost nodes that no longer exist.
	before := cloud.Failures{Regions: []string{"europe-west9"}, Nodes: []string{"m9"}}
	next, said, err := s.change(before, false, Region, []string{"europe-west9"})
	assert.NoError(t, err)
	assert.Equal(t, []string{"Region europe-west9 is back."}, said)
	assert.False(t, next.Any())
}

func TestAFileOfRubbleIsSaid(t *testing.T) {
	h := newHome(t)
	require.NoError(t, h.Make())
	require.NoError(t, os.WriteFile(h.Failures(), []byte("{"), 0o600))
	err := Run(t.Context(), Options{Home: h, Log: discard(), Assemble: assembling(&losable{})})
	assert.ErrorContains(t, err, h.Failures())
}
