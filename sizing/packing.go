package sizing

import (
	"cmp"
	"slices"

	"geo-wordpress/googlecloud"
)

// Replicas per region.
type Replicas struct {
	WordPress, TiDB int
}

const (
	// agentsPerNode is how many pods of a node are GKE's own, rounded up generously.
	agentsPerNode = 15
	// jobsAtOnce is the number of short-lived pods that can run at the same time: the database's init, the site's
	// installation, and the CronJob. (The machines' gate ends before the database's init begins, and a backup that finds no
	// room waits for it.)
	jobsAtOnce = 3
)

// pod is the unit of packing: a pod, or pods that must share a node.
type pod struct {
	request googlecloud.Resources
	pods    int
}

// workload is a region's peak load: all pods, one more WordPress during a rolling update, and the jobs.
func workload(r Replicas) []pod { return workloadOf(r.TiDB, r.WordPress+1, jobsAtOnce) }

// leastWithoutAMachine is what must fit while a machine is lost, until GKE has recreated it: the database and the file
// server, which have the highest priorities, one WordPress, and GKE's own pods. The rest waits.
func leastWithoutAMachine(r Replicas) []pod { return workloadOf(r.TiDB, 1, 0) }

func workloadOf(tidb, wordpress, jobs int) []pod {
	pods := []pod{
		{PD.Request(), 1},
		{TiKV.Request(), 1},
		// Syncthing watches the directories that the NFS server exports, so the two share a disk and a node. Metrics count
		// without monitoring too: machines that suffice without it suffice with it.
		{NFS.Request().Plus(Syncthing.Request()).Plus(Helper.Request()).Plus(Metrics.Request()), 2},
	}
	for range tidb {
		pods = append(pods, pod{TiDB.Request(), 1})
	}
	for range wordpress {
		pods = append(pods, pod{WordPress.Request().Plus(Health.Request()), 1})
	}
	for range jobs {
		pods = append(pods, pod{Job.Request(), 1})
	}
	for _, agent := range googlecloud.ClusterAgents {
		for range agent.Replicas {
			pods = append(pods, pod{agent.Request, 1})
		}
	}
	return pods
}

// ToleratesMachineLoss reports whether a region with that many machines of a type keeps serving after the loss of one.
func ToleratesMachineLoss(m googlecloud.MachineType, nodes int, replicas Replicas) bool {
	return nodes > 1 && packs(m, nodes-1, leastWithoutAMachine(replicas))
}

// Requested is the sum of the requests in one region at peak load, GKE's own pods on every node excepted.
func Requested(replicas Replicas) googlecloud.Resources {
	var sum googlecloud.Resources
	for _, p := range workload(replicas) {
		sum = sum.Plus(p.request)
	}
	return sum
}

// Fits reports whether a region's peak load fits on that many machines of a type. It packs first-fit, the largest pod
// first. It ignores topology spread, which the components prefer but do not require.
//
// The scheduler places pods in order of arrival, so a yes with almost nothing to spare is no guarantee. A no is final
// in all but contrived cases.
func Fits(m googlecloud.MachineType, nodes int, replicas Replicas) bool {
	return packs(m, nodes, workload(replicas))
}

// packs places pods, the largest first, each onto the first node with room.
func packs(m googlecloud.MachineType, nodes int, pods []pod) bool {
	type node struct {
		free googlecloud.Resources
		pods int
	}
	free := m.Allocatable()
	pool := make([]node, nodes)
	for i := range pool {
		pool[i] = node{free: free.Minus(googlecloud.NodeAgents), pods: agentsPerNode}
	}

	slices.SortStableFunc(pods, func(a, b pod) int {
		return cmp.Compare(share(b.request, free), share(a.request, free))
	})
	for _, p := range pods {
		i := slices.IndexFunc(pool, func(n node) bool { return n.free.Holds(p.request) && n.pods+p.pods <= googlecloud.PodsPerNode })
		if i < 0 {
			return false
		}
		pool[i].free = pool[i].free.Minus(p.request)
		pool[i].pods += p.pods
	}
	return true
}

// share is a pod's share of a node's CPU or memory, whichever is larger.
func share(request, of googlecloud.Resources) float64 {
	return max(float64(request.MilliCPU)/float64(of.MilliCPU), float64(request.Memory)/float64(of.Memory))
}
