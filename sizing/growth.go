package sizing

import "math"

// Growth is how far each region grows by itself: the most pods, and the most machines for them. 0 leaves a number as it
// is configured.
type Growth struct {
	WordPress, TiDB, Nodes int
}

// Pods says whether the number of any pods grows.
func (g Growth) Pods() bool { return g.WordPress > 0 || g.TiDB > 0 }

// Most are the most replicas of a region, from the configured ones.
func (g Growth) Most(least Replicas) Replicas {
	return Replicas{WordPress: max(least.WordPress, g.WordPress), TiDB: max(least.TiDB, g.TiDB)}
}

const (
	// GrowthPercent is the use of CPU, in percent of what the pods request, above which a region gets more pods. At 100,
	// pods use what they request, so a machine that has no room for another pod has no CPU to spare for it either, and the
	// node pool's autoscaler, which counts requests only, adds a machine when one is needed.
	//
	// It is far below the rate at which the load balancer sends visitors to another region: there, a WordPress pod uses
	// about 280 percent.
	GrowthPercent = 100
	// PageCPUMilliseconds is the part of PageMilliseconds that is PHP's own.
	PageCPUMilliseconds = 70
)

// CallsForMore is the rate, in requests per second, above which that many WordPress pods call for another one.
func CallsForMore(pods int) float64 {
	milli := WordPress.Request().Plus(Health.Request()).MilliCPU
	return float64(pods) * float64(milli) * GrowthPercent / 100 / PageCPUMilliseconds
}

// GrowingRequestsPerMachine is RequestsPerMachine for a region whose pods and machines vary between the least and the
// most: the capacity of the pods on one machine before or after the growth, whichever is larger, and no less than the
// share of the fewest machines in the rate that calls for the last pod. Below that, the load balancer would send visitors
// to another region instead of letting this one grow.
func GrowingRequestsPerMachine(leastPods, mostPods, leastMachines, mostMachines int) float64 {
	return max(
		RequestsPerMachine(leastPods, leastMachines),
		RequestsPerMachine(mostPods, mostMachines),
		math.Ceil(CallsForMore(mostPods)/float64(leastMachines)),
	)
}
