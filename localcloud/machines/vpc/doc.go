// Package vpc says who reaches whom: between the pods and machines of clusters in one or several VPC networks.
//
// It is a pure model of what stands between two programs on Google Cloud: Cloud DNS for GKE, Services, the VPC's
// firewalls and NetworkPolicies as Dataplane V2 enforces them.
//
// Names. Every name of the Kubernetes DNS specification resolves in its own cluster. From other clusters and machines
// of the same VPC, the Services of a cluster with VPC-scope DNS resolve by their full name. Per-pod records
// (hostname.service.namespace.svc.domain) are not resolved across clusters: Google documents headless Services for
// that, and nothing may rely on more.
//
// Routes. A pod's address is routed in its whole VPC and keeps its source address inside 10.0.0.0/8; a ClusterIP leads
// nowhere outside its own cluster, even where its name resolves. The firewall judges what enters a machine from outside
// the cluster.
//
// Failures. A machine that is lost answers nothing, and neither does a pod on it, although the API server still shows it
// for a while. Between two regions that are partitioned no packet passes. Names resolve all the same: Cloud DNS is global.
//
// Policies. Dataplane V2 knows the pods and nodes of its own cluster by identity: its pods match podSelector and
// namespaceSelector, never an ipBlock, and its nodes only rules that name no peer. Everything else, remote pods included,
// matches only an ipBlock. Traffic from a node to its own pods (the kubelet's probes) is always admitted.
package vpc
