package livetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	deploymentKind  = "apps/v1:Deployment"
	statefulSetKind = "apps/v1:StatefulSet"
	jobKind         = "batch/v1:Job"
	serviceKind     = "core/v1:Service"
	claimKind       = "core/v1:PersistentVolumeClaim"
)

// reasonsOf are those of a resource that was made but is not ready.
func reasonsOf(t *testing.T, err error) []string {
	t.Helper()
	var failed *plugin.InitError
	require.ErrorAs(t, err, &failed)
	return failed.Reasons
}

func TestDeploymentBecomesReady(t *testing.T) {
	ns, e := namespace(t), connect(t)
	kubelet(t, ns, running)
	r := e.create(deploymentKind, "d", workload(ns, "d", 2, podSpec("a:1")))
	require.EqualValues(t, 2, at(r.outputs, "status.readyReplicas"))
	require.Contains(t, e.statuses.String(), "Waiting for Deployment "+ns+"/d")

	// An update is ready when the new revision is.
	e.update(r, workload(ns, "d", 2, podSpec("a:2")))
	require.EqualValues(t, 2, at(r.outputs, "status.updatedReplicas"))
	require.EqualValues(t, 2, at(r.outputs, "status.replicas"))
	require.Equal(t, "a:2", at(r.outputs, "spec.template.spec.containers[0].image"))
	require.True(t, e.refresh(r))
	d, _ := e.diff(r, workload(ns, "d", 2, podSpec("a:2")))
	require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)
	e.delete(r)
}

func TestStatefulSetBecomesReady(t *testing.T) {
	ns, e := namespace(t), connect(t)
	kubelet(t, ns, running)
	inputs := func(image string) properties {
		w := workload(ns, "s", 2, podSpec(image))
		w["spec"].(properties)["serviceName"] = "s"
		return w
	}
	r := e.create(statefulSetKind, "s", inputs("a:1"))
	e.update(r, inputs("a:2"))
	require.EqualValues(t, 2, at(r.outputs, "status.updatedReplicas"))

	moved := inputs("a:2")
	moved["spec"].(properties)["serviceName"] = "other"
	d, _ := e.diff(r, moved)
	require.Equal(t, []resource.PropertyKey{"spec.serviceName"}, d.ReplaceKeys)
	require.True(t, d.DeleteBeforeReplace)
	e.delete(r)
}

// What is in the way is told: the scheduler's word on a Pod that has no node.
func TestUnschedulable(t *testing.T) {
	ns, e := namespace(t), connect(t)
	pod := properties{"containers": []any{properties{"name": "main", "image": "a:1"}}}
	r, err := e.tryCreate(deploymentKind, "d", workload(ns, "d", 1, pod), 3)
	reasons := reasonsOf(t, err)
	require.Contains(t, reasons[0], "was created, but is not ready")
	require.Contains(t, reasons[0], "within 3s")
	require.Contains(t, join(reasons), "no nodes available to schedule pods")
	require.Contains(t, join(reasons), "[Pod "+ns+"/d-")

	// The state is kept, so that the object can be updated and deleted.
	require.Equal(t, resource.ID(ns+"/d"), r.id)
	require.Equal(t, "d", at(r.outputs, "metadata.name"))
	e.delete(r)
}

// A container that will not start says why, and its exit code is told.
func TestContainersAreExplained(t *testing.T) {
	ns, e := namespace(t), connect(t)
	kubelet(t, ns, func(pod *corev1.Pod) *corev1.PodStatus {
		s := unready(pod)
		s.ContainerStatuses[0].State = corev1.ContainerState{
			Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 10s"},
		}
		s.ContainerStatuses[0].LastTerminationState = corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"},
		}
		return s
	})
	_, err := e.tryCreate(statefulSetKind, "s", workload(ns, "s", 1, podSpec("a:1")), 3)
	text := join(reasonsOf(t, err))
	require.Contains(t, text, `[Pod `+ns+`/s-0] container "main" (a:1) waits: CrashLoopBackOff: back-off 10s; `+
		`it ended with exit code 137 (OOMKilled)`)
	require.Contains(t, text, "StatefulSet "+ns+"/s did not become ready")
}

func TestSkipAwaitAndTimeoutAnnotations(t *testing.T) {
	ns, e := namespace(t), connect(t)
	kubelet(t, ns, func(*corev1.Pod) *corev1.PodStatus { return nil }) // which only lets Pods go
	w := workload(ns, "d", 1, podSpec("a:1"))
	w["metadata"].(properties)["annotations"] = properties{"pulumi.com/skipAwait": "true"}
	r := e.create(deploymentKind, "d", w)
	require.True(t, e.refresh(r)) // which does not mind either
	e.delete(r)                   // which does not wait for the end: the next one has to

	w["metadata"].(properties)["annotations"] = properties{"pulumi.com/timeoutSeconds": "2"}
	_, err := e.tryCreate(deploymentKind, "d", w, 0)
	require.Contains(t, join(reasonsOf(t, err)), "within 2s")
}

func job(ns, name string) properties {
	pod := podSpec("a:1")
	pod["restartPolicy"] = "Never"
	return properties{
		"metadata": properties{"namespace": ns, "name": name, "annotations": properties{"pulumi.com/replaceUnready": "true"}},
		"spec":     properties{"backoffLimit": 0, "template": properties{"spec": pod}},
	}
}

func TestJobCompletes(t *testing.T) {
	ns, e := namespace(t), connect(t)
	kubelet(t, ns, finished(corev1.PodSucceeded, 0))
	r := e.create(jobKind, "j", job(ns, "j"))
	require.EqualValues(t, 1, at(r.outputs, "status.succeeded"))
	require.True(t, e.refresh(r))
	d, _ := e.diff(r, job(ns, "j"))
	require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)

	changed := job(ns, "j")
	changed["spec"].(properties)["template"].(properties)["spec"].(properties)["containers"].([]any)[0].(properties)["image"] = "a:2"
	d, _ = e.diff(r, changed)
	require.Equal(t, []resource.PropertyKey{"spec.template.spec.containers[0].image"}, d.ReplaceKeys)
}

func TestJobFails(t *testing.T) {
	ns, e := namespace(t), connect(t)
	kubelet(t, ns, finished(corev1.PodFailed, 7))
	r, err := e.tryCreate(jobKind, "j", job(ns, "j"), 60)
	text := join(reasonsOf(t, err))
	require.Contains(t, text, "BackoffLimitExceeded")
	require.Contains(t, text, "ended with exit code 7 (Error: no such table)")

	// A Job that failed is made anew where the program says so.
	d, _ := e.diff(r, job(ns, "j"))
	require.Equal(t, []resource.PropertyKey{`metadata.annotations["pulumi.com/replaceUnready"]`}, d.ReplaceKeys)
	require.True(t, d.DeleteBeforeReplace)
}

func service(ns, name string, spec properties) properties {
	spec["selector"] = properties{"app": "p"}
	spec["ports"] = []any{properties{"port": 80}}
	return properties{"metadata": properties{"namespace": ns, "name": name}, "spec": spec}
}

func TestServiceWaitsForItsPods(t *testing.T) {
	ns, e := namespace(t), connect(t)

	// A Pod on a machine that does not exist is no endpoint.
	_, err := shared.client.CoreV1().Nodes().Create(t.Context(),
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "somewhere"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = shared.client.CoreV1().Nodes().Delete(context.Background(), "somewhere", metav1.DeleteOptions{})
	})

	// With no Pod to wait for, there is no wait.
	e.create(serviceKind, "before", service(ns, "before", properties{}))

	pod := properties{
		"metadata": properties{"namespace": ns, "name": "p", "labels": properties{"app": "p"},
			"annotations": properties{"pulumi.com/skipAwait": "true"}},
		"spec": podSpec("a:1"),
	}
	e.create("core/v1:Pod", "p", pod)
	kubelet(t, ns, unready)
	require.Eventually(t, func() bool {
		p, err := shared.client.CoreV1().Pods(ns).Get(t.Context(), "p", metav1.GetOptions{})
		return err == nil && p.Status.Phase == corev1.PodRunning
	}, 20*time.Second, 50*time.Millisecond)

	_, err = e.tryCreate(serviceKind, "after", service(ns, "after", properties{}), 3)
	text := join(reasonsOf(t, err))
	require.Contains(t, text, "1 of the 1 Pods that it selects are not ready")
	require.Contains(t, text, `[Pod `+ns+`/p] container "main" (a:1) runs, but is not ready`)

	// These wait for no Pod.
	e.create(serviceKind, "headless", service(ns, "headless", properties{"clusterIP": "None"}))
	e.create(serviceKind, "eager", service(ns, "eager", properties{"publishNotReadyAddresses": true}))
	external := service(ns, "external", properties{"type": "ExternalName", "externalName": "example.org"})
	e.create(serviceKind, "external", external)

	_, err = e.tryCreate(serviceKind, "lb", service(ns, "lb", properties{
		"type": "LoadBalancer", "publishNotReadyAddresses": true,
	}), 2)
	require.Contains(t, join(reasonsOf(t, err)), "not allocated an address")
}

func claim(ns, name, class string) properties {
	return properties{
		"metadata": properties{"namespace": ns, "name": name},
		"spec": properties{
			"accessModes": []any{"ReadWriteOnce"}, "storageClassName": class,
			"resources": properties{"requests": properties{"storage": "1024Mi"}},
		},
	}
}

func TestVolumes(t *testing.T) {
	ns, e := namespace(t), connect(t)
	volume := properties{
		"metadata": properties{"name": ns},
		"spec": properties{
			"capacity": properties{"storage": "1Gi"}, "accessModes": []any{"ReadWriteOnce"}, "storageClassName": "static",
			"persistentVolumeReclaimPolicy": "Retain", "claimRef": properties{"namespace": ns, "name": "bound"},
			"csi": properties{"driver": "d.test", "volumeHandle": ns},
		},
	}
	v := e.create("core/v1:PersistentVolume", "v", volume)
	require.Equal(t, resource.ID(ns), v.id)
	bound := claim(ns, "bound", "static")
	bound["spec"].(properties)["volumeName"] = ns
	c := e.create(claimKind, "bound", bound)
	require.Equal(t, "Bound", at(c.outputs, "status.phase"))

	// The API server writes 1Gi for 1024Mi and fills in the rest; nothing of that is a change.
	for r, inputs := range map[*custom]properties{c: bound, v: volume} {
		require.True(t, e.refresh(r))
		d, _ := e.diff(r, inputs)
		require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)
	}
	bound["spec"].(properties)["resources"].(properties)["requests"].(properties)["storage"] = "1Gi"
	d, _ := e.diff(c, bound)
	require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)

	late := properties{
		"metadata": properties{"name": ns + "-late"}, "provisioner": "p.test", "volumeBindingMode": "WaitForFirstConsumer",
	}
	e.create("storage.k8s.io/v1:StorageClass", "late", late)
	e.create(claimKind, "late", claim(ns, "late", ns+"-late"))

	_, err := e.tryCreate(claimKind, "never", claim(ns, "never", "none-such"), 2)
	require.Contains(t, join(reasonsOf(t, err)), "there is no such class")
}

func TestWaitFor(t *testing.T) {
	ns, e := namespace(t), connect(t)
	inputs := properties{
		"metadata": properties{"namespace": ns, "name": "c", "annotations": properties{
			"pulumi.com/waitFor": `["jsonpath={.data.k}=w", "jsonpath={.data.done}"]`,
		}},
		"data": properties{"k": "w"},
	}
	_, err := e.tryCreate(configMapKind, "c", inputs, 2)
	require.Contains(t, join(reasonsOf(t, err)), "it does not fulfil jsonpath={.data.done} yet")

	created := make(chan error, 1)
	go func() {
		_, err := e.tryCreate(configMapKind, "c", inputs, 30)
		created <- err
	}()
	time.Sleep(time.Second)
	require.Empty(t, created)
	patch(t, configMaps, ns, "c", "someone", `{"data":{"done":"yes"}}`)
	require.NoError(t, <-created)
}

func TestCancellation(t *testing.T) {
	ns, e := namespace(t), connect(t)
	go func() {
		time.Sleep(2 * time.Second)
		_ = e.provider.SignalCancellation(t.Context())
	}()
	began := time.Now()
	r, err := e.tryCreate(deploymentKind, "d", workload(ns, "d", 1, podSpec("a:1")), 600)
	require.Contains(t, join(reasonsOf(t, err)), "cancelled")
	require.Less(t, time.Since(began), time.Minute)
	require.Equal(t, resource.ID(ns+"/d"), r.id)
	require.Equal(t, "d", at(r.outputs, "metadata.name"))
}

func TestFinalizersAreExplained(t *testing.T) {
	ns, e := namespace(t), connect(t)
	r := e.create(configMapKind, "c", properties{"metadata": properties{
		"namespace": ns, "name": "c", "finalizers": []any{"example.org/never"},
	}})
	err := e.tryDelete(r, 2)
	require.ErrorContains(t, err, "still there after 2s")
	require.ErrorContains(t, err, "example.org/never")
	require.True(t, e.refresh(r))
	patch(t, configMaps, ns, "c", "someone", `{"metadata":{"finalizers":null}}`)
	e.delete(r)
}

func TestCustomResources(t *testing.T) {
	e := connect(t)
	definition := properties{
		"metadata": properties{"name": "ships.example.org"},
		"spec": properties{
			"group": "example.org", "scope": "Namespaced",
			"names": properties{"plural": "ships", "singular": "ship", "kind": "Ship"},
			"versions": []any{properties{
				"name": "v1", "served": true, "storage": true,
				"schema": properties{"openAPIV3Schema": properties{
					"type": "object",
					"properties": properties{"spec": properties{
						"type": "object", "x_kubernetes_preserve_unknown_fields": true,
					}},
				}},
			}},
		},
	}
	ns := namespace(t)
	// The garbage collector, which ends a deletion in the foreground, takes its time to notice a new kind.
	background := properties{"pulumi.com/deletionPropagationPolicy": "background"}
	ship := properties{"metadata": properties{"namespace": ns, "name": "s", "annotations": background}, "spec": properties{"masts": 3}}

	// Before the definition is there, a preview cannot ask, and need not fail.
	checked := e.mustCheck("example.org/v1:Ship", "s", ship, nil)
	preview, err := e.provider.Create(t.Context(), plugin.CreateRequest{
		URN: urnOf("example.org/v1:Ship", "s"), Properties: checked, Preview: true,
	})
	require.NoError(t, err)
	require.EqualValues(t, 3, at(preview.Properties, "spec.masts"))

	d := e.create("apiextensions.k8s.io/v1:CustomResourceDefinition", "ships", definition)
	require.Equal(t, true, at(d.outputs, "spec.versions[0].schema.openAPIV3Schema.properties.spec.x_kubernetes_preserve_unknown_fields"))
	r := e.create("example.org/v1:Ship", "s", ship)
	require.EqualValues(t, 3, at(r.outputs, "spec.masts"))
	e.delete(r)
	e.delete(d)
	require.False(t, e.refresh(r)) // Without its kind there is no object.
}

func join(reasons []string) string { return strings.Join(reasons, "\n") }
