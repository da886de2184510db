package vpc

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"geo-wordpress/localcloud/cloud"
)

// Node is a machine of a cluster.
type Node struct {
	Name string
	IP   netip.Addr
	Tags []string // the network tags that firewalls select
	Down bool     // lost, or not booted yet: packets to it are never answered
}

// Cluster is one cluster as its API server describes it.
type Cluster struct {
	cloud.Cluster
	Nodes      []Node
	Pods       []*corev1.Pod
	Services   []*corev1.Service
	Slices     []*discoveryv1.EndpointSlice
	Policies   []*networkingv1.NetworkPolicy
	Namespaces []*corev1.Namespace
}

// Firewall says whether a VPC admits a packet, as cloud.Facts.Admits does.
type Firewall func(network string, from netip.Addr, tags []string, protocol string, port int) bool

// Place is the location of a program: a pod or, without one, a node itself.
type Place struct {
	Cluster string // the cluster's ID
	Node    string
	Pod     *corev1.Pod
}

// Target is a pod port at which a connection arrives, or an address outside the clusters.
type Target struct {
	Cluster  string
	Pod      *corev1.Pod
	Address  netip.Addr
	Port     int
	External bool // an address on the Internet, or the metadata server's
}

// The errors of a failed connection, as a program sees them.
var (
	ErrNoSuchHost = errors.New("no such host")
	ErrTimeout    = errors.New("i/o timeout")
	ErrRefused    = errors.New("connection refused")
)

// Failure is one of the errors above, with a reason that only a view of the whole network reveals.
type Failure struct {
	Err error
	Why string
}

func (f *Failure) Error() string { return f.Err.Error() + " (" + f.Why + ")" }
func (f *Failure) Unwrap() error { return f.Err }

// Timeout and Temporary make it a net.Error, which distinguishes a timeout from a refusal.
func (f *Failure) Timeout() bool { return f.Err == ErrTimeout }

// Temporary is part of net.Error.
func (f *Failure) Temporary() bool { return false }

func failed(err error, format string, args ...any) error {
	return &Failure{Err: err, Why: fmt.Sprintf(format, args...)}
}

// World is a snapshot of all clusters. It is immutable, and safe for concurrent use.
type World struct {
	clusters []*member
	byID     map[string]*member
	firewall Firewall
	internet func(clusterID string) bool
	failures cloud.Failures
}

// member is a cluster with the indices that lookups need.
type member struct {
	Cluster
	podByIP     map[netip.Addr]*corev1.Pod
	nodeByIP    map[netip.Addr]Node
	nodeByName  map[string]Node
	serviceByIP map[netip.Addr]*corev1.Service
	services    map[string]*corev1.Service // by namespace/name
	slices      map[string][]*discoveryv1.EndpointSlice
	policies    map[string][]*networkingv1.NetworkPolicy // by namespace
	namespaces  map[string]*corev1.Namespace
}

// NewWorld takes a snapshot. A nil firewall admits every packet; with a nil internet, nothing outside is reachable. Of
// the failures, only the partitions count: lost machines are marked in Node.Down.
func NewWorld(clusters []Cluster, firewall Firewall, internet func(clusterID string) bool, failures cloud.Failures) *World {
	w := &World{byID: map[string]*member{}, firewall: firewall, internet: internet, failures: failures}
	for _, c := range clusters {
		m := index(c)
		w.clusters = append(w.clusters, m)
		w.byID[c.ID] = m
	}
	slices.SortFunc(w.clusters, func(a, b *member) int { return cmp.Compare(a.ID, b.ID) })
	return w
}

func index(c Cluster) *member {
	m := &member{
		Cluster:     c,
		podByIP:     map[netip.Addr]*corev1.Pod{},
		nodeByIP:    map[netip.Addr]Node{},
		nodeByName:  map[string]Node{},
		serviceByIP: map[netip.Addr]*corev1.Service{},
		services:    map[string]*corev1.Service{},
		slices:      map[string][]*discoveryv1.EndpointSlice{},
		policies:    map[string][]*networkingv1.NetworkPolicy{},
		namespaces:  map[string]*corev1.Namespace{},
	}
	for _, pod := range c.Pods {
		if ip, ok := PodIP(pod); ok && !pod.Spec.HostNetwork {
			m.podByIP[ip] = pod
		}
	}
	for _, node := range c.Nodes {
		m.nodeByIP[node.IP] = node
		m.nodeByName[node.Name] = node
	}
	for _, service := range c.Services {
		m.services[service.Namespace+"/"+service.Name] = service
		if ip, err := netip.ParseAddr(service.Spec.ClusterIP); err == nil {
			m.serviceByIP[ip] = service
		}
	}
	for _, slice := range c.Slices {
		key := slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]
		m.slices[key] = append(m.slices[key], slice)
	}
	for _, policy := range c.Policies {
		m.policies[policy.Namespace] = append(m.policies[policy.Namespace], policy)
	}
	for _, namespace := range c.Namespaces {
		m.namespaces[namespace.Name] = namespace
	}
	return m
}

// PodIP returns the address of a pod that has one and still runs.
func PodIP(pod *corev1.Pod) (netip.Addr, bool) {
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(pod.Status.PodIP)
	return ip, err == nil
}

// address returns the source address of packets from a place.
func (w *World) address(from Place) (netip.Addr, error) {
	m := w.byID[from.Cluster]
	if m == nil {
		return netip.Addr{}, failed(ErrTimeout, "cluster %s is gone", from.Cluster)
	}
	if from.Pod != nil && !from.Pod.Spec.HostNetwork {
		ip, ok := PodIP(from.Pod)
		if !ok {
			return netip.Addr{}, failed(ErrTimeout, "pod %s/%s has no address", from.Pod.Namespace, from.Pod.Name)
		}
		return ip, nil
	}
	node, ok := m.nodeByName[from.node()]
	if !ok {
		return netip.Addr{}, failed(ErrTimeout, "node %s is gone", from.node())
	}
	return node.IP, nil
}

func (p Place) node() string {
	if p.Pod != nil {
		return p.Pod.Spec.NodeName
	}
	return p.Node
}

// isolable returns the pod at a place to which NetworkPolicies apply: nil on a node, and for a pod on the host network.
func (p Place) isolable() *corev1.Pod {
	if p.Pod == nil || p.Pod.Spec.HostNetwork {
		return nil
	}
	return p.Pod
}

// Size returns the number of clusters in the snapshot.
func (w *World) Size() int { return len(w.clusters) }
