package livetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// server is a container of which only the port is known.
func server(port int32) corev1.Container {
	return corev1.Container{
		Name: "main", Image: "example.com/some/server:1.0",
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: port}}, ReadinessProbe: httpProbe(int(port), "/"),
	}
}

func script(text string, env ...corev1.EnvVar) corev1.Container {
	return corev1.Container{Name: "main", Image: "busybox:1.37.0", Command: []string{"sh", "-ec", text}, Env: env}
}

func TestAHealthyDeploymentHasNoWarnings(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "healthy")
	r.deployment(t, ns, "web", 3, corev1.PodSpec{Containers: []corev1.Container{server(8080)}})
	pods := r.ready(t, ns, "app=web", 3)
	addresses := map[string]bool{}
	for _, pod := range pods {
		node, err := r.client.CoreV1().Nodes().Get(t.Context(), pod.Spec.NodeName, metav1.GetOptions{})
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(pod.Status.PodIP, strings.TrimSuffix(node.Spec.PodCIDR, "0/24")), "%s is in %s", pod.Status.PodIP, node.Spec.PodCIDR)
		require.False(t, addresses[pod.Status.PodIP], "addresses are unique")
		addresses[pod.Status.PodIP] = true
		require.Equal(t, corev1.PodRunning, pod.Status.Phase)
		require.NotNil(t, pod.Status.ContainerStatuses[0].State.Running)
	}
	require.Empty(t, r.warnings(t, ns))
	for _, reason := range []string{"Scheduled", "Pulled", "Created", "Started"} {
		r.event(t, ns, "Normal "+reason)
	}
	// A deletion is graceful, and completes.
	require.NoError(t, r.client.AppsV1().Deployments(ns).Delete(t.Context(), "web", metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)}))
	eventually(t, "no pods", func() (bool, error) {
		list, err := r.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
		return err == nil && len(list.Items) == 0, err
	})
	r.event(t, ns, "Normal Killing", "Stopping container main")
}

// The kubelet reports each missing object, and starts the pod once the object exists.
func TestAPodWaitsForWhatItNamesAndSaysSo(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "missing")
	create := func(name string, spec corev1.PodSpec) {
		_, err := r.client.CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels(name)}, Spec: spec}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	with := func(volume corev1.VolumeSource, mount corev1.VolumeMount, env ...corev1.EnvVar) corev1.PodSpec {
		c := server(80)
		c.Env = env
		spec := corev1.PodSpec{}
		if mount.MountPath != "" {
			mount.Name = "v"
			c.VolumeMounts = []corev1.VolumeMount{mount}
			spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: volume}}
		}
		spec.Containers = []corev1.Container{c}
		return spec
	}
	config := func(name string, items ...corev1.KeyToPath) corev1.VolumeSource {
		return corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Items: items}}
	}
	_, err := r.client.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "have"}, Data: map[string]string{"key": "value"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	at := corev1.VolumeMount{MountPath: "/etc/x"}
	create("no-configmap", with(config("later"), at))
	create("no-key", with(config("have", corev1.KeyToPath{Key: "other", Path: "x"}), at))
	create("no-secret", with(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "later"}}, at))
	create("no-env-key", with(corev1.VolumeSource{}, corev1.VolumeMount{}, corev1.EnvVar{Name: "X", ValueFrom: &corev1.EnvVarSource{
		ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "have"}, Key: "other"}}}))
	create("no-env-secret", with(corev1.VolumeSource{}, corev1.VolumeMount{}, corev1.EnvVar{Name: "X", ValueFrom: &corev1.EnvVarSource{
		SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "later"}, Key: "key"}}}))
	create("no-subpath", with(config("have"), corev1.VolumeMount{MountPath: "/x.php", SubPath: "other"}))
	create("optional", with(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "never", Optional: ptr.To(true)}}, at))
	root := with(corev1.VolumeSource{}, corev1.VolumeMount{})
	root.Containers[0] = script("sleep 3600")
	root.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true)}
	create("root", root)
	create("no-claim", with(corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "later"}}, at))

	r.ready(t, ns, "app=optional", 1)
	r.event(t, ns, "Warning FailedMount no-configmap", `MountVolume.SetUp failed for volume "v" : configmap "later" not found`)
	r.event(t, ns, "Warning FailedMount no-key", `references non-existent config key: other`)
	r.event(t, ns, "Warning FailedMount no-secret", `secret "later" not found`)
	r.event(t, ns, "Warning Failed no-env-key", "couldn't find key other in ConfigMap missing/have")
	r.event(t, ns, "Warning Failed no-env-secret", `secret "later" not found`)
	r.event(t, ns, "Warning Failed no-subpath", "failed to prepare subPath")
	r.event(t, ns, "Warning Failed root", "container has runAsNonRoot and image will run as root")
	r.event(t, ns, "Warning FailedScheduling no-claim", `persistentvolumeclaim "later" not found`)
	for name, reason := range map[string]string{"no-configmap": "ContainerCreating", "no-env-key": "CreateContainerConfigError", "root": "CreateContainerConfigError"} {
		pod, err := r.client.CoreV1().Pods(ns).Get(t.Context(), name, metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, corev1.PodPending, pod.Status.Phase)
		require.Equal(t, reason, pod.Status.ContainerStatuses[0].State.Waiting.Reason, name)
	}

	_, err = r.client.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "later"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = r.client.CoreV1().Secrets(ns).Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "later"}, StringData: map[string]string{"key": "x"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, name := range []string{"no-configmap", "no-secret", "no-env-secret"} {
		r.ready(t, ns, "app="+name, 1)
	}
}

// A running pod sees a Secret's change after a while, except in a file that is mounted alone.
func TestFilesFollowTheirSecret(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "refresh")
	secrets := r.client.CoreV1().Secrets(ns)
	object := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "changes"}, StringData: map[string]string{"key": "before"}}
	object, err := secrets.Create(t.Context(), object, metav1.CreateOptions{})
	require.NoError(t, err)
	c := script("grep -q before /etc/all/key; echo > /tmp/started; until grep -q after /etc/all/key; do sleep 1; done; grep -q before /etc/one")
	c.VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/etc/all"}, {Name: "v", MountPath: "/etc/one", SubPath: "key"}}
	c.ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"cat", "/tmp/started"}}}}
	_, err = r.client.CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "reads", Labels: labels("reads")},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{c},
			Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "changes"}}}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	r.ready(t, ns, "app=reads", 1)
	object.Data = map[string][]byte{"key": []byte("after")}
	_, err = secrets.Update(t.Context(), object, metav1.UpdateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		pod, err := r.client.CoreV1().Pods(ns).Get(t.Context(), "reads", metav1.GetOptions{})
		require.NoError(t, err)
		require.NotEqual(t, corev1.PodFailed, pod.Status.Phase)
		return pod.Status.Phase == corev1.PodSucceeded
	}, waitTimeout, time.Second)
}

func TestImagesNeedAWayToTheirRegistry(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "pull")
	world.facts.isolate(true)
	defer world.facts.isolate(false)
	pod := func(name, image string) {
		_, err := r.client.CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels(name)},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: image}}},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	pod("hub", "nginx:1.27.0")
	pod("google", "europe-docker.pkg.dev/some-project/images/server:1.0")
	r.ready(t, ns, "app=google", 1)
	r.event(t, ns, "Warning Failed hub", "ErrImagePull")
	r.event(t, ns, "Warning Failed hub", "registry-1.docker.io", "i/o timeout")
	r.event(t, ns, "Normal BackOff hub", `Back-off pulling image "nginx:1.27.0"`)
	world.facts.isolate(false)
	r.ready(t, ns, "app=hub", 1)
}

func TestJobsEndByTheirExitCodes(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "jobs")
	job := func(name string, policy corev1.RestartPolicy, c corev1.Container) {
		_, err := r.client.BatchV1().Jobs(ns).Create(t.Context(), &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: batchv1.JobSpec{BackoffLimit: ptr.To[int32](0), Template: corev1.PodTemplateSpec{
				Spec: corev1.PodSpec{RestartPolicy: policy, Containers: []corev1.Container{c}},
			}},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	condition := func(name string, want batchv1.JobConditionType) {
		eventually(t, fmt.Sprintf("job %s %s", name, want), func() (bool, error) {
			j, err := r.client.BatchV1().Jobs(ns).Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			for _, c := range j.Status.Conditions {
				if c.Type == want && c.Status == corev1.ConditionTrue {
					return true, nil
				}
			}
			return false, fmt.Errorf("%+v", j.Status)
		})
	}
	r.deployment(t, ns, "web", 1, corev1.PodSpec{Containers: []corev1.Container{server(8080)}})
	_, err := r.client.CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       corev1.ServiceSpec{Selector: labels("web"), Ports: []corev1.ServicePort{{Port: 80, TargetPort: server(8080).ReadinessProbe.HTTPGet.Port}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	job("waits", corev1.RestartPolicyNever, script(`until wget -q -T 2 -O /dev/null "http://$HOST/"; do sleep 1; done`, corev1.EnvVar{Name: "HOST", Value: "web.jobs"}))
	job("once", corev1.RestartPolicyNever, script(`wget -q -T 2 -O /dev/null http://nobody.jobs/`))
	job("code", corev1.RestartPolicyNever, script(`exit 3`))
	condition("waits", batchv1.JobComplete)
	condition("once", batchv1.JobFailed)
	condition("code", batchv1.JobFailed)
	list, err := r.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "job-name=code"})
	require.NoError(t, err)
	require.Equal(t, int32(3), list.Items[0].Status.ContainerStatuses[0].State.Terminated.ExitCode)
	require.Equal(t, corev1.PodFailed, list.Items[0].Status.Phase)
}

func TestInitContainersRunInTurnAndSidecarsStay(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "inits")
	shared := []corev1.VolumeMount{{Name: "shared", MountPath: "/shared"}}
	first := script(`echo one > /shared/file`)
	second := script(`grep -q one /shared/file && test -d /shared`)
	main := script(`grep -q one /shared/file; sleep 3600`)
	for i, c := range []*corev1.Container{&first, &second, &main} {
		c.Name, c.VolumeMounts = fmt.Sprintf("c%d", i), shared
	}
	sidecar := server(9090)
	sidecar.Name, sidecar.RestartPolicy = "sidecar", ptr.To(corev1.ContainerRestartPolicyAlways)
	r.deployment(t, ns, "web", 1, corev1.PodSpec{
		Volumes:        []corev1.Volume{{Name: "shared", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		InitContainers: []corev1.Container{first, sidecar, second},
		Containers:     []corev1.Container{main},
	})
	pod := r.ready(t, ns, "app=web", 1)[0]
	inits := pod.Status.InitContainerStatuses
	require.NotNil(t, inits[0].State.Terminated)
	require.NotNil(t, inits[1].State.Running, "a sidecar keeps running")
	require.NotNil(t, inits[2].State.Terminated)
	require.False(t, inits[2].State.Terminated.StartedAt.Before(&inits[0].State.Terminated.FinishedAt))
	require.Empty(t, r.warnings(t, ns))
}

func TestAContainerThatEndsIsStartedAgainEverLater(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "crash")
	r.deployment(t, ns, "web", 1, corev1.PodSpec{Containers: []corev1.Container{script("exit 1")}})
	r.event(t, ns, "Warning BackOff", "Back-off restarting failed container main")
	eventually(t, "three restarts in a pod that waits", func() (bool, error) {
		list, err := r.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
		if err != nil || len(list.Items) != 1 || len(list.Items[0].Status.ContainerStatuses) != 1 {
			return false, err
		}
		s := list.Items[0].Status.ContainerStatuses[0]
		return s.RestartCount >= 3 && s.State.Waiting != nil && s.State.Waiting.Reason == "CrashLoopBackOff" && s.LastTerminationState.Terminated.ExitCode == 1, nil
	})
}

func TestLivenessEndsWhatDoesNotAnswer(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "liveness")
	c := server(8080)
	c.LivenessProbe = tcpProbe(9999)
	c.LivenessProbe.FailureThreshold = 2
	r.deployment(t, ns, "web", 1, corev1.PodSpec{Containers: []corev1.Container{c}})
	r.event(t, ns, "Warning Unhealthy", "Liveness probe failed: dial tcp", ":9999: connect: connection refused")
	r.event(t, ns, "Normal Killing", "Container main failed liveness probe, will be restarted")
	eventually(t, "a restart", func() (bool, error) {
		list, err := r.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
		return err == nil && len(list.Items) == 1 && list.Items[0].Status.ContainerStatuses[0].RestartCount > 0, err
	})
}

// The disk of a StatefulSet's pod is attached to the pod's machine, and detached after the pod is gone.
func TestDisksFollowTheirPods(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "disks")
	handle := r.diskClaim(t, ns, "data-db-0")
	c := server(5432)
	c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	_, err := r.client.AppsV1().StatefulSets(ns).Create(t.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "db"},
		Spec: appsv1.StatefulSetSpec{
			ServiceName: "db", Selector: &metav1.LabelSelector{MatchLabels: labels("db")},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels("db")}, Spec: corev1.PodSpec{Containers: []corev1.Container{c}}},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					StorageClassName: ptr.To("static"), AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources: corev1.VolumeResourceRequirements{Requests: quantity("10Gi")},
				},
			}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	pod := r.ready(t, ns, "app=db", 1)[0]
	require.Equal(t, pod.Spec.NodeName, world.facts.holder(handle))
	require.Empty(t, r.warnings(t, ns))

	require.NoError(t, r.client.AppsV1().StatefulSets(ns).Delete(t.Context(), "db", metav1.DeleteOptions{}))
	eventually(t, "the disk is detached", func() (bool, error) { return world.facts.holder(handle) == "", nil })
	eventually(t, "the attachment is gone", func() (bool, error) {
		list, err := r.client.StorageV1().VolumeAttachments().List(t.Context(), metav1.ListOptions{})
		return err == nil && len(list.Items) == 0, err
	})
}

func TestADiskThatDoesNotExistIsNeverAttached(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "no-disk")
	r.claimFor(t, ns, "data", "projects/test-project/zones/"+r.pool.Zone+"/disks/none")
	c := server(5432)
	c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	r.deployment(t, ns, "db", 1, corev1.PodSpec{Volumes: []corev1.Volume{volumeFromClaim("data", "data")}, Containers: []corev1.Container{c}})
	r.event(t, ns, "Warning FailedAttachVolume", "disks/none was not found")
	list, err := r.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Equal(t, corev1.PodPending, list.Items[0].Status.Phase)
}
