package software

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImages(t *testing.T) {
	image := func(name string) Image {
		i, err := ParseImage(name)
		require.NoError(t, err)
		return i
	}
	for name, want := range map[string]Image{
		"wordpress:7.1.0": {"docker.io/library/wordpress:7.1.0", "docker.io", "wordpress", "7.1.0"},
		"pingcap/pd":      {"docker.io/pingcap/pd:latest", "docker.io", "pingcap/pd", "latest"},
		"europe-docker.pkg.dev/p/mirror/pingcap/pd:v8.5.7": {"europe-docker.pkg.dev/p/mirror/pingcap/pd:v8.5.7", "europe-docker.pkg.dev", "p/mirror/pingcap/pd", "v8.5.7"},
	} {
		require.Equal(t, want, image(name))
	}
	mirrored, known := image("europe-docker.pkg.dev/p/mirror/pingcap/pd:v8.5.7").Defaults()
	require.True(t, known, "a mirror holds the same software")
	require.Equal(t, []string{"/pd-server"}, mirrored.Entrypoint)
	require.True(t, image("gcr.io/x/y:1").Google())
	require.False(t, image("registry.k8s.io/pause:3.10").Google())
	_, err := ParseImage("Not An Image")
	require.Error(t, err)
}
