package kubelet

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"

	"geo-wordpress/localcloud/machines/nodes"
)

// The conditions follow the containers, and their transition times stay while their status does.
func TestConditionsFollowTheContainers(t *testing.T) {
	object := &corev1.Pod{Spec: corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "first"}}, Containers: []corev1.Container{{Name: "main"}},
	}}
	object.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}}
	at := time.Unix(1000, 0)
	p := newPod(&Kubelet{Machine: &nodes.Machine{IP: netip.MustParseAddr("10.0.0.2")}}, object, at)
	p.ip = netip.MustParseAddr("10.4.0.2")
	check := func(after time.Duration, initialized, ready string) {
		t.Helper()
		p.desired = p.status(at.Add(after))
		for kind, want := range map[corev1.PodConditionType]string{
			corev1.PodReadyToStartContainers: "True", corev1.PodScheduled: "True",
			corev1.PodInitialized: initialized, corev1.ContainersReady: ready, corev1.PodReady: ready,
		} {
			_, c := podutil.GetPodCondition(&p.desired, kind)
			if assert.NotNil(t, c, kind) {
				assert.Equal(t, want, string(c.Status), kind)
			}
		}
		assert.Len(t, p.desired.Conditions, 5)
		assert.Equal(t, ready == "True", p.Ready())
	}
	check(0, "False", "False")
	p.init[0].stage = terminated
	check(time.Second, "True", "False")
	p.main[0].stage, p.main[0].started, p.main[0].ready = active, true, true
	check(2*time.Second, "True", "True")
	_, c := podutil.GetPodCondition(&p.desired, corev1.PodInitialized)
	assert.Equal(t, at.Add(time.Second).Unix(), c.LastTransitionTime.Unix())
	p.main[0].ready = false
	check(3*time.Second, "True", "False")
}
