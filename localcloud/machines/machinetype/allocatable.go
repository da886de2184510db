package machinetype

import "fmt"

const gibibyte = int64(1) << 30

// Resources are a node's capacity or its allocatable part.
type Resources struct {
	MilliCPU         int64
	Memory           int64 // bytes
	EphemeralStorage int64 // bytes
}

// bracket is one step of a graduated reservation: share, in hundredths of a per cent, applies to the next size units.
type bracket struct {
	size  int64
	share int64
}

// GKE's reservations for the kubelet, the container runtime and the system, from "Plan GKE Standard node sizes".
var (
	cpuReservation = []bracket{{1000, 600}, {1000, 100}, {2000, 50}, {1 << 62, 25}}
	// For machines of one GiB or more; smaller ones have a flat reservation.
	memoryReservation = []bracket{
		{4 * gibibyte, 2500}, {4 * gibibyte, 2000}, {8 * gibibyte, 1000}, {112 * gibibyte, 600}, {1 << 62, 200},
	}
)

const (
	// smallMemoryReservation applies to machines with less than one GiB.
	smallMemoryReservation = 255 * mebibyte
	// memoryEviction is the free memory below which the kubelet evicts pods. It is therefore not allocatable.
	memoryEviction = 100 * mebibyte
	// sharedCoreReservation leaves 940 millicores of the two vCPUs that the node reports.
	sharedCoreReservation = 1060
)

// Capacity returns the hardware resources that the node reports. The boot disk's size is in GiB.
func (t Type) Capacity(bootDiskGiB int) Resources {
	return Resources{
		MilliCPU:         int64(t.CPUs) * 1000,
		Memory:           t.Memory,
		EphemeralStorage: int64(bootDiskGiB) * gibibyte,
	}
}

// Allocatable returns the resources that GKE leaves to pods on the machine. The boot disk's size is in GiB.
func (t Type) Allocatable(bootDiskGiB int) Resources {
	capacity := t.Capacity(bootDiskGiB)
	cpu := graduated(capacity.MilliCPU, cpuReservation)
	if t.SharedCore {
		cpu = sharedCoreReservation
	}
	memory := int64(smallMemoryReservation)
	if t.Memory >= gibibyte {
		memory = graduated(t.Memory, memoryReservation) / mebibyte * mebibyte // the kubelet's flag is in MiB
	}
	return Resources{
		MilliCPU:         capacity.MilliCPU - cpu,
		Memory:           t.Memory - memory - memoryEviction,
		EphemeralStorage: max(0, capacity.EphemeralStorage-storageReservation(capacity.EphemeralStorage)),
	}
}

// storageReservation is GKE's reservation on a boot disk: an eviction threshold of a tenth and, for the system, the
// least of half the disk, 6 GiB plus 35 %, and 100 GiB.
func storageReservation(disk int64) int64 {
	return disk/10 + min(disk/2, 6*gibibyte+disk*35/100, 100*gibibyte)
}

func graduated(total int64, brackets []bracket) int64 {
	var reserved int64
	for _, b := range brackets {
		part := min(total, b.size)
		reserved += part / 10000 * b.share
		reserved += part % 10000 * b.share / 10000
		total -= part
	}
	return reserved
}

// String formats the resources for logs: "1930m CPU, 6246 MiB".
func (r Resources) String() string {
	return fmt.Sprintf("%dm CPU, %d MiB", r.MilliCPU, r.Memory/mebibyte)
}
