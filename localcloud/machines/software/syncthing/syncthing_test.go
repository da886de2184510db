package syncthing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/shell"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

const syncConfig = `<configuration version="36">
<folder id="f" path="/data"></folder>
<device id="AAAAAAA-B"><address>tcp://peer:22000</address></device>
<gui><address>0.0.0.0:9999</address></gui>
<options><listenAddress>tcp://0.0.0.0:22000</listenAddress></options></configuration>`

func syncthingProcess(t *testing.T, home *software.Volume) software.Process {
	files := softwaretest.Disk("/data")
	files.Mounts = append(files.Mounts, software.Mount{Path: "/home/sync", Volume: home})
	return software.Process{
		Image: softwaretest.Image(t, "syncthing/syncthing:2.1.2"), Command: []string{"/bin/syncthing"}, Args: []string{"serve", "--config=/home/sync"},
		Env: map[string]string{"STGUIADDRESS": "127.0.0.1:8384"}, Files: files, User: 33,
	}
}

func TestSyncthing(t *testing.T) {
	w := softwaretest.New(t)
	home := func() *software.Volume {
		return software.NewVolume(software.Empty, map[string][]byte{"config.xml": []byte(syncConfig)})
	}
	s := w.Place("self", syncthingProcess(t, home()))
	peer := w.Place("peer", syncthingProcess(t, home()))
	w.Pass(3 * time.Second)
	require.Nil(t, s.Program.Exit())
	require.True(t, s.Program.Accepts(22000, false))
	require.False(t, s.Program.Accepts(8384, false), "the environment keeps the GUI to the pod")
	probe := []string{"curl", "-fsS", "-m", "2", "http://127.0.0.1:8384/rest/noauth/health"}
	require.Zero(t, shell.Probe(s.Process, probe, w.View(s)))
	require.Equal(t, software.State{Kind: "syncthing", Word: "1 of 1 peers", Peers: []string{"peer"}}, s.Program.State())
	peer.Program = nil
	w.Pass(time.Second)
	require.Empty(t, s.Program.State().Peers)
	require.NotZero(t, shell.Probe(s.Process, []string{"curl", "-fsS", "http://127.0.0.1:9999/rest/noauth/health"}, w.View(s)))

	p := syncthingProcess(t, home())
	p.Env = nil // the image's own environment
	s = w.Place("open", p)
	w.Pass(3 * time.Second)
	require.True(t, s.Program.Accepts(8384, false), "the image's own environment opens the GUI to all")
	p = syncthingProcess(t, home())
	p.Args = []string{"serve", "--home=/var/syncthing"}
	require.NotNil(t, w.Place("homeless", p).Program.Exit(), "user 33 cannot write to the image's home")
	p = syncthingProcess(t, software.NewVolume(software.Empty, map[string][]byte{"config.xml": []byte("<configuration")}))
	require.NotNil(t, w.Place("broken", p).Program.Exit())
}
