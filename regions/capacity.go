package regions

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// What GKE's own pods request, an assumption to be compared with `kubectl describe nodes` on Google Cloud. The figures
// are of a cluster as this program makes it: Dataplane V2, Workload Identity, Cloud DNS, system logs and metrics, no
// managed Prometheus and no HTTP load balancing.
var (
	// nodeAgents run on every node: anetd, netd, fluentbit-gke, gke-metrics-agent, gke-metadata-server, pdcsi-node,
	// node-local-dns, ip-masq-agent.
	nodeAgents = Amount{MilliCPU: 350, Memory: 700 * mebibyte}
	// clusterAgents run wherever there is room: kube-dns twice (it keeps running beside Cloud DNS), its autoscaler,
	// metrics-server, konnectivity-agent twice, event-exporter.
	clusterAgents = []Amount{
		{MilliCPU: 270, Memory: 140 * mebibyte},
		{MilliCPU: 270, Memory: 140 * mebibyte},
		{MilliCPU: 20, Memory: 10 * mebibyte},
		{MilliCPU: 50, Memory: 110 * mebibyte},
		{MilliCPU: 10, Memory: 30 * mebibyte},
		{MilliCPU: 10, Memory: 30 * mebibyte},
		{MilliCPU: 10, Memory: 20 * mebibyte},
	}
)

const (
	// podsPerNode is GKE's default, and what the address plan gives a node a /24 for.
	podsPerNode = 110
	// agentsPerNode is how many of those are GKE's own, generously.
	agentsPerNode = 15
	// jobsAtOnce are the short-lived pods that can run at the same time: the database's init, the site's
	// installation, and the CronJob. (The gate behind the machines has ended before the database's init begins.)
	jobsAtOnce = 3
)

// pod is what the packing places: a pod, or pods that must share a node.
type pod struct {
	request Amount
	pods    int
}

// workload is what runs in one region when it is fullest: all pods, one more WordPress during a rolling update, and
// the jobs.
func workload(r Replicas) []pod { return workloadOf(r.TiDB, r.WordPress+1, jobsAtOnce) }

// leastWithoutAMachine is what must find room while a machine is lost, until GKE has made it anew: the database and the
// files, which come first by their priority, one WordPress, and GKE's own. The rest waits.
func leastWithoutAMachine(r Replicas) []pod { return workloadOf(r.TiDB, 1, 0) }

func workloadOf(tidb, wordpress, jobs int) []pod {
	pods := []pod{
		{Sizes.PD.Request(), 1},
		{Sizes.TiKV.Request(), 1},
		// Syncthing watches the directories that the NFS server exports, so the two share a disk and a node.
		{Sizes.NFS.Request().Plus(Sizes.Syncthing.Request()).Plus(Sizes.Helper.Request()), 2},
	}
	for range tidb {
		pods = append(pods, pod{Sizes.TiDB.Request(), 1})
	}
	for range wordpress {
		pods = append(pods, pod{Sizes.WordPress.Request().Plus(Sizes.Health.Request()), 1})
	}
	for range jobs {
		pods = append(pods, pod{Sizes.Job.Request(), 1})
	}
	for _, request := range clusterAgents {
		pods = append(pods, pod{request, 1})
	}
	return pods
}

// BearsMachineLoss says whether a region serves on while one of so many machines of a type is lost.
func BearsMachineLoss(m Machine, nodes int, replicas Replicas) bool {
	return nodes > 1 && packs(m, nodes-1, leastWithoutAMachine(replicas))
}

// Requested is what the system's own pods request together in one region when it is fullest.
func Requested(replicas Replicas) Amount {
	var sum Amount
	for _, p := range workload(replicas) {
		sum = sum.Plus(p.request)
	}
	for _, agent := range clusterAgents {
		sum = sum.Minus(agent)
	}
	return sum
}

// Fits says whether everything that runs in one region finds room on so many machines of a type, by packing the
// largest pod first, each onto the first node with room. That replicas are spread is the components' wish and no
// condition, so it has no say here.
//
// The scheduler places pods one by one as they come, so a yes with next to nothing left over is no promise. A no is
// final for all but contrived cases.
func Fits(m Machine, nodes int, replicas Replicas) bool { return packs(m, nodes, workload(replicas)) }

// packs places pods, the largest first, each onto the first node with room.
func packs(m Machine, nodes int, pods []pod) bool {
	type node struct {
		free Amount
		pods int
	}
	free := m.Allocatable()
	pool := make([]node, nodes)
	for i := range pool {
		pool[i] = node{free: free.Minus(nodeAgents), pods: agentsPerNode}
	}

	slices.SortStableFunc(pods, func(a, b pod) int {
		return cmp.Compare(share(b.request, free), share(a.request, free))
	})
	for _, p := range pods {
		i := slices.IndexFunc(pool, func(n node) bool { return n.free.Holds(p.request) && n.pods+p.pods <= podsPerNode })
		if i < 0 {
			return false
		}
		pool[i].free = pool[i].free.Minus(p.request)
		pool[i].pods += p.pods
	}
	return true
}

// share is the larger of the parts of a node's CPU and memory that a pod takes.
func share(request, of Amount) float64 {
	return max(float64(request.MilliCPU)/float64(of.MilliCPU), float64(request.Memory)/float64(of.Memory))
}

// checkCapacity returns why the pods of the named regions, alike in machines and nodes, do not fit, or, if a machine's
// loss is to be borne, do not fit without one; or nothing.
func checkCapacity(names []string, m Machine, nodes int, replicas Replicas, bearLoss bool) string {
	if Fits(m, nodes, replicas) {
		if bearLoss && !BearsMachineLoss(m, nodes, replicas) {
			return fmt.Sprintf("too small for %s to serve on while one of %s of %s is lost; %s, or set tolerateMachineLoss "+
				"to false: the region is then out until the machine is made anew, and the others serve",
				strings.Join(names, ", "), count(nodes, "node"), m.Name, remedy(m, nodes, func(m Machine, nodes int) bool {
					return Fits(m, nodes, replicas) && BearsMachineLoss(m, nodes, replicas)
				}))
		}
		return ""
	}
	var needed Amount
	for _, p := range workload(replicas) {
		needed = needed.Plus(p.request)
	}
	tikv := Sizes.TiKV.Request()
	return fmt.Sprintf("too small for %s: the pods of a region request %s (the largest, TiKV, %s), and %s of %s offer %s "+
		"beside what GKE keeps; %s",
		strings.Join(names, ", "), needed, tikv, count(nodes, "node"), m.Name,
		m.Allocatable().Minus(nodeAgents).Times(nodes), remedy(m, nodes, func(m Machine, nodes int) bool { return Fits(m, nodes, replicas) }))
}

// remedy names the smallest machine type of the class that does, or else the smallest number of nodes.
func remedy(m Machine, nodes int, does func(Machine, int) bool) string {
	for _, larger := range MachineTypes(m.Class) {
		if does(larger, nodes) {
			return fmt.Sprintf("take %s or larger, more nodes, or fewer replicas", larger.Name)
		}
	}
	for more := nodes + 1; more <= maxNodes; more++ {
		if does(m, more) {
			return fmt.Sprintf("no %s does on %s: take %d nodes or fewer replicas", m.Class, count(nodes, "node"), more)
		}
	}
	return "take larger machines on more nodes, or fewer replicas"
}
