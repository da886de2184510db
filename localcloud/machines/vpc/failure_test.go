package vpc

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/cloud"
)

func TestALostMachineAnswersNothing(t *testing.T) {
	a := newCluster("a", "n", true).node("n1", "10.0.0.2").node("n2", "10.0.0.3")
	client := a.pod("ns", "client", "10.1.2.2", "n2")
	a.pod("ns", "server", "10.1.1.2", "n1")
	service := a.service("ns", "server", "10.2.0.5", 80, 8080, true, "10.1.1.2")
	service.Spec.Ports[0].NodePort = 30080
	from := Place{Cluster: "a", Node: "n2", Pod: client}
	for name, to := range map[string]struct {
		ip   string
		port int
	}{"pod": {"10.1.1.2", 8080}, "service": {"10.2.0.5", 80}, "node port": {"10.0.0.2", 30080}} {
		_, err := build(open, a).Connect(from, netip.MustParseAddr(to.ip), to.port)
		require.NoError(t, err, name)
	}
	a.Nodes[0].Down = true
	for _, to := range []struct {
		ip   string
		port int
	}{{"10.1.1.2", 8080}, {"10.2.0.5", 80}, {"10.0.0.2", 30080}} {
		_, err := build(open, a).Connect(from, netip.MustParseAddr(to.ip), to.port)
		require.ErrorIs(t, err, ErrTimeout, "silence, no refusal: %s", to.ip)
		require.ErrorContains(t, err, "machine n1 is lost")
	}
}

func TestAPartitionCutsTwoRegionsOnly(t *testing.T) {
	var all []*builder
	var clients []*corev1.Pod
	for i, id := range []string{"a", "b", "c"} {
		ip := func(last byte) string { return netip.AddrFrom4([4]byte{10, byte(i), 0, last}).String() }
		b := newCluster(id, "n", true).node("n1", ip(2))
		b.Location = "region-" + id + "-b"
		clients = append(clients, b.pod("ns", "server", ip(10), "n1"))
		all = append(all, b)
	}
	failures := cloud.Failures{Partitions: []cloud.Partition{cloud.PartitionOf("region-c", "region-a")}}
	var pictures []Cluster
	for _, b := range all {
		pictures = append(pictures, b.Cluster)
	}
	w := NewWorld(pictures, open, nil, failures)
	for i, from := range all {
		for j, to := range clients {
			_, err := w.Connect(Place{Cluster: from.ID, Node: "n1", Pod: clients[i]}, netip.MustParseAddr(to.Status.PodIP), 80)
			if i != j && i != 1 && j != 1 {
				require.ErrorIs(t, err, ErrTimeout)
				require.ErrorContains(t, err, "is cut")
			} else {
				require.NoError(t, err, "%d to %d", i, j)
			}
		}
	}
}

func TestALostMachineLetsNothingIn(t *testing.T) {
	a := newCluster("a", "n", true).node("n1", "10.0.0.2").node("n2", "10.0.0.3")
	a.pod("ns", "server", "10.1.1.2", "n1")
	a.service("ns", "server", "10.2.0.5", 80, 8080, true, "10.1.1.2").Spec.Ports[0].NodePort = 30080
	visitor := netip.MustParseAddr("35.191.0.9")
	for _, node := range []string{"n1", "n2"} {
		_, err := build(open, a).Enter(visitor, "a", node, 30080)
		require.NoError(t, err)
	}
	a.Nodes[0].Down = true
	a.pod("ns", "other", "10.1.2.2", "n2")
	a.service("ns", "other", "10.2.0.6", 80, 8080, true, "10.1.2.2").Spec.Ports[0].NodePort = 30081
	a.Slices[1].Endpoints[0].NodeName = ptr.To("n2")
	_, err := build(open, a).Enter(visitor, "a", "n1", 30081)
	require.ErrorIs(t, err, ErrTimeout, "to another machine")
	_, err = build(open, a).Enter(visitor, "a", "n2", 30081)
	require.NoError(t, err)
	for node, way := range map[string]string{"n1": "by itself", "n2": "by another machine"} {
		_, err := build(open, a).Enter(visitor, "a", node, 30080)
		require.ErrorIs(t, err, ErrTimeout, way)
		require.ErrorContains(t, err, "machine n1 is lost", way)
	}
}
