package home

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// holdEnv makes the test program hold a home's lock until its standard input ends.
const holdEnv = "HOME_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		if _, err := Home(dir).Lock(); err != nil {
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString("locked\n")
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	require.NoError(t, err)
	for name, c := range map[string]struct{ flag, env, want string }{
		"default":     {"", "", filepath.Join(here, ".localcloud")},
		"environment": {"", "/srv/cloud", "/srv/cloud"},
		"flag":        {"mine", "/srv/cloud", filepath.Join(here, "mine")},
	} {
		t.Setenv(Env, c.env)
		h, err := Find(c.flag)
		require.NoError(t, err)
		assert.Equal(t, c.want, h.Dir(), name)
	}
}

func TestMakeIsForItsOwnerAlone(t *testing.T) {
	h := Home(filepath.Join(t.TempDir(), "a", "home"))
	exists, err := h.Exists()
	require.NoError(t, err)
	assert.False(t, exists)
	require.NoError(t, h.Make())
	require.NoError(t, h.Make(), "twice is fine")
	exists, err = h.Exists()
	require.NoError(t, err)
	assert.True(t, exists)
	require.NoError(t, filepath.Walk(h.Dir(), func(path string, info os.FileInfo, err error) error {
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

func TestForeignDirectoriesAreLeftAlone(t *testing.T) {
	for name, content := range map[string]map[string]string{
		"photos":               {"cat.jpg": "meow"},
		"another marker":       {marker: "something else"},
		"looks a bit like one": {"daemon.json": "{}", "clusters/x": ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := Home(t.TempDir())
			for file, text := range content {
				require.NoError(t, os.MkdirAll(filepath.Dir(h.join(file)), 0o700))
				require.NoError(t, os.WriteFile(h.join(file), []byte(text), 0o600))
			}
			assert.ErrorContains(t, h.Make(), h.Dir())
			assert.ErrorContains(t, h.Remove(), h.Dir())
			for file, text := range content {
				kept, err := os.ReadFile(h.join(file))
				require.NoError(t, err)
				assert.Equal(t, text, string(kept))
			}
		})
	}
	file := Home(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, os.WriteFile(file.Dir(), []byte("x"), 0o600))
	assert.Error(t, file.Make())
	assert.Error(t, file.Remove())
	assert.FileExists(t, file.Dir())
}

func TestRemove(t *testing.T) {
	h := Home(filepath.Join(t.TempDir(), "home"))
	require.NoError(t, h.Remove(), "what is not there is removed")
	require.NoError(t, h.Make())
	require.NoError(t, os.WriteFile(filepath.Join(h.Backend(), "stack.json"), nil, 0o600))
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, nil, 0o600))
	require.NoError(t, os.Symlink(filepath.Dir(outside), h.join("link")))
	require.NoError(t, h.Remove())
	assert.NoDirExists(t, h.Dir())
	assert.FileExists(t, outside, "what a link in it leads to is not in it")
}

func TestRemoveThroughALink(t *testing.T) {
	real := Home(filepath.Join(t.TempDir(), "home"))
	require.NoError(t, real.Make())
	link := Home(filepath.Join(t.TempDir(), "link"))
	require.NoError(t, os.Symlink(real.Dir(), link.Dir()))
	require.NoError(t, link.Remove())
	assert.NoDirExists(t, real.Dir())
	_, err := os.Lstat(link.Dir())
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestLock(t *testing.T) {
	h := Home(filepath.Join(t.TempDir(), "home"))
	holder, err := h.Holder()
	require.NoError(t, err)
	assert.Zero(t, holder)
	require.NoError(t, h.Make())

	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), holdEnv+"="+h.Dir())
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	_, err = other.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "locked", strings.TrimSpace(line))

	holder, err = h.Holder()
	require.NoError(t, err)
	assert.Equal(t, other.Process.Pid, holder)
	_, err = h.Lock()
	assert.ErrorIs(t, err, ErrLocked)

	require.NoError(t, other.Process.Kill())
	_ = other.Wait()
	holder, err = h.Holder()
	require.NoError(t, err)
	assert.Zero(t, holder, "the lock of a process that was killed is free")
	lock, err := h.Lock()
	require.NoError(t, err)
	content, err := os.ReadFile(h.join("lock"))
	require.NoError(t, err)
	assert.Equal(t, strconv.Itoa(os.Getpid()), string(content))
	require.NoError(t, lock.Release())
}
