package controlplane_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/controlplane/components"
)

func TestMain(m *testing.M) {
	components.Run(os.Args[1:])
	os.Exit(m.Run())
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

func open(t *testing.T, dir string) *controlplane.Manager {
	t.Helper()
	m, err := controlplane.Open(controlplane.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
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

func TestControlPlaneStarts(t *testing.T) {
	m := open(t, t.TempDir())
	began := time.Now()
	_, client := ensure(t, m, cluster("one"))
	t.Log("ready in", time.Since(began))
	_, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Logf("%+v", m.Status(context.Background()))
	began = time.Now()
	require.NoError(t, m.Close())
	t.Log("closed in", time.Since(began))
}
