package realsite

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

// handed returns the program's last input.
func (s *stage) handed() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "handed"))
	return string(text)
}

func TestRunsWhileThereAreClusters(t *testing.T) {
	s := newStage(t, "serves")
	site := s.start()
	s.set(func() { s.ready["west"] = true })
	assert.Never(t, func() bool { return site.Status().State != Waiting }, time.Second, 10*time.Millisecond,
		"one region's WordPress is not ready")
	s.set(func() { s.ready["east"] = true })
	s.becomes(site, Ready)

	var d document
	require.NoError(t, json.Unmarshal([]byte(s.handed()), &d))
	require.Len(t, d.Regions, 2)
	west := d.Regions[1]
	assert.Equal(t, "region-west", west.Name)
	assert.Equal(t, "west.local", west.DNSDomain)
	assert.Equal(t, "10.0.0.0/17", west.Pods.String())
	assert.Equal(t, "10.0.128.0/20", west.Services.String())
	require.Len(t, west.Objects, 2, "the system's, and what a controller made, is left out")
	assert.Equal(t, "ConfigMap", west.Objects[0].Kind)
	assert.Equal(t, "a", west.Objects[0].Metadata.Name)
	assert.JSONEq(t, `{"key": "first"}`, string(west.Objects[1].Data))

	// A region that is not ready changes nothing; another configuration does.
	first := site.run
	s.set(func() { s.ready["west"], s.data = false, "second" })
	assert.Never(t, func() bool { return site.Status().State != Ready }, time.Second, 10*time.Millisecond)
	s.set(func() { s.ready["west"] = true })
	require.Eventually(t, func() bool { return first.hasEnded() }, timeout, 10*time.Millisecond)
	assert.FileExists(t, filepath.Join(s.dir, "disks", "ended"), "it was told to end, and its volumes are kept")
	s.becomes(site, Ready)
	assert.Contains(t, s.handed(), "second")

	// The last cluster goes, then the disks.
	s.set(func() { s.clusters = nil })
	s.becomes(site, Waiting)
	assert.DirExists(t, filepath.Join(s.dir, "disks"))
	s.set(func() { s.disks = nil })
	require.Eventually(t, func() bool { _, err := os.Stat(s.dir); return os.IsNotExist(err) }, timeout, 10*time.Millisecond)
}

func TestEndsWithItsOwner(t *testing.T) {
	s := newStage(t, "serves")
	s.ready["west"], s.ready["east"] = true, true
	site := s.start()
	s.becomes(site, Ready)
	sockets := site.run.sockets
	site.Close()
	assert.FileExists(t, filepath.Join(s.dir, "disks", "ended"), "it ended in order")
	assert.NoDirExists(t, sockets)
}

func TestTellsWhyItFailed(t *testing.T) {
	s := newStage(t, "dies")
	s.ready["west"], s.ready["east"] = true, true
	site := s.start()
	s.becomes(site, Failed)
	assert.Contains(t, site.Status().String(), "missing: everything")
}

func TestVolumesBelongToTheStacksDisks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wordpress")
	volume := filepath.Join(dir, "disks", "volume")
	require.NoError(t, keepDisksOf(dir, []string{"a", "b"}))
	require.NoError(t, os.MkdirAll(volume, 0o700))
	require.NoError(t, keepDisksOf(dir, []string{"b", "c"}))
	assert.DirExists(t, volume, "one disk is still there")
	require.NoError(t, keepDisksOf(dir, []string{"d"}))
	assert.NoDirExists(t, volume, "they were another stack's")
}

func TestCheckNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "real-wordpress")
	assert.ErrorContains(t, Check(t.Context(), program), "make real-wordpress")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho missing: apache2 >&2\nexit 1\n"), 0o700))
	want := "missing: apache2"
	if os.Geteuid() != 0 {
		want = "as root"
	}
	assert.ErrorContains(t, Check(t.Context(), program), want)
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700))
	if os.Geteuid() == 0 {
		assert.NoError(t, Check(t.Context(), program))
	}
}

func TestRegionsAreTheClusters(t *testing.T) {
	s := newStage(t, "serves")
	assert.False(t, allReady(s.clusters, s.overview()))
	s.ready["west"], s.ready["east"] = true, true
	assert.True(t, allReady(s.clusters, s.overview()))
	assert.False(t, allReady(append(s.clusters, cloud.Cluster{ID: "new"}), s.overview()), "a new one has no pods yet")
}
