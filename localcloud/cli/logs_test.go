package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type safeBuffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.String()
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func TestLogsOfComponents(t *testing.T) {
	h := newHome(t)
	require.NoError(t, h.Make())
	for _, name := range []string{"p_l_one", "p_l_two"} {
		dir := filepath.Join(h.Clusters(), name, "log")
		require.NoError(t, os.MkdirAll(dir, 0o700))
		appendTo(t, filepath.Join(dir, "etcd.log"), "first of "+name+"\nlast of "+name+"\n")
	}
	r := command(t, h, "", "logs", "etcd")
	assert.Equal(t, "one: first of p_l_one\none: last of p_l_one\ntwo: first of p_l_two\ntwo: last of p_l_two\n", r.out)
	r = command(t, h, "", "logs", "two/etcd", "-n", "1")
	assert.Equal(t, "last of p_l_two\n", r.out)
	r = command(t, h, "", "logs", "etcd", "-n", "0")
	assert.Empty(t, r.out)
	r = command(t, h, "", "logs", "etc")
	assert.Equal(t, 1, r.status)
	for _, part := range []string{`"etc"`, "one/etcd", "etcd", daemonLog} {
		assert.Contains(t, r.progress, part)
	}
	r = command(t, h, "", "logs")
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.progress, "has run here")
}

func TestLogsAreFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	appendTo(t, path, "before\n")
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := new(safeBuffer), make(chan error, 1)
	go func() { ended <- show(ctx, out, []*logFile{{path: path}}, 10, true) }()
	see := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(out.String(), text) }, timeout, 10*time.Millisecond)
	}
	see("before\n")
	appendTo(t, path, "half")
	appendTo(t, path, " a line\n")
	see("half a line\n")
	// Rotate the log.
	require.NoError(t, os.Rename(path, path+".1"))
	appendTo(t, path, "new\n")
	see("new\n")
	cancel()
	require.NoError(t, <-ended)
	assert.Equal(t, "before\nhalf a line\nnew\n", out.String())
}
