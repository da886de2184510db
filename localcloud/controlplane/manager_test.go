package controlplane_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
)

func keep(t *testing.T, client *kubernetes.Clientset, name string) {
	t.Helper()
	_, err := client.CoreV1().ConfigMaps("default").Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"kept": name}},
		metav1.CreateOptions{})
	require.NoError(t, err)
}

func assertKept(t *testing.T, client *kubernetes.Clientset, name string) {
	t.Helper()
	kept, err := client.CoreV1().ConfigMaps("default").Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, name, kept.Data["kept"])
}

func TestStateAndEndpointOutliveTheManager(t *testing.T) {
	dir, c := t.TempDir(), cluster("one")
	first := open(t, dir)
	before, client := ensure(t, first, c)
	keep(t, client, "before")
	processes := pids(t, first, c.ID)
	require.Len(t, processes, 4)
	require.NoError(t, first.Close())
	for name, pid := range processes {
		assert.False(t, exists(pid), "%s still runs after Close", name)
	}
	_, err := first.Ensure(t.Context(), c)
	assert.Error(t, err, "a closed manager starts nothing")

	second := open(t, dir)
	assert.Empty(t, pids(t, second, c.ID), "Open starts nothing")
	after, client := ensure(t, second, c)
	assert.Equal(t, before, after)
	assertKept(t, client, "before")
}

// When the daemon is killed, for example by the OOM killer, its components end and no state is lost.
func TestStateOutlivesAKill(t *testing.T) {
	dir, c := t.TempDir(), cluster("one")
	owner := startOwner(t, dir)
	children := childrenOf(t, owner.Process.Pid)
	require.Len(t, children, 4)
	config := operatorConfig(t, dir)
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	keep(t, client, "before")

	require.NoError(t, owner.Process.Kill())
	_ = owner.Wait()
	assert.Eventually(t, func() bool {
		for _, pid := range children {
			if exists(pid) {
				return false
			}
		}
		return true
	}, patience, 10*time.Millisecond, "components outlive their daemon")

	next := open(t, dir)
	access, client := ensure(t, next, c)
	assert.Equal(t, config.Host, "https://"+access.Endpoint)
	assertKept(t, client, "before")
}

func TestComponentsAreStartedAgain(t *testing.T) {
	m, c := open(t, t.TempDir()), cluster("one")
	_, client := ensure(t, m, c)
	keep(t, client, "before")
	for _, name := range []string{
		controlplane.Scheduler, controlplane.ControllerManager, controlplane.APIServer, controlplane.Etcd,
	} {
		before := pids(t, m, c.ID)[name]
		require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
		require.Eventually(t, func() bool {
			now := pids(t, m, c.ID)[name]
			return now != 0 && now != before
		}, patience, 20*time.Millisecond, "%s does not come back", name)
	}
	require.Eventually(t, func() bool { return m.Status(t.Context())[0].Ready }, patience, 50*time.Millisecond)
	assertKept(t, client, "before")
	for _, component := range m.Status(t.Context())[0].Components {
		assert.NotZero(t, component.Restarts, component.Name)
		assert.NotEmpty(t, component.LastExit, component.Name)
	}
	// The controllers work as before: a namespace gets its service account.
	_, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "after"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := client.CoreV1().ServiceAccounts("after").Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	}, patience, 50*time.Millisecond)
}

func TestClustersAreApart(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	names := []string{"one", "two", "three"}
	accesses := make([]cloud.Access, len(names))
	began := time.Now()
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Add(1)
		go func() {
			defer wait.Done()
			var err error
			accesses[i], err = m.Ensure(t.Context(), cluster(name))
			assert.NoError(t, err)
		}()
	}
	wait.Wait()
	t.Logf("three control planes in %s", time.Since(began))
	require.False(t, t.Failed())
	assert.NotEqual(t, accesses[0].Endpoint, accesses[1].Endpoint)
	assert.NotEqual(t, accesses[0].CACertificate, accesses[1].CACertificate)

	token := func(i int) string {
		token, err := controlplane.Token(dir, "https://"+accesses[i].Endpoint)
		require.NoError(t, err)
		return token
	}
	assert.NotEqual(t, token(0), token(1))
	ask := func(server, credential int) error {
		client, err := kubernetes.NewForConfig(&rest.Config{
			Host: "https://" + accesses[server].Endpoint, BearerToken: token(credential),
			TLSClientConfig: rest.TLSClientConfig{CAData: accesses[server].CACertificate},
		})
		require.NoError(t, err)
		_, err = client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
		return err
	}
	assert.NoError(t, ask(0, 0))
	assert.True(t, apierrors.IsUnauthorized(ask(0, 1)), "one cluster's token opens another")

	// Deleting one leaves the others.
	gone := pids(t, m, cluster("two").ID)
	require.NoError(t, m.Delete(t.Context(), cluster("two").ID))
	assert.NoError(t, ask(0, 0))
	for name, pid := range gone {
		assert.False(t, exists(pid), "%s of the deleted cluster runs", name)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "a deleted cluster leaves files")
	_, err = m.Config(cluster("two").ID)
	assert.ErrorContains(t, err, "two")
	_, err = controlplane.Token(dir, "https://"+accesses[1].Endpoint)
	assert.ErrorIs(t, err, controlplane.ErrNoCluster)
	assert.NoError(t, m.Delete(t.Context(), cluster("two").ID), "what does not exist is deleted already")
	assert.Len(t, m.Status(t.Context()), 2)
}

func TestEnsureIsIdempotent(t *testing.T) {
	m, c := open(t, t.TempDir()), cluster("one")
	var wait sync.WaitGroup
	for range 3 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			_, err := m.Ensure(t.Context(), c)
			assert.NoError(t, err)
		}()
	}
	wait.Wait()
	before := pids(t, m, c.ID)
	require.Len(t, before, 4)
	first, _ := ensure(t, m, c)
	second, _ := ensure(t, m, c)
	assert.Equal(t, first, second)
	assert.Equal(t, before, pids(t, m, c.ID))

	changed := c
	changed.DNSDomain = "other.test"
	_, err := m.Ensure(t.Context(), changed)
	assert.ErrorContains(t, err, "other.test")
}

// The error itself contains the cause, not only a log.
func TestFailureShowsTheLog(t *testing.T) {
	dir, c := t.TempDir(), cluster("one")
	m := open(t, dir)
	ensure(t, m, c)
	config, err := m.Config(c.ID)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	server := strings.TrimPrefix(config.Host, "https://")
	listener, err := net.Listen("tcp", server)
	require.NoError(t, err)
	defer listener.Close()

	again := open(t, dir)
	_, err = again.Ensure(t.Context(), c)
	require.Error(t, err)
	_, port, _ := net.SplitHostPort(server)
	for _, part := range []string{c.ID, controlplane.APIServer, port, "address already in use"} {
		assert.ErrorContains(t, err, part)
	}
	assert.Empty(t, pids(t, again, c.ID), "a control plane that did not start must not go on trying")

	require.NoError(t, listener.Close())
	ensure(t, again, c)
}

func TestInterruptedStartLeavesNothingRunning(t *testing.T) {
	m, c := open(t, t.TempDir()), cluster("one")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := m.Ensure(ctx, c)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, pids(t, m, c.ID))

	// Close does not wait for a start that is under way.
	ended := make(chan error, 1)
	go func() { _, err := m.Ensure(context.Background(), c); ended <- err }()
	require.Eventually(t, func() bool { return len(pids(t, m, c.ID)) > 0 }, patience, time.Millisecond)
	require.NoError(t, m.Close())
	assert.Error(t, <-ended)
	assert.Empty(t, pids(t, m, c.ID))
}

func TestBadClustersAreRefused(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	for name, change := range map[string]func(*cloud.Cluster){
		"path": func(c *cloud.Cluster) {
			c.Name = "../up"
			c.ID = "projects/test-project/locations/europe-west1-b/clusters/../up"
		},
		"no name":     func(c *cloud.Cluster) { c.Name = "" },
		"other ID":    func(c *cloud.Cluster) { c.ID += "x" },
		"underscore":  func(c *cloud.Cluster) { c.Location = "a_b" },
		"no services": func(c *cloud.Cluster) { c.ServiceRange = netip.Prefix{} },
		"one service": func(c *cloud.Cluster) { c.ServiceRange = netip.MustParsePrefix("10.8.0.0/32") },
	} {
		c := cluster("bad")
		change(&c)
		_, err := m.Ensure(t.Context(), c)
		assert.Error(t, err, name)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestForeignDirectoryIsNamed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "photos"), 0o700))
	_, err := controlplane.Open(controlplane.Options{Dir: dir})
	assert.ErrorContains(t, err, "photos")
}

// operatorConfig returns the operator's configuration of the only cluster in a directory, whichever process runs it.
func operatorConfig(t *testing.T, dir string) *rest.Config {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "cluster.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	content, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var settings struct {
		Port int `json:"port"`
	}
	require.NoError(t, json.Unmarshal(content, &settings))
	server := fmt.Sprintf("https://127.0.0.1:%d", settings.Port)
	token, err := controlplane.Token(dir, server)
	require.NoError(t, err)
	return &rest.Config{
		Host: server, BearerToken: token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(filepath.Dir(files[0]), "pki", "ca.crt")},
	}
}

// childrenOf returns the processes that a process started.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/status")
	require.NoError(t, err)
	if len(all) == 0 {
		t.Skip("needs procfs")
	}
	var children []int
	for _, path := range all {
		status, err := os.ReadFile(path)
		if err != nil {
			continue // It has just ended.
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		require.NoError(t, err)
		if strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", parent)) {
			children = append(children, pid)
		}
	}
	return children
}
