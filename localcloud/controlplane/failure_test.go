package controlplane_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"geo-wordpress/localcloud/controlplane"
)

// A failed control plane is unreachable, stays so on Ensure, keeps its state, and can be deleted.
func TestFailAndHeal(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	m, err := controlplane.Open(controlplane.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	c := cluster("one")
	_, err = m.Ensure(ctx, c)
	require.NoError(t, err)
	config, err := m.Config(c.ID)
	require.NoError(t, err)
	config.Timeout = 5 * time.Second
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	before, err := client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
	require.NoError(t, err)

	require.NoError(t, m.Fail(c.ID))
	_, err = client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
	assert.Error(t, err, "the API answers")
	_, err = m.Ensure(ctx, c)
	assert.ErrorContains(t, err, "localcloud heal")
	status := m.Status(ctx)
	require.Len(t, status, 1)
	assert.False(t, status[0].Ready)
	assert.Contains(t, status[0].Problem, "localcloud heal")

	require.NoError(t, m.Heal(ctx, c.ID))
	after, err := client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, before.UID, after.UID, "the state was lost")

	require.NoError(t, m.Fail(c.ID))
	require.NoError(t, m.Delete(ctx, c.ID))
	assert.Empty(t, m.Status(ctx))
	assert.ErrorContains(t, m.Fail(c.ID), "no control plane")
}
