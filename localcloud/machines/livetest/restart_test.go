package livetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"geo-wordpress/localcloud/cloud"
)

// The simulator restarts; the machines and their containers keep running.
func TestMachinesOutliveTheSimulator(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "restart")
	handle := r.diskClaim(t, ns, "data")
	c := server(8080)
	c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	r.deployment(t, ns, "web", 1, corev1.PodSpec{
		Volumes: []corev1.Volume{volumeFromClaim("data", "data")},
		InitContainers: []corev1.Container{{
			Name: "init", Image: "busybox:1.37.0", Command: []string{"sh", "-c", "echo x > /data/x"},
			VolumeMounts: c.VolumeMounts,
		}},
		Containers: []corev1.Container{c},
	})
	before := r.ready(t, ns, "app=web", 1)[0]
	nodes := world.simulator.Instances(r.pool.ID)
	collecting := r.Cluster
	collecting.ManagedCollection = true
	require.NoError(t, world.simulator.AddCluster(t.Context(), collecting, r.config))
	require.Equal(t, nodes, world.simulator.Instances(r.pool.ID), "an update of the control plane keeps the machines")
	// Pending reports must be written before the process ends.
	time.Sleep(time.Second)

	world.simulator.Close()
	world.simulator = newSimulator()
	for _, r := range world.regions {
		require.NoError(t, world.simulator.AddCluster(t.Context(), r.Cluster, r.config))
		require.NoError(t, world.simulator.EnsureNodePool(t.Context(), r.pool))
	}
	require.Equal(t, nodes, world.simulator.Instances(r.pool.ID))
	require.Equal(t, before.Spec.NodeName, world.facts.holder(handle))
	time.Sleep(2 * time.Second)
	after := r.ready(t, ns, "app=web", 1)[0]
	require.Equal(t, before.UID, after.UID)
	require.Equal(t, before.Status.PodIP, after.Status.PodIP)
	require.Equal(t, before.Status.StartTime, after.Status.StartTime)
	was, is := before.Status.ContainerStatuses[0], after.Status.ContainerStatuses[0]
	require.Equal(t, was.State.Running.StartedAt, is.State.Running.StartedAt)
	require.Equal(t, was.ContainerID, is.ContainerID)
	require.Zero(t, is.RestartCount)
	require.Empty(t, r.warnings(t, ns))

	// The container still stops like any other.
	require.NoError(t, r.client.AppsV1().Deployments(ns).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	eventually(t, "the disk is detached", func() (bool, error) { return world.facts.holder(handle) == "", nil })
}

// A pool belongs to Compute Engine: it can be deleted when the cluster's API server is gone.
func TestAPoolGoesWithoutTheAPI(t *testing.T) {
	i := len(world.regions)
	r := newRegion(i, "gone")
	require.NoError(t, r.start(t.Context()))
	require.Len(t, world.simulator.Instances(r.pool.ID), 2)
	require.NoError(t, world.planes.Delete(t.Context(), r.ID))
	require.NoError(t, world.simulator.DeleteNodePool(t.Context(), r.pool.ID))
	require.Empty(t, world.simulator.Instances(r.pool.ID))
	require.NoError(t, world.simulator.DeleteNodePool(t.Context(), r.pool.ID), "twice is no error")
	world.simulator.RemoveCluster(r.ID)
	world.simulator.RemoveCluster(r.ID)
	require.Error(t, world.simulator.EnsureNodePool(t.Context(), r.pool), "its cluster is not known any more")
}

func TestADeletedPoolLeavesNothing(t *testing.T) {
	r := world.regions[1]
	second := r.pool
	second.ID, second.Name, second.Count = r.ID+"/nodePools/second", "second", 1
	second.InstanceGroup = "gke-b-second-99999999-grp"
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), second))
	names := world.simulator.Instances(second.ID)
	require.Len(t, names, 1)
	require.NoError(t, world.simulator.DeleteNodePool(t.Context(), second.ID))
	_, err := r.client.CoreV1().Nodes().Get(t.Context(), names[0], metav1.GetOptions{})
	require.Error(t, err)
	eventually(t, "no pod is left on it", func() (bool, error) {
		list, err := r.client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.nodeName=" + names[0]})
		return err == nil && len(list.Items) == 0, err
	})
}

func TestBadPoolsAreRefused(t *testing.T) {
	r := world.regions[0]
	for name, change := range map[string]func(*cloud.NodePool){
		"machine type":    func(p *cloud.NodePool) { p.MachineType = "e2-standard-3" },
		"unknown cluster": func(p *cloud.NodePool) { p.Cluster = "projects/x/locations/y/clusters/z" },
	} {
		pool := r.pool
		pool.ID += "-bad"
		change(&pool)
		require.Error(t, world.simulator.EnsureNodePool(t.Context(), pool), name)
		require.Empty(t, world.simulator.Instances(pool.ID), name)
	}
}
