package vpc

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/cloud"
)

// builder builds small clusters.
type builder struct{ Cluster }

func newCluster(id, network string, vpcScope bool) *builder {
	b := &builder{Cluster{Cluster: cloud.Cluster{ID: id, Name: id, Network: network, DNSDomain: id + ".test", VPCScope: vpcScope}}}
	for _, ns := range []string{"ns", "other", "kube-system"} {
		b.Namespaces = append(b.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns, Labels: map[string]string{corev1.LabelMetadataName: ns}}})
	}
	return b
}

func (b *builder) node(name, ip string) *builder {
	b.Nodes = append(b.Nodes, Node{Name: name, IP: netip.MustParseAddr(ip), Tags: []string{b.ID}})
	return b
}

func (b *builder) pod(ns, app, ip, node string, ports ...corev1.ContainerPort) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: app, UID: types.UID(b.ID + ns + app + ip), Labels: map[string]string{"app": app}},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "c", Ports: ports}}},
		Status:     corev1.PodStatus{PodIP: ip},
	}
	b.Pods = append(b.Pods, pod)
	return pod
}

// service adds a Service, headless if it has no address, with endpoints that are ready or not.
func (b *builder) service(ns, name, clusterIP string, port, target int32, ready bool, ips ...string) *corev1.Service {
	if clusterIP == "" {
		clusterIP = corev1.ClusterIPNone
	}
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: clusterIP, Ports: []corev1.ServicePort{{Name: "p", Port: port, Protocol: corev1.ProtocolTCP}}},
	}
	b.Services = append(b.Services, s)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("p"), Port: &target, Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
	for _, ip := range ips {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}, Hostname: ptr.To(name + "-0"), NodeName: ptr.To("n1"),
		})
	}
	b.Slices = append(b.Slices, slice)
	return s
}

func (b *builder) policy(ns string, spec networkingv1.NetworkPolicySpec) {
	b.Policies = append(b.Policies, &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "policy"}, Spec: spec})
}

func open(string, netip.Addr, []string, string, int) bool { return true }

func build(firewall Firewall, clusters ...*builder) *World {
	var all []Cluster
	for _, b := range clusters {
		all = append(all, b.Cluster)
	}
	return NewWorld(all, firewall, func(id string) bool { return id == "a" }, cloud.Failures{})
}

func in(b *builder, pod *corev1.Pod) Place { return Place{Cluster: b.ID, Pod: pod} }

func TestLookup(t *testing.T) {
	a, b, private, elsewhere := newCluster("a", "vpc", true), newCluster("b", "vpc", true), newCluster("private", "vpc", false), newCluster("elsewhere", "vpc2", true)
	client := a.pod("ns", "client", "10.1.0.2", "n1")
	a.node("n1", "10.0.0.2")
	a.service("ns", "web", "10.9.0.1", 80, 8080, true, "10.1.0.3")
	a.service("other", "web", "10.9.0.2", 80, 8080, true, "10.1.0.4")
	a.service("ns", "early", "", 80, 8080, false, "10.1.0.5")
	early := a.service("ns", "published", "", 80, 8080, false, "10.1.0.6")
	early.Spec.PublishNotReadyAddresses = true
	b.service("ns", "db", "", 80, 8080, true, "10.2.0.3", "10.2.0.2")
	b.service("ns", "vip", "10.9.1.1", 80, 8080, true, "10.2.0.2")
	private.service("ns", "db", "", 80, 8080, true, "10.3.0.3")
	elsewhere.service("ns", "db", "", 80, 8080, true, "10.4.0.3")
	w := build(open, a, b, private, elsewhere)
	for name, want := range map[string]string{
		"10.2.3.4":                 "10.2.3.4",
		"web":                      "10.9.0.1",
		"web.ns":                   "10.9.0.1",
		"web.other":                "10.9.0.2",
		"web.other.svc":            "10.9.0.2",
		"web.other.svc.a.test":     "10.9.0.2",
		"web.other.svc.a.test.":    "10.9.0.2",
		"published.ns":             "10.1.0.6",
		"published-0.published.ns": "10.1.0.6", // a per-pod record, in its own cluster
		"db.ns.svc.b.test":         "10.2.0.2 10.2.0.3",
		"vip.ns.svc.b.test":        "10.9.1.1", // it resolves, but is not routable
		"example.org":              "192.0.2.1",
		"early.ns":                 "!no such host", // not ready
		"db-0.db.ns.svc.b.test":    "!no such host", // a per-pod record of another cluster
		"db.ns.svc.private.test":   "!no such host", // cluster scope
		"db.ns.svc.elsewhere.test": "!no such host", // another VPC
		"db":                       "!no such host",
		"db.ns":                    "!no such host",
		"web.nowhere.svc.a.test":   "!no such host",
		"web.ns.svc.cluster.local": "!no such host", // not the cluster's domain
		"":                         "!no such host",
	} {
		addresses, err := w.Lookup(in(a, client), name)
		var got []string
		for _, address := range addresses {
			got = append(got, address.String())
		}
		if problem, bad := strings.CutPrefix(want, "!"); bad {
			require.ErrorContains(t, err, problem, name)
			require.ErrorIs(t, err, ErrNoSuchHost, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, want, strings.Join(got, " "), name)
	}
	// A machine has no search domains, but sees the VPC's zones.
	_, err := w.Lookup(Place{Cluster: "a", Node: "n1"}, "web.ns")
	require.ErrorIs(t, err, ErrNoSuchHost)
	_, err = w.Lookup(Place{Cluster: "a", Node: "n1"}, "db.ns.svc.b.test")
	require.NoError(t, err)
	// Without a route to the Internet, its names time out.
	_, err = w.Lookup(in(b, b.pod("ns", "x", "10.2.0.9", "n")), "example.org")
	require.ErrorIs(t, err, ErrTimeout)
}

func TestRoutes(t *testing.T) {
	a, b, elsewhere := newCluster("a", "vpc", true), newCluster("b", "vpc", true), newCluster("elsewhere", "vpc2", true)
	a.node("n1", "10.0.0.2")
	b.node("n2", "10.0.1.2")
	client := a.pod("ns", "client", "10.1.0.2", "n1")
	a.pod("ns", "web", "10.1.0.3", "n1")
	a.service("ns", "web", "10.9.0.1", 80, 8080, true, "10.1.0.3")
	a.service("ns", "empty", "10.9.0.3", 80, 8080, false, "10.1.0.3")
	b.pod("ns", "db", "10.2.0.2", "n2")
	b.service("ns", "vip", "10.9.1.1", 80, 8080, true, "10.2.0.2")
	gone := a.pod("ns", "gone", "10.1.0.9", "n1")
	gone.Status.Phase = corev1.PodSucceeded
	elsewhere.pod("ns", "db", "10.4.0.2", "n3")
	firewall := func(network string, from netip.Addr, tags []string, protocol string, port int) bool {
		return network == "vpc" && from.String() == "10.1.0.2" && tags[0] == "b" && protocol == "tcp" && port == 2379
	}
	w := build(firewall, a, b, elsewhere)
	for _, c := range []struct {
		what    string
		address string
		port    int
		want    error
		arrives int // at which port
	}{
		{"a pod of its own cluster, on any port", "10.1.0.3", 9999, nil, 9999},
		{"a Service", "10.9.0.1", 80, nil, 8080},
		{"a Service's other port", "10.9.0.1", 8080, ErrRefused, 0},
		{"a Service without ready endpoints", "10.9.0.3", 80, ErrRefused, 0},
		{"a remote pod that the firewall admits", "10.2.0.2", 2379, nil, 2379},
		{"a remote pod that it does not", "10.2.0.2", 2380, ErrTimeout, 0},
		{"a remote ClusterIP", "10.9.1.1", 80, ErrTimeout, 0},
		{"another VPC", "10.4.0.2", 2379, ErrTimeout, 0},
		{"a pod that has ended", "10.1.0.9", 80, ErrTimeout, 0},
		{"nobody", "10.200.0.1", 80, ErrTimeout, 0},
		{"the Internet", "8.8.8.8", 443, nil, 443},
	} {
		targets, err := w.Connect(in(a, client), netip.MustParseAddr(c.address), c.port)
		if c.want != nil {
			require.ErrorIs(t, err, c.want, c.what)
			continue
		}
		require.NoError(t, err, c.what)
		require.Equal(t, c.arrives, targets[0].Port, c.what)
	}
}

func TestNodePortsOfLocalTrafficNeedALocalPod(t *testing.T) {
	a := newCluster("a", "vpc", true).node("n1", "10.0.0.2").node("n2", "10.0.0.3")
	client := a.pod("ns", "client", "10.1.0.2", "n1")
	a.pod("ns", "web", "10.1.0.3", "n1")
	s := a.service("ns", "web", "10.9.0.1", 80, 8080, true, "10.1.0.3")
	s.Spec.Ports[0].NodePort = 30080
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	w := build(open, a)
	_, err := w.Connect(in(a, client), netip.MustParseAddr("10.0.0.2"), 30080)
	require.NoError(t, err)
	_, err = w.Connect(in(a, client), netip.MustParseAddr("10.0.0.3"), 30080)
	require.ErrorIs(t, err, ErrRefused)
}

func port(p int) []networkingv1.NetworkPolicyPort {
	return []networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromInt(p))}}
}

func block(cidr string, except ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr, Except: except}}
}

func pods(app string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}}
}

func podsIn(ns, app string) networkingv1.NetworkPolicyPeer {
	peer := pods(app)
	peer.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}}
	return peer
}

func ingress(ports []networkingv1.NetworkPolicyPort, from ...networkingv1.NetworkPolicyPeer) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress:     []networkingv1.NetworkPolicyIngressRule{{Ports: ports, From: from}},
	}
}

// Each case is one policy, of the server unless it says otherwise, and the clients that reach the server on port 80.
func TestIngressPolicies(t *testing.T) {
	everyone := []string{"near", "far", "other", "remote", "node", "kubelet"}
	for name, c := range map[string]struct {
		spec  *networkingv1.NetworkPolicySpec
		admit []string
	}{
		"none": {nil, everyone},
		"deny all": {&networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
			[]string{"kubelet"}},
		"types unset":                  {&networkingv1.NetworkPolicySpec{}, []string{"kubelet"}},
		"egress only":                  {&networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}}, everyone},
		"of other pods":                {&networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}}, everyone},
		"anyone on the port":           {ptr.To(ingress(port(80))), everyone},
		"anyone on another port":       {ptr.To(ingress(port(81))), []string{"kubelet"}},
		"the port's name":              {ptr.To(ingress([]networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromString("http"))}})), everyone},
		"another name":                 {ptr.To(ingress([]networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromString("x"))}})), []string{"kubelet"}},
		"a range of ports":             {ptr.To(ingress([]networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromInt(79)), EndPort: ptr.To[int32](81)}})), everyone},
		"UDP":                          {ptr.To(ingress([]networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromInt(80)), Protocol: ptr.To(corev1.ProtocolUDP)}})), []string{"kubelet"}},
		"pods of the namespace":        {ptr.To(ingress(port(80), pods("client"))), []string{"near", "far", "kubelet"}},
		"pods of another namespace":    {ptr.To(ingress(port(80), podsIn("other", "client"))), []string{"other", "kubelet"}},
		"an ipBlock is for strangers":  {ptr.To(ingress(port(80), block("10.0.0.0/8"))), []string{"remote", "kubelet"}},
		"the remote pods' ipBlock":     {ptr.To(ingress(port(80), block("10.2.0.0/16"))), []string{"remote", "kubelet"}},
		"an ipBlock except for a part": {ptr.To(ingress(port(80), block("10.0.0.0/8", "10.2.0.0/16"))), []string{"kubelet"}},
		"both":                         {ptr.To(ingress(port(80), block("10.2.0.0/16"), pods("client"))), []string{"near", "far", "remote", "kubelet"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newCluster("a", "vpc", true).node("n1", "10.0.0.2").node("n2", "10.0.0.3")
			b := newCluster("b", "vpc", true).node("n3", "10.0.1.2")
			a.pod("ns", "server", "10.1.0.2", "n1", corev1.ContainerPort{Name: "http", ContainerPort: 80, Protocol: corev1.ProtocolTCP})
			places := map[string]Place{
				"near":    in(a, a.pod("ns", "client", "10.1.0.3", "n1")),
				"far":     in(a, a.pod("ns", "client", "10.1.1.3", "n2")),
				"other":   in(a, a.pod("other", "client", "10.1.0.4", "n1")),
				"remote":  in(b, b.pod("ns", "client", "10.2.0.2", "n3")),
				"node":    {Cluster: "a", Node: "n2"},
				"kubelet": {Cluster: "a", Node: "n1"},
			}
			if c.spec != nil {
				if c.spec.PodSelector.MatchLabels == nil {
					c.spec.PodSelector.MatchLabels = map[string]string{"app": "server"}
				}
				a.policy("ns", *c.spec)
			}
			w := build(open, a, b)
			for who, place := range places {
				_, err := w.Connect(place, netip.MustParseAddr("10.1.0.2"), 80)
				if contains(c.admit, who) {
					require.NoError(t, err, who)
				} else {
					require.ErrorIs(t, err, ErrTimeout, who)
					require.ErrorContains(t, err, "ns/policy", who)
				}
			}
		})
	}
}

func contains(list []string, one string) bool {
	for _, item := range list {
		if item == one {
			return true
		}
	}
	return false
}

func egress(rules ...networkingv1.NetworkPolicyEgressRule) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}, Egress: rules}
}

func to(ports []networkingv1.NetworkPolicyPort, peers ...networkingv1.NetworkPolicyPeer) networkingv1.NetworkPolicyEgressRule {
	return networkingv1.NetworkPolicyEgressRule{Ports: ports, To: peers}
}

// Each case is one policy of a client, and whether the client then resolves names and reaches each destination.
func TestEgressPolicies(t *testing.T) {
	dns := []networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromInt(53)), Protocol: ptr.To(corev1.ProtocolUDP)}}
	kubeDNS := networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "kube-system"}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
	}
	for name, c := range map[string]struct {
		spec                             networkingv1.NetworkPolicySpec
		dns, local, service, remote, api bool
	}{
		"deny all":                {egress(), false, false, false, false, false},
		"DNS to anyone":           {egress(to(dns)), true, false, false, false, false},
		"DNS to kube-dns":         {egress(to(dns, kubeDNS)), false, false, false, false, false},
		"DNS to metadata server":  {egress(to(dns, block("169.254.169.254/32"))), true, false, false, false, false},
		"DNS to the wrong place":  {egress(to(dns, block("10.0.0.0/8"))), false, false, false, false, false},
		"DNS by TCP only":         {egress(to(port(53))), false, false, false, false, false},
		"the server's pods":       {egress(to(port(80), podsIn("other", "server"))), false, true, true, false, false},
		"the Service's own port":  {egress(to(port(8000), podsIn("other", "server"))), false, false, false, false, false},
		"the server's ipBlock":    {egress(to(port(80), block("10.0.0.0/8"))), false, false, false, true, false},
		"the API server":          {egress(to(port(443), block("10.100.0.0/28"))), false, false, false, false, true},
		"the API server by a pod": {egress(to(port(443), pods("api"))), false, false, false, false, false},
		"everything":              {egress(to(nil)), true, true, true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newCluster("a", "vpc", true).node("n1", "10.0.0.2")
			b := newCluster("b", "vpc", true).node("n2", "10.0.1.2")
			client := in(a, a.pod("ns", "client", "10.1.0.3", "n1"))
			a.pod("other", "server", "10.1.0.4", "n1")
			a.service("other", "server", "10.9.0.1", 8000, 80, true, "10.1.0.4")
			b.pod("other", "server", "10.2.0.4", "n2")
			a.policy("ns", c.spec)
			w := build(open, a, b)
			check := func(what string, want bool, err error) {
				if want {
					require.NoError(t, err, what)
				} else {
					require.ErrorIs(t, err, ErrTimeout, what)
				}
			}
			_, err := w.Lookup(client, "server.other")
			check("DNS", c.dns, err)
			_, err = w.Connect(client, netip.MustParseAddr("10.1.0.4"), 80)
			check("a pod", c.local, err)
			_, err = w.Connect(client, netip.MustParseAddr("10.9.0.1"), 8000)
			check("a Service", c.service, err)
			_, err = w.Connect(client, netip.MustParseAddr("10.2.0.4"), 80)
			check("a remote pod", c.remote, err)
			check("the API server", c.api, w.AdmitsAPI(client))
		})
	}
}

// Dataplane V2 applies policies to the address that a pod connects to.
func TestTheMetadataServer(t *testing.T) {
	for name, c := range map[string]struct {
		spec networkingv1.NetworkPolicySpec
		want bool
	}{
		"its port":         {egress(to(port(80), block("169.254.169.254/32"))), true},
		"its DNS only":     {egress(to(port(53), block("169.254.169.254/32"))), false},
		"GKE's own server": {egress(to(port(988), block("169.254.169.252/32"))), false},
		"the Internet":     {egress(to(port(443))), false},
	} {
		a := newCluster("a", "vpc", true).node("n1", "10.0.0.2")
		client := in(a, a.pod("ns", "client", "10.1.0.3", "n1"))
		a.policy("ns", c.spec)
		_, err := NewWorld([]Cluster{a.Cluster}, open, nil, cloud.Failures{}).Connect(client, metadataServer, metadataPort)
		require.Equal(t, c.want, err == nil, "%s: %v", name, err)
		_, err = build(open, a).Connect(in(a, a.pod("other", "free", "10.1.0.9", "n1")), metadataServer, 988)
		require.ErrorIs(t, err, ErrTimeout, "nothing else answers there")
	}
}

func TestAPodOnTheHostsNetworkIsTheNode(t *testing.T) {
	a := newCluster("a", "vpc", true).node("n1", "10.0.0.2").node("n2", "10.0.0.3")
	agent := a.pod("ns", "agent", "10.0.0.2", "n1")
	agent.Spec.HostNetwork = true
	a.pod("ns", "server", "10.1.0.4", "n1")
	a.policy("ns", networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}})
	_, err := build(open, a).Connect(in(a, agent), netip.MustParseAddr("10.1.0.4"), 80)
	require.NoError(t, err, "policies do not isolate the node from its own pods")
}

// The cluster decides which name server a pod uses, and a policy must admit that one.
func TestNameServers(t *testing.T) {
	dns := []networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromInt(53)), Protocol: ptr.To(corev1.ProtocolUDP)}}
	system := func(app string) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "kube-system"}},
			PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": app}},
		}
	}
	metadata, cache := block("169.254.169.254/32"), block("169.254.20.10/32")
	for name, c := range map[string]struct {
		peers                      []networkingv1.NetworkPolicyPeer
		kubeDNS, cloudDNS, caching bool
	}{
		"kube-dns":                {[]networkingv1.NetworkPolicyPeer{system("kube-dns")}, true, false, false},
		"the metadata server":     {[]networkingv1.NetworkPolicyPeer{metadata}, false, true, false},
		"both":                    {[]networkingv1.NetworkPolicyPeer{metadata, system("kube-dns")}, true, true, false},
		"the cache's address":     {[]networkingv1.NetworkPolicyPeer{cache}, false, false, false},
		"the cache's pods":        {[]networkingv1.NetworkPolicyPeer{system("node-local-dns")}, false, false, false},
		"the cache by both names": {[]networkingv1.NetworkPolicyPeer{cache, system("node-local-dns")}, false, false, true},
		"anything":                {nil, true, true, true},
	} {
		for _, cluster := range []struct {
			name                string
			cloudDNS, nodeLocal bool
			want                bool
		}{
			{"kube-dns", false, false, c.kubeDNS}, {"Cloud DNS", true, false, c.cloudDNS}, {"NodeLocal DNSCache", true, true, c.caching},
		} {
			t.Run(name+" with "+cluster.name, func(t *testing.T) {
				a := newCluster("a", "vpc", cluster.cloudDNS).node("n1", "10.0.0.2")
				a.NodeLocalDNS = cluster.nodeLocal
				client := in(a, a.pod("ns", "client", "10.1.0.3", "n1"))
				a.service("other", "server", "10.9.0.1", 80, 80, true)
				a.policy("ns", egress(to(dns, c.peers...)))
				_, err := build(open, a).Lookup(client, "server.other")
				if cluster.want {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, ErrTimeout)
				}
			})
		}
	}
}
