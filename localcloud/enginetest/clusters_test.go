package enginetest

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// checkClusters looks at the three clusters as an operator would, at once: `up` waits for what it makes.
func checkClusters(b *bench) {
	b.t.Helper()
	for _, wrong := range clustersWrong(b) {
		b.t.Error(wrong)
	}
}

// settleClusters is for what the engine does not wait for: the pods that a drained machine's pool starts elsewhere, or
// what was made by an update that was killed before it waited.
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

// clustersWrong says what is not as it should be: every pod running and ready (or completed, if it is a Job's), every
// volume and claim bound.
func clustersWrong(b *bench) (wrong []string) {
	b.t.Helper()
	note := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, region := range regionNames {
		pods := decode[corev1.PodList](b.t, b.kubectl(region, "get", "pods", "-A", "-o", "json"))
		workloads := 0
		for _, pod := range pods.Items {
			if pod.Namespace != "kube-system" {
				workloads++
			}
			if !ready(pod) {
				note("%s: pod %s/%s is %s and not ready", region, pod.Namespace, pod.Name, pod.Status.Phase)
			}
		}
		if workloads < 7 { // PD, TiKV, TiDB, NFS, Syncthing, two WordPress
			note("%s: only %d pods", region, workloads)
		}
		volumes := decode[corev1.PersistentVolumeList](b.t, b.kubectl(region, "get", "pv", "-o", "json"))
		claims := decode[corev1.PersistentVolumeClaimList](b.t, b.kubectl(region, "get", "pvc", "-A", "-o", "json"))
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

// checkEvents looks for warnings after the first start. (A change of a region's only TiDB does warn: its WordPress is
// not ready meanwhile, and the load balancer takes the others.)
func checkEvents(b *bench) {
	b.t.Helper()
	for _, region := range regionNames {
		if warnings := strings.TrimSpace(b.kubectl(region, "get", "events", "-A", "--field-selector", "type=Warning",
			"--no-headers", "--ignore-not-found")); warnings != "" {
			b.t.Errorf("%s: warnings among the events:\n%s", region, warnings)
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
