package regions

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Requests of GKE's own pods: an assumption, to be compared with `kubectl describe nodes` on Google Cloud. The figures
// are for a cluster as this program creates it: Dataplane V2, Workload Identity, Cloud DNS, system logs and metrics, no
// managed Prometheus and no HTTP load balancing.
var (
	// nodeAgents run on every node: anetd, netd, fluentbit-gke, gke-metrics-agent, gke-metadata-server, pdcsi-node,
	// node-local-dns, ip-masq-agent.
	nodeAgents = Amount{MilliCPU: 350, Memory: 700 * mebibyte}
	// clusterAgents run on any node with room: kube-dns twice (it keeps running beside Cloud DNS), its autoscaler,
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
	// podsPerNode is GKE's default, for which the address plan gives each node a /24.
	podsPerNode = 110
	// agentsPerNode is how many of those are GKE's own, rounded up generously.
	agentsPerNode = 15
	// jobsAtOnce is the number of short-lived pods that can run at the same time: the database's init, the site's
	// installation, and the CronJob. (The machines' gate ends before the database's init begins.)
	jobsAtOnce = 3
)

// pod is the unit of packing: a pod, or pods that must share a node.
type pod struct {
	request Amount
	pods    int
}

// workload is a region's peak load: all pods, one more WordPress during a rolling update, and the jobs.
func workload(r Replicas) []pod { return workloadOf(r.TiDB, r.WordPress+1, jobsAtOnce) }

// leastWithoutAMachine is what must fit while a machine is lost, until GKE has recreated it: the database and the file
// server, which have the highest priorities, one WordPress, and GKE's own pods. The rest waits.
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

// BearsMachineLoss says whether a region with that many machines of a type keeps serving after the loss of one.
func BearsMachineLoss(m Machine, nodes int, replicas Replicas) bool {
	return nodes > 1 && packs(m, nodes-1, leastWithoutAMachine(replicas))
}

// Requested is the sum of the requests of the system's own pods in one region at peak load.
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

// Fits says whether a region's peak load fits on that many machines of a type. It packs first-fit, the largest pod
// first. It ignores topology spread, which the components prefer but do not require.
//
// The scheduler places pods in order of arrival, so a yes with almost nothing to spare is no guarantee. A no is final
// in all but contrived cases.
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

// share is a pod's share of a node's CPU or memory, whichever is larger.
func share(request, of Amount) float64 {
	return max(float64(request.MilliCPU)/float64(of.MilliCPU), float64(request.Memory)/float64(of.Memory))
}

// checkCapacity returns why the pods of the named regions, which have the same node pool, do not fit, or nothing. With
// bearLoss it also returns why a region would not keep serving without one node.
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

// remedy names the smallest machine type of the class that suffices, or else the smallest number of nodes.
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
