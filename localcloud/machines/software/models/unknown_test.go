package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

func TestUnknownImagesListenOnTheirPorts(t *testing.T) {
	w := softwaretest.New(t)
	s := w.Place("x", software.Process{Image: softwaretest.Image(t, "example.com/x:1"), Ports: []int{8080}})
	require.True(t, s.Program.Accepts(8080, false))
	require.False(t, s.Program.Accepts(8081, false))
	require.Len(t, s.Logs, 1, "it is said once")
	s.Program.Stop(w.Now)
	w.Pass(time.Second)
	require.Zero(t, s.Program.Exit().Code)
}
