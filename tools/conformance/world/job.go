package world

import (
	"fmt"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"

	batchv1 "k8s.io/api/batch/v1"
)

// Job runs an application's Job as its controller does: one pod after the other, with back-off, until one succeeds or
// the declared number has failed. It returns the pods, of which the last one has succeeded, or an error with the last
// pod's events and logs.
func (w *World) Job(region, app string, changes ...func(*declared.Pod)) (pods []*kubelet.Pod, err error) {
	var job *batchv1.Job
	for _, each := range w.Stack.Region(region).Jobs {
		if each.Spec.Template.Labels[declared.AppLabel] == app {
			job = each
		}
	}
	if job == nil {
		return nil, fmt.Errorf("%s declares no Job of the application %s", region, app)
	}
	retries := int32(6)
	if job.Spec.BackoffLimit != nil {
		retries = *job.Spec.BackoffLimit
	}
	for pause := 10 * time.Second; ; pause *= 2 {
		pod := w.Start(region, app, changes...)
		pods = append(pods, pod)
		<-pod.Ended()
		if pod.Succeeded() {
			return pods, nil
		}
		if len(pods) > int(retries) {
			return pods, fmt.Errorf("%d pods of the Job %s in %s failed, the last one:\n%s", len(pods), app, region, w.Describe(pod))
		}
		time.Sleep(pause)
	}
}
