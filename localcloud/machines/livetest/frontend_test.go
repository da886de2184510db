package livetest

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/machines/software"
)

var frontEnd = netip.MustParseAddr("35.191.0.9")

// silence is how long a test waits for a connection that never gets an answer.
const silence = time.Second

// TestARequestEntersByANodePort sends requests for one pod to every machine, on the right port and on wrong ones.
func TestARequestEntersByANodePort(t *testing.T) {
	r := world.regions[0]
	ns := r.namespace(t, "front-end")
	const nodePort = 30099
	t.Cleanup(func() { world.facts.enter(0) })
	r.deployment(t, ns, "web", 1, corev1.PodSpec{Containers: []corev1.Container{{
		Name: "web", Image: "wordpress:7.1.0", Env: []corev1.EnvVar{{Name: "WORDPRESS_DB_HOST", Value: "nowhere:4000"}},
		ReadinessProbe: tcpProbe(80),
	}}})
	_, err := r.client.CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeNodePort, ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal, Selector: labels("web"),
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, NodePort: nodePort}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	pod := r.ready(t, ns, "app=web", 1)[0]
	own := cloud.Port{Zone: r.pool.Zone, Instance: pod.Spec.NodeName, Number: nodePort}
	other := own
	for _, name := range world.simulator.Instances(r.pool.ID) {
		if name != own.Instance {
			other.Instance = name
		}
	}
	at := func(p cloud.Port, number int) cloud.Port { p.Number = number; return p }
	fails := func(why string, to cloud.Port) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), silence)
		defer cancel()
		_, err := world.simulator.Dial(ctx, frontEnd, to)
		require.ErrorContains(t, err, why)
	}
	fails("no firewall of the VPC admits 35.191.0.9 to machine "+own.Instance+" on TCP 30099", own)

	world.facts.enter(nodePort)
	get := func(path string) (int, string, http.Header) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://site.test"+path, nil)
		require.NoError(t, err)
		connection, err := world.simulator.Dial(t.Context(), frontEnd, own)
		require.NoError(t, err)
		response, err := connection.RoundTrip(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body), response.Header
	}
	eventually(t, "the Service's endpoint", func() (bool, error) {
		ctx, cancel := context.WithTimeout(t.Context(), silence)
		defer cancel()
		_, err := world.simulator.Dial(ctx, frontEnd, own)
		return err == nil, err
	})
	status, page, header := get("/")
	require.Equal(t, 500, status)
	require.Equal(t, "text/html; charset=UTF-8", header.Get("Content-Type"))
	for _, text := range []string{"simulated", "europe-west1", own.Instance, pod.Name, "Error establishing a database connection"} {
		require.Contains(t, page, text)
	}
	status, _, _ = get("/nothing")
	require.Equal(t, 404, status)

	seen := false
	for _, o := range world.simulator.Overview() {
		for _, p := range o.Pods {
			if p.Name == pod.Name {
				seen = true
				require.Equal(t, r.ID, o.Cluster)
				require.Equal(t, machines.PodView{Namespace: ns, Name: pod.Name, Node: own.Instance, Ready: true,
					State: software.State{Kind: "wordpress", Word: "serves"}}, p)
			}
		}
		for _, n := range o.Nodes {
			require.Equal(t, "on", n.Power)
			require.True(t, n.Ready)
		}
	}
	require.True(t, seen, "the overview shows the pod")

	fails("no ready endpoint on node "+other.Instance, other)
	world.facts.enter(30098)
	fails("connection refused (no Service has the node port 30098", at(own, 30098))
	fails("there is no machine", cloud.Port{Zone: "europe-west9-a", Instance: own.Instance, Number: nodePort})
	world.facts.enter(10256)
	_, err = world.simulator.Dial(t.Context(), frontEnd, at(other, 10256))
	require.NoError(t, err, "the machine's own")
}
