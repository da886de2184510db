package controlplane

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// orphan starts an unsupervised process and writes its record.
func orphan(t *testing.T, dir string, change func(*identity)) (*exec.Cmd, string) {
	t.Helper()
	command := exec.Command("sleep", "600")
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	started, err := startOf(command.Process.Pid)
	require.NoError(t, err)
	id := identity{PID: command.Process.Pid, Started: started}
	change(&id)
	content, err := json.Marshal(id)
	require.NoError(t, err)
	file := filepath.Join(dir, "etcd.pid")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	go func() { _ = command.Wait() }()
	return command, file
}

func TestOrphansAreEnded(t *testing.T) {
	dir := t.TempDir()
	command, file := orphan(t, dir, func(*identity) {})
	require.NoError(t, killRecorded(dir))
	_, err := startOf(command.Process.Pid)
	assert.Error(t, err, "the orphan lives")
	assert.NoFileExists(t, file)
}

// A PID that the system has reused belongs to a stranger.
func TestStrangersAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	command, file := orphan(t, dir, func(id *identity) { id.Started += "0" })
	require.NoError(t, killRecorded(dir))
	_, err := startOf(command.Process.Pid)
	assert.NoError(t, err, "a stranger was killed")
	assert.NoFileExists(t, file)
}

func TestBrokenRecordsAreDropped(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.pid": "", "b.pid": `{"pid":-1,"started":"x"}`, "c.pid": `{"pid":`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	require.NoError(t, killRecorded(dir))
	files, err := filepath.Glob(filepath.Join(dir, "*.pid"))
	require.NoError(t, err)
	assert.Empty(t, files)
}
