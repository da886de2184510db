package enginetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// watchRegions polls pods of all regions until stop, which lists the moments at which two regions lacked some.
func watchRegions(b *bench, namespace, selector string) (stop func() []string) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var pods []podLister
	for _, region := range regionNames {
		pods = append(pods, podLister{region, b.client(region).CoreV1().Pods(namespace).List, selector})
	}
	var wait sync.WaitGroup
	var found []string
	var failed error
	polls := 0
	wait.Add(1)
	go func() {
		defer wait.Done()
		for last := ""; ctx.Err() == nil; time.Sleep(300 * time.Millisecond) {
			names, errs := make([]string, len(pods)), make([]error, len(pods))
			var asked sync.WaitGroup
			for i, each := range pods {
				asked.Add(1)
				go func() {
					defer asked.Done()
					names[i], errs[i] = each.lacks(ctx)
				}()
			}
			asked.Wait()
			var lacking []string
			for i, region := range regionNames {
				if names[i] != "" {
					lacking = append(lacking, region+": "+names[i])
				}
			}
			if err := errors.Join(errs...); err != nil { // the test has ended, or an API did not answer for a moment
				failed = err
			} else {
				polls++
			}
			if now := strings.Join(lacking, "; "); len(lacking) > 1 && now != last {
				last = now
				found = append(found, time.Now().Format("15:04:05")+" two regions at once: "+now)
			}
		}
	}()
	return func() []string {
		cancel()
		wait.Wait()
		b.t.Logf("polled %d times", polls)
		if polls < 10 {
			b.t.Errorf("polled only %d times: %v", polls, failed)
		}
		return found
	}
}

// podLister lists pods of a region.
type podLister struct {
	region   string
	list     func(context.Context, metav1.ListOptions) (*corev1.PodList, error)
	selector string
}

// lacks names the pods that are not ready or about to go, and reports fewer than two pods.
func (p podLister) lacks(ctx context.Context) (string, error) {
	list, err := p.list(ctx, metav1.ListOptions{LabelSelector: p.selector})
	if err != nil {
		return "", err
	}
	var wrong []string
	for _, pod := range list.Items {
		if !ready(pod) || pod.DeletionTimestamp != nil {
			wrong = append(wrong, pod.Name)
		}
	}
	if len(list.Items) < 2 {
		wrong = append(wrong, fmt.Sprintf("%d pods", len(list.Items)))
	}
	return strings.Join(wrong, " "), nil
}
