package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// checkClusters checks the three clusters once, as an operator would: `up` waits for what it creates.
func checkClusters(b *bench) {
	b.t.Helper()
	for _, wrong := range clustersWrong(b) {
		b.t.Error(wrong)
	}
}

// settleClusters waits for what the engine does not wait for: the pods that a drained machine's pool starts elsewhere,
// or what a killed update created without waiting.
func settleClusters(b *bench) {
	b.t.Helper()
	var wrong []string
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		if wrong = clustersWrong(b); len(wrong) == 0 {
			return
		}
	}
	b.t.Errorf("three minutes later:\n%s", strings.Join(wrong, "\n"))
}

// clustersWrong lists the deviations: every pod must be running and ready (or completed, or just started, if it is a
// Job's), every volume and claim bound.
func clustersWrong(b *bench) (wrong []string) {
	b.t.Helper()
	note := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, region := range regionNames {
		core := b.client(region).CoreV1()
		pods := list(b, core.Pods("").List, "")
		workloads := 0
		for _, pod := range pods.Items {
			if pod.Namespace != "kube-system" {
				workloads++
			}
			if !ready(pod) && !justStarted(pod, time.Now()) {
				note("%s: pod %s/%s is %s and not ready", region, pod.Namespace, pod.Name, pod.Status.Phase)
			}
		}
		if workloads < 8 { // PD, TiKV, two TiDB, NFS, Syncthing, two WordPress
			note("%s: only %d pods", region, workloads)
		}
		volumes, claims := list(b, core.PersistentVolumes().List, ""), list(b, core.PersistentVolumeClaims("").List, "")
		if len(volumes.Items) != 4 || len(claims.Items) != 4 { // three disks and wp-content
			note("%s: %d volumes and %d claims, not 4 each", region, len(volumes.Items), len(claims.Items))
		}
		for _, volume := range volumes.Items {
			if volume.Status.Phase != corev1.VolumeBound {
				note("%s: volume %s is %s", region, volume.Name, volume.Status.Phase)
			}
		}
		for _, claim := range claims.Items {
			if claim.Status.Phase != corev1.ClaimBound {
				note("%s: claim %s/%s is %s", region, claim.Namespace, claim.Name, claim.Status.Phase)
			}
		}
	}
	return wrong
}

// checkEvents reports the warnings after the first start. (Later changes may warn: while a region's only TiDB changes,
// its WordPress is not ready, and the load balancer uses the other regions.)
func checkEvents(b *bench) {
	b.t.Helper()
	for _, region := range regionNames {
		for _, event := range list(b, b.client(region).CoreV1().Events("").List, "").Items {
			if event.Type == corev1.EventTypeWarning && !outpaced(event) {
				b.t.Errorf("%s: a warning about %s %s/%s: %s: %s", region, event.InvolvedObject.Kind, event.InvolvedObject.Namespace,
					event.InvolvedObject.Name, event.Reason, event.Message)
			}
		}
	}
}

// outpaced reports whether a warning comes from a Kubernetes control loop that lags behind a recent creation: it
// creates the object again and gets "already exists". The endpoints controller does so when a Service is created
// together with its pods (kubernetes/kubernetes#141508 mentions it); the API server's repair of cluster addresses does
// so when it sees a Service before its IPAddress. One of some sixty first starts, many of them on a busy machine, had
// such a warning.
func outpaced(event corev1.Event) bool {
	switch event.Reason {
	case "FailedToCreateEndpoint":
		return strings.HasSuffix(event.Message, "already exists")
	case "ClusterIPNotAllocated":
		return strings.HasSuffix(event.Message, "is not allocated; repairing")
	}
	return false
}

func TestOutpaced(t *testing.T) {
	for _, c := range []struct {
		reason, message string
		want            bool
	}{
		{"FailedToCreateEndpoint", `Failed to create endpoint for service database/tidb: endpoints "tidb" already exists`, true},
		{"ClusterIPNotAllocated", "Cluster IP [IPv4]: 10.64.139.22 is not allocated; repairing", true},
		{"FailedToCreateEndpoint", `Failed to create endpoint for service database/tidb: endpoints "tidb" is forbidden`, false},
		{"ClusterIPNotAllocated", "the ClusterIP [IPv4]: 10.64.139.22 for Service database/tidb has a wrong reference; repairing", false},
		{"ClusterIPAlreadyAllocated", "Cluster IP [IPv4]:10.64.139.22 was assigned to multiple services; please recreate service", false},
		{"FailedCreate", `create Pod tidb-0 in StatefulSet tidb failed error: pods "tidb-0" already exists`, false},
	} {
		if got := outpaced(corev1.Event{Reason: c.reason, Message: c.message}); got != c.want {
			t.Errorf("%s: %s: %t, want %t", c.reason, c.message, got, c.want)
		}
	}
}

// justStarted reports whether a pod is a Job's and has not had time to end: the CronJobs create one every five minutes,
// also during a test.
func justStarted(pod corev1.Pod, now time.Time) bool {
	owner := metav1.GetControllerOf(&pod)
	return owner != nil && owner.Kind == "Job" && pod.Status.Phase != corev1.PodFailed &&
		now.Sub(pod.CreationTimestamp.Time) < time.Minute
}

func TestJustStarted(t *testing.T) {
	now := time.Now()
	pod := func(kind string, phase corev1.PodPhase, age time.Duration) corev1.Pod {
		return corev1.Pod{Status: corev1.PodStatus{Phase: phase}, ObjectMeta: metav1.ObjectMeta{
			CreationTimestamp: metav1.NewTime(now.Add(-age)), OwnerReferences: []metav1.OwnerReference{{Kind: kind, Controller: ptr.To(true)}}}}
	}
	for _, c := range []struct {
		pod  corev1.Pod
		want bool
	}{
		{pod("Job", corev1.PodPending, 2*time.Second), true},
		{pod("Job", corev1.PodRunning, 2*time.Second), true},
		{pod("Job", corev1.PodPending, 2*time.Minute), false},
		{pod("Job", corev1.PodFailed, 2*time.Second), false},
		{pod("ReplicaSet", corev1.PodPending, 2*time.Second), false},
		{corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending}}, false},
	} {
		if got := justStarted(c.pod, now); got != c.want {
			t.Errorf("%v: %t, want %t", c.pod, got, c.want)
		}
	}
}

func ready(pod corev1.Pod) bool {
	if pod.Status.Phase == corev1.PodSucceeded {
		return true
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return pod.Status.Phase == corev1.PodRunning && condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
