package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/realsite"
)

func TestRealWordPressNeedsItsProgram(t *testing.T) {
	h := newHome(t)
	r := command(t, h, "", "start", "--real-wordpress")
	assert.Equal(t, 1, r.status)
	for _, way := range []string{"real-wordpress, which is not there", "make real-wordpress", "tools/conformance/install", "--real-wordpress=false"} {
		assert.Contains(t, r.progress, way)
	}
	exists, err := h.Exists()
	require.NoError(t, err)
	assert.False(t, exists, "nothing was made")

	// The choice is kept from one start to the next, so the next start needs the program too.
	require.NoError(t, h.Make())
	require.NoError(t, os.WriteFile(h.Settings(), []byte(`{"realWordPress": true}`), 0o600))
	t.Cleanup(func() { command(t, h, "", "reset", "--yes") })
	assert.Contains(t, command(t, h, "", "start").progress, "make real-wordpress")
	r = command(t, h, "", "start", "--real-wordpress=false")
	require.Zero(t, r.status, r.progress)
	require.Zero(t, command(t, h, "", "start").status)
	assert.NotContains(t, command(t, h, "", "status").out, "real WordPress")
	assert.Contains(t, command(t, h, "", "start", "--real-wordpress").progress, "`localcloud stop` first")
}

func TestRealWordPressIsKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the real WordPress needs root")
	}
	program, err := realsite.Program()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700))
	t.Cleanup(func() { _ = os.Remove(program) })
	h := home.Home(filepath.Join(t.TempDir(), "home"))
	t.Cleanup(func() { command(t, h, "", "reset", "--yes") })
	for _, arguments := range [][]string{{"start", "--real-wordpress"}, {"start"}} {
		r := command(t, h, "", arguments...)
		require.Zero(t, r.status, r.progress)
		assert.Contains(t, command(t, h, "", "status").out, "The real WordPress is started once")
		require.Zero(t, command(t, h, "", "stop").status)
	}
}
