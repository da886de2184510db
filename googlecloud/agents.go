package googlecloud

// Agent is a kind of pod that GKE itself runs on the nodes, on capacity that workloads then cannot use.
type Agent struct {
	Name     string
	Replicas int
	Request  Resources // of each replica
}

// Requests of GKE's own pods: an assumption, to be compared with `kubectl describe nodes` on Google Cloud. The figures
// are for a cluster as the program creates it: Dataplane V2, Workload Identity, Cloud DNS, system logs and metrics, no
// managed Prometheus and no HTTP load balancing.
var (
	// NodeAgents is the sum for the pods on every node: anetd, netd, fluentbit-gke, gke-metrics-agent,
	// gke-metadata-server, pdcsi-node, node-local-dns, ip-masq-agent.
	NodeAgents = Resources{MilliCPU: 350, Memory: 700 * mebibyte}
	// ClusterAgents run on any node with room. kube-dns keeps running beside Cloud DNS.
	ClusterAgents = []Agent{
		{"kube-dns", 2, Resources{270, 140 * mebibyte}},
		{"kube-dns-autoscaler", 1, Resources{20, 10 * mebibyte}},
		{"metrics-server", 1, Resources{50, 110 * mebibyte}},
		{"konnectivity-agent", 2, Resources{10, 30 * mebibyte}},
		{"event-exporter-gke", 1, Resources{10, 20 * mebibyte}},
	}
)
