package livetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
)

// database declares the tiers of a TiDB cluster across both clusters, each run as its documentation says.
type database struct{ namespace string }

func (d database) pd(r *region) string {
	return fmt.Sprintf("pd.%s.svc.%s", d.namespace, r.DNSDomain)
}

func (d database) pods(tier string, r *region) corev1.PodSpec {
	var members, clients []string
	for _, other := range world.regions {
		members = append(members, fmt.Sprintf("pd-%s=http://%s:2380", other.Name, d.pd(other)))
		clients = append(clients, d.pd(other)+":2379")
	}
	data := []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	spec := corev1.PodSpec{Volumes: []corev1.Volume{volumeFromClaim("data", tier)}}
	switch tier {
	case "pd":
		spec.Containers = []corev1.Container{{
			Name: "pd", Image: "pingcap/pd:v8.5.7", VolumeMounts: data, ReadinessProbe: httpProbe(2379, "/health"), LivenessProbe: tcpProbe(2379),
			Args: []string{
				"--name=pd-" + r.Name, "--data-dir=/data",
				"--client-urls=http://0.0.0.0:2379", "--peer-urls=http://0.0.0.0:2380",
				"--advertise-client-urls=http://" + d.pd(r) + ":2379", "--advertise-peer-urls=http://" + d.pd(r) + ":2380",
				"--initial-cluster=" + strings.Join(members, ","),
			},
		}}
	case "tikv":
		own := fmt.Sprintf("tikv.%s.svc.%s", d.namespace, r.DNSDomain)
		spec.Containers = []corev1.Container{{
			Name: "tikv", Image: "pingcap/tikv:v8.5.7", VolumeMounts: data, ReadinessProbe: httpProbe(20180, "/status"),
			Args: []string{
				"--addr=0.0.0.0:20160", "--advertise-addr=" + own + ":20160", "--status-addr=0.0.0.0:20180",
				"--pd=" + strings.Join(clients, ","), "--data-dir=/data",
			},
		}}
	case "tidb":
		spec.Volumes = nil
		spec.Containers = []corev1.Container{{
			Name: "tidb", Image: "pingcap/tidb:v8.5.7", ReadinessProbe: httpProbe(10080, "/status"),
			Args: []string{"--store=tikv", "--path=" + strings.Join(clients, ","), "--host=0.0.0.0"},
		}}
	}
	return spec
}

func (d database) start(t *testing.T, tier string, port int32, r *region) {
	t.Helper()
	r.headless(t, d.namespace, tier, port)
	if tier != "tidb" {
		r.diskClaim(t, d.namespace, tier)
	}
	r.deployment(t, d.namespace, tier, 1, d.pods(tier, r))
}

// stays checks for 5 s, in which other pods become ready, that pods do not.
func (r *region) stays(t *testing.T, namespace, selector string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		list, err := r.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		require.NoError(t, err)
		for i := range list.Items {
			require.False(t, isReady(&list.Items[i]), "%s must not be ready", selector)
		}
	}
}

func TestADatabaseFindsItselfAcrossClusters(t *testing.T) {
	a, b := world.regions[0], world.regions[1]
	d := database{namespace: "database"}
	a.namespace(t, d.namespace)
	b.namespace(t, d.namespace)

	// One of two members is no quorum.
	d.start(t, "pd", 2379, a)
	a.stays(t, d.namespace, "app=pd")
	// Nor are two members between which the firewall admits nothing.
	world.facts.admit(2379, 20160, 20180)
	defer world.facts.admit(newFacts().ports...)
	d.start(t, "pd", 2379, b)
	b.stays(t, d.namespace, "app=pd")
	world.facts.admit(newFacts().ports...)
	a.ready(t, d.namespace, "app=pd", 1)
	b.ready(t, d.namespace, "app=pd", 1)

	// TiDB without a store exits.
	d.start(t, "tidb", 4000, a)
	eventually(t, "TiDB without TiKV exits", func() (bool, error) {
		list, err := a.client.CoreV1().Pods(d.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=tidb"})
		return err == nil && len(list.Items) == 1 && len(list.Items[0].Status.ContainerStatuses) == 1 && list.Items[0].Status.ContainerStatuses[0].RestartCount > 0, err
	})
	d.start(t, "tikv", 20160, a)
	d.start(t, "tikv", 20160, b)
	for _, r := range world.regions {
		r.ready(t, d.namespace, "app=tikv", 1)
	}
	a.ready(t, d.namespace, "app=tidb", 1)

	wordpressNeedsItsDatabase(t, a, d)

	// A lost quorum fails the readiness probe, and recovers by itself.
	world.facts.admit()
	eventually(t, "PD loses its quorum", func() (bool, error) {
		list, err := a.client.CoreV1().Pods(d.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=pd"})
		return err == nil && len(list.Items) == 1 && !isReady(&list.Items[0]), err
	})
	a.event(t, d.namespace, "Warning Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	world.facts.admit(newFacts().ports...)
	a.ready(t, d.namespace, "app=pd", 1)

	// So does a quorum lost to a partition between the regions.
	world.simulator.SetFailures(cloud.Failures{Partitions: []cloud.Partition{
		cloud.PartitionOf(googlecloud.RegionOf(a.Location), googlecloud.RegionOf(b.Location)),
	}})
	defer world.simulator.SetFailures(cloud.Failures{})
	for _, r := range world.regions {
		eventually(t, "PD loses its quorum", func() (bool, error) {
			list, err := r.client.CoreV1().Pods(d.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=pd"})
			return err == nil && len(list.Items) == 1 && !isReady(&list.Items[0]), err
		})
	}
	world.simulator.SetFailures(cloud.Failures{})
	for _, r := range world.regions {
		r.ready(t, d.namespace, "app=pd", 1)
	}
}

// wordpressNeedsItsDatabase deploys WordPress behind a policy that at first does not admit its database.
func wordpressNeedsItsDatabase(t *testing.T, r *region, d database) {
	ns := r.namespace(t, "site")
	_, err := r.client.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "check"}, Data: map[string]string{"check.php": "<?php"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress: []networkingv1.NetworkPolicyEgressRule{{Ports: []networkingv1.NetworkPolicyPort{
				{Protocol: ptr.To(corev1.ProtocolUDP), Port: ptr.To(httpProbe(53, "/").HTTPGet.Port)},
			}}},
		},
	}
	policy, err = r.client.NetworkingV1().NetworkPolicies(ns).Create(t.Context(), policy, metav1.CreateOptions{})
	require.NoError(t, err)
	env := []corev1.EnvVar{{Name: "WORDPRESS_DB_HOST", Value: "tidb." + d.namespace + ":4000"}}
	r.deployment(t, ns, "web", 1, corev1.PodSpec{
		Volumes: []corev1.Volume{
			{Name: "files", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "check", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "check"}}}},
		},
		Containers: []corev1.Container{{
			Name: "wordpress", Image: "wordpress:7.1.0-php8.3-apache", Env: env, ReadinessProbe: httpProbe(80, "/check.php"), LivenessProbe: tcpProbe(80),
			VolumeMounts: []corev1.VolumeMount{{Name: "files", MountPath: "/var/www/html/wp-content"}, {Name: "check", MountPath: "/var/www/html/check.php", SubPath: "check.php"}},
		}},
	})
	r.stays(t, ns, "app=web")
	policy.Spec.Egress = append(policy.Spec.Egress, networkingv1.NetworkPolicyEgressRule{
		To:    []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: d.namespace}}}},
		Ports: []networkingv1.NetworkPolicyPort{{Port: ptr.To(httpProbe(4000, "/").HTTPGet.Port)}},
	})
	_, err = r.client.NetworkingV1().NetworkPolicies(ns).Update(t.Context(), policy, metav1.UpdateOptions{})
	require.NoError(t, err)
	r.ready(t, ns, "app=web", 1)

	_, err = r.client.BatchV1().Jobs(ns).Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "install"},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			Containers:    []corev1.Container{{Name: "php", Image: "wordpress:7.1.0-php8.3-apache", Command: []string{"php", "/opt/install.php"}, Env: env}},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "the job completes", func() (bool, error) {
		job, err := r.client.BatchV1().Jobs(ns).Get(t.Context(), "install", metav1.GetOptions{})
		return err == nil && job.Status.Succeeded == 1, err
	})
}
