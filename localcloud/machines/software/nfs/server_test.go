package nfs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/nfs"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

func nfsProcess(t *testing.T) software.Process {
	return software.Process{
		Image: softwaretest.Image(t, "registry.k8s.io/sig-storage/nfs-provisioner:v4.0.8"), Args: []string{"-provisioner=x.test/nfs", "-grace-period=15"},
		Env:   map[string]string{"POD_IP": "10.1.0.1", "SERVICE_NAME": "nfs", "POD_NAMESPACE": "files"},
		Files: softwaretest.Disk("/export"),
	}
}

func TestNFSProvisionerNeedsWhatItsSourceSays(t *testing.T) {
	for name, change := range map[string]func(*software.Process){
		"no POD_IP":             func(p *software.Process) { delete(p.Env, "POD_IP") },
		"no SERVICE_NAME":       func(p *software.Process) { delete(p.Env, "SERVICE_NAME") },
		"no POD_NAMESPACE":      func(p *software.Process) { delete(p.Env, "POD_NAMESPACE") },
		"NODE_NAME":             func(p *software.Process) { p.Env["NODE_NAME"] = "n" },
		"server-hostname":       func(p *software.Process) { p.Args = append(p.Args, "-server-hostname=x") },
		"no disk":               func(p *software.Process) { p.Files = softwaretest.Disk("/elsewhere") },
		"a read-only disk":      func(p *software.Process) { p.Files.Mounts[0].ReadOnly = true },
		"a user":                func(p *software.Process) { p.User = 1000 },
		"without SYS_RESOURCE":  func(p *software.Process) { p.Capabilities = softwaretest.Capabilities("DAC_READ_SEARCH") },
		"without DAC_READ_...":  func(p *software.Process) { p.Capabilities = softwaretest.Capabilities("SYS_RESOURCE") },
		"a provisioner unnamed": func(p *software.Process) { p.Args = []string{"-provisioner=x"} },
	} {
		p := nfsProcess(t)
		change(&p)
		exit := softwaretest.New(t).Place("nfs", p).Program.Exit()
		require.NotNil(t, exit, name)
		require.NotZero(t, exit.Code, name)
	}
	w := softwaretest.New(t)
	s := w.Place("nfs", nfsProcess(t))
	w.Pass(2 * time.Second)
	server := nfs.AsServer(s.Program)
	require.Equal(t, "x.test/nfs", server.Provisioner)
	for _, port := range nfs.Ports {
		require.True(t, s.Program.Accepts(port, false), "%d", port)
	}
	require.False(t, server.Exports("/export/pvc-1"))
	path, err := server.Export("pvc-1")
	require.NoError(t, err)
	require.True(t, server.Exports(path))
	server.Unexport("pvc-1")
	require.False(t, server.Exports(path))
}
