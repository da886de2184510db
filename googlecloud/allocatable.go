package googlecloud

// PodsPerNode is GKE's default, for which a node gets a /24 of the pod range.
const PodsPerNode = 110

const (
	// kernelPercent is the part of a machine's memory that its guest never sees: firmware, kernel, crash kernel. (An
	// e2-standard-2 reports some 7.77 of its 8 GiB.) An assumption, a little on the safe side.
	kernelPercent = 3
	// evictionThreshold is kept free on every node, so that the kubelet can evict pods before the kernel kills them.
	evictionThreshold = 100 * mebibyte
)

// Capacity is what a node of this type reports: its vCPUs, and the memory that its guest sees, in whole KiB.
func (t MachineType) Capacity() Resources {
	return Resources{
		MilliCPU: int64(t.VCPUs) * 1000,
		Memory:   t.Memory * (100 - kernelPercent) / 100 / 1024 * 1024,
	}
}

// Allocatable is the part of the capacity that GKE leaves to pods, its own pods included: the capacity less what it
// reserves for the kubelet, the container runtime and the system, by its published formulas, and less the eviction
// threshold. Source: cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes. (Its table of allocatable memory
// applies the formulas to all of the machine's memory, and so has 2 to 3 % more.)
func (t MachineType) Allocatable() Resources {
	capacity := t.Capacity()
	reserved := Resources{
		// 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of all above four.
		MilliCPU: int64(tiered(capacity.MilliCPU,
			tier{1000, 0.06}, tier{1000, 0.01}, tier{2000, 0.005}, tier{0, 0.0025})),
		// 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % of all above 128.
		Memory: inMebibytes(tiered(capacity.Memory,
			tier{4 * gibibyte, 0.25}, tier{4 * gibibyte, 0.20}, tier{8 * gibibyte, 0.10}, tier{112 * gibibyte, 0.06},
			tier{0, 0.02})),
	}
	if t.SharedCore {
		reserved.MilliCPU = 1060 // of two vCPUs
	}
	if capacity.Memory < gibibyte {
		reserved.Memory = 255 * mebibyte
	}
	reserved.Memory += evictionThreshold
	return capacity.Minus(reserved)
}

// EphemeralStorage is what a node with a boot disk of that size, in GiB, reports, and the part of it that GKE leaves to
// pods, both in bytes. GKE keeps a tenth free, and reserves the least of half the disk, 6 GiB plus 35 %, and 100 GiB.
func EphemeralStorage(bootDiskGiB int) (capacity, allocatable int64) {
	capacity = int64(bootDiskGiB) * gibibyte
	reserved := capacity/10 + min(capacity/2, 6*gibibyte+capacity*35/100, 100*gibibyte)
	return capacity, capacity - reserved
}

// inMebibytes rounds bytes down to whole mebibytes, the unit of the kubelet's flags.
func inMebibytes(bytes float64) int64 { return int64(bytes) / mebibyte * mebibyte }

// tier is a share of the next units; zero units mean all the rest.
type tier struct {
	units int64
	share float64
}

func tiered(total int64, tiers ...tier) float64 {
	var sum float64
	for _, t := range tiers {
		units := total
		if t.units > 0 {
			units = min(total, t.units)
		}
		sum += float64(units) * t.share
		total -= units
	}
	return sum
}
