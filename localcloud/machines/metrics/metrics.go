// Package metrics is the metrics server of a cluster: it publishes the pods' use of CPU as PodMetrics, which horizontal pod
// autoscalers and `kubectl top` read. On GKE an aggregated API serves them; here the API server itself does, from a
// definition of its own, so no part of it depends on another server. The use is simulated: see usage.go.
package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"geo-wordpress/localcloud/machines/kubeclient"
)

const interval = 5 * time.Second

const group, version = "metrics.k8s.io", "v1beta1"

var (
	podMetrics  = schema.GroupVersionResource{Group: group, Version: version, Resource: "pods"}
	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

// Run publishes the use of CPU until the client stops, in the namespaces that have autoscalers: nobody else asks.
func Run(client *kubeclient.Client, pods func() []Pod) {
	client.Go(func(ctx context.Context) {
		s := &server{client: client}
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(interval):
			}
			if err := s.publish(ctx, pods(), time.Now()); err != nil && ctx.Err() == nil {
				client.Log.Debug("metrics server", "error", err)
			}
		}
	})
}

type server struct {
	client  *kubeclient.Client
	objects dynamic.Interface // nil before the first autoscaler
	meter   meter
}

func (s *server) publish(ctx context.Context, pods []Pod, now time.Time) error {
	scalers, err := s.client.AutoscalingV2().HorizontalPodAutoscalers("").List(ctx, metav1.ListOptions{})
	if err != nil || len(scalers.Items) == 0 {
		return err
	}
	if s.objects == nil {
		if s.objects, err = s.client.Dynamic(); err != nil {
			return err
		}
	}
	asked := map[string]bool{}
	for _, a := range scalers.Items {
		asked[a.Namespace] = true
	}
	since := s.meter.at
	use := s.meter.read(pods, now)
	if since.IsZero() {
		return s.define(ctx)
	}
	for _, p := range pods {
		if asked[p.Object.Namespace] {
			if err := s.write(ctx, p.Object, use[p.Object.UID], now, now.Sub(since)); err != nil {
				return err
			}
		}
	}
	return nil
}

// write publishes a pod's use. The garbage collector removes it with the pod.
func (s *server) write(ctx context.Context, pod *corev1.Pod, milli int64, now time.Time, window time.Duration) error {
	var containers []any
	for i, c := range pod.Spec.Containers {
		if i > 0 {
			milli = idleMilli
		}
		containers = append(containers, map[string]any{"name": c.Name, "usage": map[string]any{
			"cpu": limited(milli, c).String(), "memory": c.Resources.Requests.Memory().String(),
		}})
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/" + version, "kind": "PodMetrics",
		"timestamp": now.UTC().Format(time.RFC3339), "window": window.Round(time.Second).String(), "containers": containers,
	}}
	object.SetNamespace(pod.Namespace)
	object.SetName(pod.Name)
	object.SetLabels(pod.Labels)
	object.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID}})
	patch, err := json.Marshal(object)
	if err != nil {
		return err
	}
	metrics := s.objects.Resource(podMetrics).Namespace(pod.Namespace)
	_, err = metrics.Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && kubeclient.IgnoreNotFound(err) == nil {
		_, err = metrics.Create(ctx, object, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("metrics of pod %s: %w", pod.Name, err)
	}
	return nil
}

// define declares PodMetrics to the API server.
func (s *server) define(ctx context.Context) error {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{
			"name":        "pods." + group,
			"annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, stands in for the metrics server"},
		},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced",
			"names": map[string]any{"plural": "pods", "singular": "", "kind": "PodMetrics", "listKind": "PodMetricsList"},
			"versions": []any{map[string]any{
				"name": version, "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}
	_, err := s.objects.Resource(definitions).Create(ctx, object, metav1.CreateOptions{})
	return kubeclient.IgnoreExists(err)
}
