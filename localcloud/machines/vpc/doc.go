// Package vpc models connectivity between the pods and machines of clusters in one or several VPC networks.
//
// It is a pure model of the layers between two programs on Google Cloud: Cloud DNS for GKE, Services, the VPC's
// firewalls, and NetworkPolicies as Dataplane V2 enforces them.
//
// Names. Every name of the Kubernetes DNS specification resolves in its own cluster. From other clusters and machines
// of the same VPC, the Services of a cluster with VPC-scope DNS resolve by their full name. Per-pod records
// (hostname.service.namespace.svc.domain) do not resolve across clusters: Google documents headless Services for that,
// and nothing should rely on more.
//
// Routes. A pod's address is routable in its whole VPC, and traffic inside 10.0.0.0/8 keeps it as its source address. A
// ClusterIP is not routable outside its own cluster, even where its name resolves. The firewall applies to traffic that
// enters a machine from outside the cluster.
//
// Failures. A lost machine and the pods on it answer nothing, although the API server still shows them for a while. No
// packet passes between two partitioned regions. Names still resolve, because Cloud DNS is global.
//
// Policies. Dataplane V2 knows the pods and nodes of its own cluster by identity: its pods match podSelector and
// namespaceSelector, never an ipBlock; its nodes match only rules without peers. Everything else, remote pods included,
// matches only an ipBlock. Traffic from a node to its own pods (the kubelet's probes) is always admitted.
package vpc
