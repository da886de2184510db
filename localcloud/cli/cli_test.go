package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/home"
)

// timeout is generous, for a busy machine.
const timeout = 2 * time.Minute

// mainEnv makes the test binary act as the localcloud command, so that start can run it in the background.
const mainEnv = "CLI_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) == "1" {
		os.Exit(Main(os.Args[1:]))
	}
	_ = os.Setenv(mainEnv, "1")
	_ = os.Unsetenv(home.Env)
	os.Exit(m.Run())
}

type result struct {
	status        int
	out, progress string
}

func command(t *testing.T, h home.Home, input string, arguments ...string) result {
	t.Helper()
	var out, progress bytes.Buffer
	status := run(t.Context(), append([]string{"--home", h.Dir()}, arguments...), strings.NewReader(input), &out, &progress)
	return result{status, out.String(), progress.String()}
}

func newHome(t *testing.T) home.Home { return home.Home(filepath.Join(t.TempDir(), "home")) }

func started(t *testing.T) home.Home {
	t.Helper()
	h := newHome(t)
	t.Cleanup(func() { command(t, h, "", "reset", "--yes") })
	r := command(t, h, "", "start")
	require.Zero(t, r.status, r.progress)
	return h
}

func TestLife(t *testing.T) {
	h := newHome(t)
	r := command(t, h, "", "status")
	assert.Equal(t, exitNotRunning, r.status)
	assert.Contains(t, r.progress, "localcloud start", "the way out")
	assert.Equal(t, 1, command(t, h, "", "env").status)
	assert.Zero(t, command(t, h, "", "stop").status, "what does not run is stopped")

	h = started(t)
	first, err := daemon.Find(h)
	require.NoError(t, err)
	assert.NotEqual(t, os.Getpid(), first.PID)
	group, err := syscall.Getpgid(first.PID)
	require.NoError(t, err)
	assert.Equal(t, first.PID, group, "the daemon must not get the terminal's signals")

	r = command(t, h, "", "start")
	assert.Zero(t, r.status)
	assert.Contains(t, r.progress, "already")
	assert.NotContains(t, r.progress, "another build")
	assert.Empty(t, r.out)

	older := first
	older.Build = "1@1"
	rewrite(t, h, older)
	assert.Contains(t, command(t, h, "", "start").progress, "another build")
	rewrite(t, h, first)

	r = command(t, h, "", "status", "--json")
	require.Zero(t, r.status, r.progress)
	var s daemon.Status
	require.NoError(t, json.Unmarshal([]byte(r.out), &s))
	assert.Equal(t, first.PID, s.PID)
	for _, name := range []string{"gcp", "random"} {
		assert.NotZero(t, s.Providers[name], name)
	}
	assert.NotContains(t, r.out, first.Token)
	r = command(t, h, "", "status", "--leftovers")
	assert.Zero(t, r.status, r.out)
	r = command(t, h, "", "objects", "--json")
	assert.Zero(t, r.status, r.progress)
	assert.Equal(t, "[]\n", r.out)
	r = command(t, h, "", "objects", "nobodys")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.progress, "The specified bucket does not exist.")

	// After a SIGKILL the next daemon takes over, on the same ports.
	require.NoError(t, syscall.Kill(first.PID, syscall.SIGKILL))
	require.Eventually(t, func() bool { return command(t, h, "", "status").status == exitNotRunning }, timeout, 20*time.Millisecond)
	r = command(t, h, "", "start")
	require.Zero(t, r.status, r.progress)
	second, err := daemon.Find(h)
	require.NoError(t, err)
	assert.NotEqual(t, first.PID, second.PID)
	assert.Equal(t, first.Providers, second.Providers)

	r = command(t, h, "", "logs")
	assert.Zero(t, r.status)
	assert.Contains(t, r.out, "ready")

	assert.Zero(t, command(t, h, "", "stop").status)
	assert.Equal(t, exitNotRunning, command(t, h, "", "status").status)
	// The daemon releases the home's lock a moment before its process ends.
	assert.Eventually(t, func() bool {
		return errors.Is(syscall.Kill(second.PID, 0), syscall.ESRCH) || zombie(second.PID)
	}, timeout, 20*time.Millisecond, "the daemon is still there")
}

// rewrite replaces a daemon's record.
func rewrite(t *testing.T, h home.Home, record daemon.Record) {
	t.Helper()
	content, err := json.Marshal(record)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.Record(), content, 0o600))
}

// zombie reports whether a process is a zombie child of this test, and reaps it.
func zombie(pid int) bool {
	var status syscall.WaitStatus
	got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
	return err == nil && got == pid
}

func TestStopEndsADaemonThatHangs(t *testing.T) {
	h := started(t)
	record, err := daemon.Find(h)
	require.NoError(t, err)
	// The control server is unreachable, so stop has to send a signal.
	record.Control = "127.0.0.1:1"
	rewrite(t, h, record)
	r := command(t, h, "", "stop")
	assert.Zero(t, r.status, r.progress)
	holder, err := h.Holder()
	require.NoError(t, err)
	assert.Zero(t, holder)
}

func TestFailedStartShowsWhy(t *testing.T) {
	h := newHome(t)
	require.NoError(t, h.Make())
	require.NoError(t, os.Mkdir(filepath.Join(h.Clusters(), "photos"), 0o700))
	r := command(t, h, "", "start")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.progress, "photos")
	assert.Contains(t, r.progress, h.Log())
	assert.Zero(t, command(t, h, "", "reset", "--yes").status, "what does not start can be removed")
	assert.NoDirExists(t, h.Dir())
}

func TestReset(t *testing.T) {
	foreign := home.Home(t.TempDir())
	require.NoError(t, os.WriteFile(filepath.Join(foreign.Dir(), "cat.jpg"), nil, 0o600))
	for _, arguments := range [][]string{{"reset", "--yes"}, {"reset"}, {"start"}} {
		r := command(t, foreign, "y\n", arguments...)
		assert.Equal(t, 1, r.status, arguments)
		assert.Contains(t, r.progress, foreign.Dir())
		assert.FileExists(t, filepath.Join(foreign.Dir(), "cat.jpg"))
	}

	assert.Zero(t, command(t, newHome(t), "", "reset", "--yes").status, "there is nothing to remove")

	h := started(t)
	for _, answer := range []string{"", "\n", "n\n", "never\n"} {
		r := command(t, h, answer, "reset")
		assert.Equal(t, 1, r.status, "%q", answer)
		assert.Contains(t, r.progress, h.Dir())
		_, err := daemon.Find(h)
		assert.NoError(t, err, "%q", answer)
	}
	assert.Zero(t, command(t, h, "y\n", "reset").status)
	assert.NoDirExists(t, h.Dir())
}

func TestUsage(t *testing.T) {
	for _, arguments := range [][]string{{"start", "--bogus"}, {"bogus"}} {
		r := command(t, newHome(t), "", arguments...)
		assert.Equal(t, exitUsage, r.status, arguments)
		assert.Contains(t, r.progress, "bogus")
		assert.Empty(t, r.out)
	}
	r := command(t, newHome(t), "", "--help")
	assert.Zero(t, r.status)
	for _, name := range []string{"start", "stop", "status", "env", "logs", "reset"} {
		assert.Contains(t, r.out, name)
	}
	for _, hidden := range []string{"kube-apiserver", "etcd "} {
		assert.NotContains(t, strings.SplitAfter(r.out, "Available Commands")[1], hidden)
	}
}
