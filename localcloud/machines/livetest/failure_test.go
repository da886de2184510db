package livetest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines"
)

// remembering is a pod that marks its disk and a directory on its machine. If a mark exists when it starts, it calls a
// command that does not exist, which the machines log.
func remembering(node string) corev1.PodSpec {
	c := server(8080)
	mounts := []corev1.VolumeMount{{Name: "data", MountPath: "/data"}, {Name: "scratch", MountPath: "/scratch"}}
	c.VolumeMounts = mounts
	first := script(`for place in data scratch; do if [ -e /$place/here ]; then $place-was-here || true; fi; touch /$place/here; done`)
	first.Name, first.VolumeMounts = "first", mounts
	return corev1.PodSpec{
		NodeSelector: map[string]string{corev1.LabelHostname: node},
		Volumes: []corev1.Volume{
			volumeFromClaim("data", "data"),
			{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		},
		InitContainers: []corev1.Container{first},
		Containers:     []corev1.Container{c},
	}
}

// found returns the log of a remembering pod.
func (r *region) found(t *testing.T, pod corev1.Pod) string {
	t.Helper()
	text, err := os.ReadFile(world.dir + "/logs/" + strings.ReplaceAll(r.ID, "/", "_") + "/" + pod.Namespace + "_" + pod.Name + "_first.log")
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return string(text)
}

// rebooted checks that a pod was restarted in place, as after a reboot of its machine, and kept its data.
func (r *region) rebooted(t *testing.T, before corev1.Pod) {
	t.Helper()
	var after *corev1.Pod
	eventually(t, "the pod is started again", func() (bool, error) {
		var err error
		after, err = r.client.CoreV1().Pods(before.Namespace).Get(t.Context(), before.Name, metav1.GetOptions{})
		return err == nil && isReady(after) && after.Status.ContainerStatuses[0].RestartCount == 1, err
	})
	require.Equal(t, before.UID, after.UID)
	require.Equal(t, before.Spec.NodeName, after.Spec.NodeName)
	require.EqualValues(t, 1, after.Status.InitContainerStatuses[0].RestartCount, "its sandbox is new, so it begins from the start")
	last := after.Status.ContainerStatuses[0].LastTerminationState.Terminated
	require.NotNil(t, last)
	require.EqualValues(t, 255, last.ExitCode)
	r.event(t, before.Namespace, "SandboxChanged")
}

// forgetSystemEvents deletes the events of the cluster's own pods after a loss: other tests expect no warnings.
func (r *region) forgetSystemEvents(t *testing.T) {
	err := r.client.CoreV1().Events(metav1.NamespaceSystem).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
	require.NoError(t, err)
}

func (r *region) nodeCondition(t *testing.T, name string) corev1.ConditionStatus {
	node, err := r.client.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		return ""
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status
		}
	}
	return ""
}

// A machine is lost: the real node-lifecycle controller sees its lease expire, and evicts the pods that do not tolerate
// that. When it is back, the evicted pods are removed, and the others restart on their disks.
func TestALostMachine(t *testing.T) {
	r := world.regions[1]
	defer r.forgetSystemEvents(t)
	ns := r.namespace(t, "lost-machine")
	lost := world.simulator.Instances(r.pool.ID)[0]
	handle := r.diskClaim(t, ns, "data")
	r.deployment(t, ns, "keeps", 1, remembering(lost))
	impatient := corev1.PodSpec{Containers: []corev1.Container{server(8080)}}
	for _, key := range []string{corev1.TaintNodeUnreachable, corev1.TaintNodeNotReady} {
		impatient.Tolerations = append(impatient.Tolerations, corev1.Toleration{
			Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](1),
		})
	}
	impatient.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 100, Preference: corev1.NodeSelectorTerm{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{lost}}},
		}}},
	}}
	r.deployment(t, ns, "leaves", 1, impatient)
	keeps := r.ready(t, ns, "app=keeps", 1)[0]
	leaves := r.ready(t, ns, "app=leaves", 1)[0]
	require.Equal(t, lost, leaves.Spec.NodeName)
	require.NotContains(t, r.found(t, keeps), "was-here")

	world.simulator.SetFailures(cloud.Failures{Nodes: []string{lost}})
	defer world.simulator.SetFailures(cloud.Failures{})
	for _, m := range machinesNow() {
		require.Equal(t, m.Name != lost, m.Power == "on", m.Name)
	}
	require.Equal(t, corev1.ConditionTrue, r.nodeCondition(t, lost), "nobody has noticed yet: it says nothing of its own end")
	eventually(t, "the node is unknown", func() (bool, error) { return r.nodeCondition(t, lost) == corev1.ConditionUnknown, nil })
	eventually(t, "the pod that does not tolerate it is replaced elsewhere", func() (bool, error) {
		list, err := r.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=leaves"})
		if err != nil {
			return false, err
		}
		for _, pod := range list.Items {
			if pod.Spec.NodeName != lost && isReady(&pod) {
				return true, nil
			}
		}
		return false, nil
	})
	old, err := r.client.CoreV1().Pods(ns).Get(t.Context(), leaves.Name, metav1.GetOptions{})
	require.NoError(t, err, "without its kubelet nobody removes it")
	require.NotNil(t, old.DeletionTimestamp)
	now, err := r.client.CoreV1().Pods(ns).Get(t.Context(), keeps.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Nil(t, now.DeletionTimestamp, "five minutes are tolerated by default")
	require.False(t, isReady(now))
	require.Equal(t, lost, world.facts.holder(handle), "the disk stays with its machine")

	world.simulator.SetFailures(cloud.Failures{})
	eventually(t, "the node is ready again", func() (bool, error) { return r.nodeCondition(t, lost) == corev1.ConditionTrue, nil })
	r.rebooted(t, keeps)
	text := r.found(t, keeps)
	require.Contains(t, text, "data-was-here")
	require.Contains(t, text, "scratch-was-here")
	eventually(t, "what was evicted is removed", func() (bool, error) {
		_, err := r.client.CoreV1().Pods(ns).Get(t.Context(), leaves.Name, metav1.GetOptions{})
		return err != nil, nil
	})
	require.Equal(t, lost, world.facts.holder(handle))
	r.event(t, metav1.NamespaceDefault, "Rebooted", lost)
}

// A region is lost, both control plane and machines. Other regions continue. When it is back, everything restarts by
// itself, although the local cloud was restarted in between.
func TestALostRegion(t *testing.T) {
	r, other := world.regions[0], world.regions[1]
	defer r.forgetSystemEvents(t)
	ns := r.namespace(t, "lost-region")
	handle := r.diskClaim(t, ns, "data")
	r.deployment(t, ns, "keeps", 1, remembering(world.simulator.Instances(r.pool.ID)[0]))
	before := r.ready(t, ns, "app=keeps", 1)[0]
	attachments := r.attachmentNames(t)
	require.NotEmpty(t, attachments)

	failures := cloud.Failures{Regions: []string{googlecloud.RegionOf(r.Location)}}
	defer func() { // restore the region for the other tests, even if this one fails
		_ = world.planes.Heal(t.Context(), r.ID)
		world.simulator.SetFailures(cloud.Failures{})
	}()
	world.simulator.SetFailures(failures)
	require.NoError(t, world.planes.Fail(r.ID))
	_, err := r.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.Error(t, err, "the API answers")
	lost := 0
	for _, m := range machinesNow() {
		require.Equal(t, m.cluster != r.ID, m.Power == "on", m.Name)
		if m.Power != "on" {
			lost++
		}
	}
	require.Equal(t, r.pool.Count, lost)
	bigger := r.pool
	bigger.Count++

	// The local cloud restarts, which needs every control plane for a moment.
	world.simulator.Close()
	require.NoError(t, world.planes.Heal(t.Context(), r.ID))
	world.simulator = newSimulator()
	world.simulator.SetFailures(failures)
	for _, each := range world.regions {
		require.NoError(t, world.simulator.AddCluster(t.Context(), each.Cluster, each.config))
		require.NoError(t, world.simulator.EnsureNodePool(t.Context(), each.pool), "what is lost is not waited for")
	}
	require.ErrorContains(t, world.simulator.EnsureNodePool(t.Context(), bigger), "which is lost")
	require.NoError(t, world.simulator.EnsureNodePool(t.Context(), r.pool))
	require.NoError(t, world.planes.Fail(r.ID))
	for _, m := range machinesNow() {
		require.Equal(t, m.cluster != r.ID, m.Power == "on", m.Name)
	}
	// Other regions are not affected.
	elsewhere := other.namespace(t, "elsewhere")
	other.deployment(t, elsewhere, "web", 1, corev1.PodSpec{Containers: []corev1.Container{server(8080)}})
	other.ready(t, elsewhere, "app=web", 1)

	world.simulator.SetFailures(cloud.Failures{})
	require.NoError(t, world.planes.Heal(t.Context(), r.ID))
	for _, name := range world.simulator.Instances(r.pool.ID) {
		eventually(t, "the node is ready again", func() (bool, error) {
			for _, m := range machinesNow() {
				if m.Name == name && m.Power != "on" {
					return false, nil
				}
			}
			return r.nodeCondition(t, name) == corev1.ConditionTrue, nil
		})
	}
	r.rebooted(t, before)
	require.Equal(t, before.Spec.NodeName, world.facts.holder(handle))
	require.Subset(t, r.attachmentNames(t), attachments, "the disks were attached all the time")
}

// attachmentNames returns the names of the VolumeAttachments.
func (r *region) attachmentNames(t *testing.T) []string {
	t.Helper()
	list, err := r.client.StorageV1().VolumeAttachments().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	names := []string{}
	for _, attachment := range list.Items {
		names = append(names, attachment.Name)
	}
	return names
}

// machine is a machine with the ID of its cluster.
type machine struct {
	machines.NodeView
	cluster string
}

// machinesNow lists the machines of all clusters.
func machinesNow() (all []machine) {
	for _, o := range world.simulator.Overview() {
		for _, node := range o.Nodes {
			all = append(all, machine{node, o.Cluster})
		}
	}
	return all
}
