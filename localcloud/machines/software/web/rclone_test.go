package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// rclone serves a directory until it is stopped.
func TestRcloneServes(t *testing.T) {
	w := softwaretest.New(t)
	start := func(args ...string) *softwaretest.Host {
		return w.Place("files", software.Process{
			Image:   softwaretest.Image(t, "docker.io/rclone/rclone:1.71.2"),
			Command: []string{"rclone", "serve", "http"},
			Args:    args,
			Files:   softwaretest.Disk("/metrics"),
		})
	}
	for wrong, args := range map[string][]string{
		"addr":      {"--addr=8082", "--dir-cache-time=0s", "/metrics"},
		"option":    {"--addr=:8082", "--dir-cache-time=0s", "--read-only", "/metrics"},
		"directory": {"--addr=:8082", "--dir-cache-time=0s", "/elsewhere"},
		"keeps":     {"--addr=:8082", "/metrics"}, // it would serve old files
	} {
		host := start(args...)
		require.Equal(t, 1, w.WaitExit(host), "%v", args)
		require.Contains(t, host.Logs[len(host.Logs)-1], wrong)
	}
	host := start("--addr=:8082", "--config=", "--dir-cache-time=0s", "/metrics")
	require.False(t, host.Program.Accepts(8082, false), "before it has started")
	w.Pass(time.Second)
	require.True(t, host.Program.Accepts(8082, false))
	ask := func() software.Response {
		return host.Program.Answer(8082, software.Request{Path: "/metrics"}, nil)
	}
	require.Equal(t, 404, ask().Status)
	require.NoError(t, host.Process.Files.Write("/metrics/metrics", []byte("up 1\n")))
	require.Equal(t, "up 1\n", ask().Body)
	host.Program.Stop(w.Now)
	require.Equal(t, 143, w.WaitExit(host))
}
