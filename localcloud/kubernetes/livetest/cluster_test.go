package livetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var (
	namespaces  = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	configMaps  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
)

func newObject(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

func get(t *testing.T, resource schema.GroupVersionResource, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	o, err := shared.any.Resource(resource).Namespace(namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	return o
}

func patch(t *testing.T, resource schema.GroupVersionResource, namespace, name, manager, merge string) {
	t.Helper()
	_, err := shared.any.Resource(resource).Namespace(namespace).Patch(t.Context(), name, types.MergePatchType, []byte(merge),
		metav1.PatchOptions{FieldManager: manager})
	require.NoError(t, err)
}

// kubelet stands in for the machines: it gives the status that the function returns to each Pod of a namespace, until
// the test ends. Returning nil leaves a Pod alone.
func kubelet(t *testing.T, namespace string, status func(*corev1.Pod) *corev1.PodStatus) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		defer running.Done()
		for ctx.Err() == nil {
			pods, err := shared.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
			for i := 0; err == nil && i < len(pods.Items); i++ {
				pod := &pods.Items[i]
				if pod.DeletionTimestamp != nil {
					var now int64
					_ = shared.client.CoreV1().Pods(namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
				} else if s := status(pod); s != nil && pod.Status.Phase != s.Phase {
					pod.Status = *s
					_, _ = shared.client.CoreV1().Pods(namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { cancel(); running.Wait() })
}

func running(pod *corev1.Pod) *corev1.PodStatus {
	now := metav1.Now()
	s := &corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: "10.4.0.9", PodIPs: []corev1.PodIP{{IP: "10.4.0.9"}}, StartTime: &now,
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: now},
			{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: now},
		},
	}
	for _, c := range pod.Spec.Containers {
		s.ContainerStatuses = append(s.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: true, State: corev1.ContainerState{
				Running: &corev1.ContainerStateRunning{StartedAt: now},
			},
		})
	}
	return s
}

func unready(pod *corev1.Pod) *corev1.PodStatus {
	s := running(pod)
	for i := range s.Conditions {
		s.Conditions[i].Status = corev1.ConditionFalse
	}
	for i := range s.ContainerStatuses {
		s.ContainerStatuses[i].Ready = false
	}
	return s
}

func finished(phase corev1.PodPhase, code int32) func(*corev1.Pod) *corev1.PodStatus {
	return func(pod *corev1.Pod) *corev1.PodStatus {
		s := unready(pod)
		s.Phase = phase
		for i := range s.ContainerStatuses {
			s.ContainerStatuses[i].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: code, Reason: "Error", Message: "no such table", FinishedAt: metav1.Now(),
			}}
		}
		return s
	}
}

// podSpec is a Pod's specification on a node that needs no scheduler.
func podSpec(image string, env ...any) properties {
	container := properties{"name": "main", "image": image}
	if len(env) > 0 {
		container["env"] = env
	}
	return properties{"nodeName": "somewhere", "terminationGracePeriodSeconds": 0, "containers": []any{container}}
}

func workload(namespace, name string, replicas int, pod properties) properties {
	labels := properties{"app": name}
	return properties{
		"metadata": properties{"namespace": namespace, "name": name},
		"spec": properties{
			"replicas": replicas,
			"selector": properties{"matchLabels": labels},
			"template": properties{"metadata": properties{"labels": labels}, "spec": pod},
		},
	}
}
