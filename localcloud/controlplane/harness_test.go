package controlplane_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/controlplane/components"
)

// patience is the timeout for anything on a busy machine.
const patience = 2 * time.Minute

// ownerEnv makes the test program run a cluster's control plane until it is killed.
const ownerEnv = "CONTROLPLANE_TEST_OWNER"

func TestMain(m *testing.M) {
	components.Run(os.Args[1:])
	if dir := os.Getenv(ownerEnv); dir != "" {
		own(dir)
	}
	os.Exit(m.Run())
}

func own(dir string) {
	m, err := controlplane.Open(controlplane.Options{Dir: dir})
	if err == nil {
		_, err = m.Ensure(context.Background(), cluster("one"))
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

// startOwner starts a process that runs the control plane of the cluster "one", and waits until it is ready.
func startOwner(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerEnv+"="+dir)
	owner.Stderr = os.Stderr
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	t.Cleanup(func() {
		_ = owner.Process.Kill()
		_ = owner.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready", strings.TrimSpace(line))
	return owner
}

func cluster(name string) cloud.Cluster {
	const project, location = "test-project", "europe-west1-b"
	return cloud.Cluster{
		ID:      fmt.Sprintf("projects/%s/locations/%s/clusters/%s", project, location, name),
		Project: project, Location: location, Name: name,
		Network:      "projects/test-project/global/networks/n",
		DNSDomain:    name + ".test",
		NodeRange:    netip.MustParsePrefix("10.0.0.0/22"),
		PodRange:     netip.MustParsePrefix("10.4.0.0/14"),
		ServiceRange: netip.MustParsePrefix("10.8.0.0/20"),
	}
}

// testLog writes to a test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

func open(t *testing.T, dir string) *controlplane.Manager {
	t.Helper()
	m, err := controlplane.Open(controlplane.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(testLog{t}, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func ensure(t *testing.T, m *controlplane.Manager, c cloud.Cluster) (cloud.Access, *kubernetes.Clientset) {
	t.Helper()
	access, err := m.Ensure(t.Context(), c)
	require.NoError(t, err)
	config, err := m.Config(c.ID)
	require.NoError(t, err)
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return access, client
}

// pids returns the processes of a cluster's components, by their names.
func pids(t *testing.T, m *controlplane.Manager, id string) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, s := range m.Status(t.Context()) {
		if s.Cluster.ID == id {
			for _, c := range s.Components {
				found[c.Name] = c.PID
			}
		}
	}
	return found
}

func exists(pid int) bool { return syscall.Kill(pid, 0) == nil }
