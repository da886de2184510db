package software

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADiskOutlivesTheProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "disks", "a")
	disk := func() *Filesystem {
		v := NewVolume(Disk, nil)
		require.NoError(t, v.Keep(dir))
		return &Filesystem{Mounts: []Mount{{Path: "/data", Volume: v}}}
	}
	first := disk()
	require.NoError(t, first.Mkdir("/data/member/wal"))
	require.NoError(t, first.Write("/data/member/wal/log", []byte("1")))
	require.NoError(t, first.Write("/data/member/wal/log", []byte("2")))
	require.NoError(t, first.Write("/data/empty", nil))
	require.NoError(t, first.Mkdir("/data/gone"))
	require.NoError(t, first.Write("/data/gone/file", []byte("x")))
	v, inside, _ := first.Locate("/data/gone")
	v.Remove(inside)

	second := disk()
	content, err := second.Read("/data/member/wal/log")
	require.NoError(t, err)
	require.Equal(t, "2", string(content))
	require.True(t, second.Exists("/data/empty"))
	require.False(t, second.Exists("/data/gone"))
	require.Equal(t, []string{"empty", "member"}, second.Mounts[0].Volume.List(""))
}
