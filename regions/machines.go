package regions

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Machine is a machine type of Compute Engine.
type Machine struct {
	Name   string // such as e2-standard-4
	Class  string // family and memory class, such as e2-standard
	VCPUs  int
	Memory int64 // bytes

	// SharedCore machines have vCPUs that are a fraction of a core each; GKE reserves more of them.
	SharedCore bool
}

// class is a set of machine types that differ only in size.
type class struct {
	memoryPerVCPU float64 // GiB
	vCPUs         []int
}

// classes are the supported machine types: current general-purpose families, and n1. Families that support only
// Hyperdisk (c4, n4) cannot attach the system's persistent disks. Source:
// cloud.google.com/compute/docs/general-purpose-machines.
var classes = map[string]class{
	"e2-standard":  {4, []int{2, 4, 8, 16, 32}},
	"e2-highmem":   {8, []int{2, 4, 8, 16}},
	"e2-highcpu":   {1, []int{2, 4, 8, 16, 32}},
	"n1-standard":  {3.75, []int{1, 2, 4, 8, 16, 32, 64, 96}},
	"n1-highmem":   {6.5, []int{2, 4, 8, 16, 32, 64, 96}},
	"n1-highcpu":   {0.9, []int{2, 4, 8, 16, 32, 64, 96}},
	"n2-standard":  {4, []int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128}},
	"n2-highmem":   {8, []int{2, 4, 8, 16, 32, 48, 64, 80, 96}},
	"n2-highcpu":   {1, []int{2, 4, 8, 16, 32, 48, 64, 80, 96}},
	"n2d-standard": {4, []int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224}},
	"n2d-highmem":  {8, []int{2, 4, 8, 16, 32, 48, 64, 80, 96}},
	"n2d-highcpu":  {1, []int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224}},
	"c3-standard":  {4, []int{4, 8, 22, 44, 88, 176}},
	"c3-highmem":   {8, []int{4, 8, 22, 44, 88, 176}},
	"c3-highcpu":   {2, []int{4, 8, 22, 44, 88, 176}},
	"t2d-standard": {4, []int{1, 2, 4, 8, 16, 32, 48, 60}},
}

// sharedCore machines show two vCPUs to the guest.
var sharedCore = map[string]int64{"e2-micro": gibibyte, "e2-small": 2 * gibibyte, "e2-medium": 4 * gibibyte}

var machines = func() map[string]Machine {
	table := map[string]Machine{}
	for name, memory := range sharedCore {
		table[name] = Machine{Name: name, Class: "e2-standard", VCPUs: 2, Memory: memory, SharedCore: true}
	}
	for family, c := range classes {
		for _, n := range c.vCPUs {
			name := family + "-" + strconv.Itoa(n)
			memory := int64(c.memoryPerVCPU * float64(n) * float64(gibibyte))
			table[name] = Machine{Name: name, Class: family, VCPUs: n, Memory: memory}
		}
	}
	return table
}()

// MachineType looks a machine type up by its name.
func MachineType(name string) (Machine, bool) {
	m, ok := machines[name]
	return m, ok
}

// MachineTypes returns the known machine types of a class, by size; of all classes if it is empty.
func MachineTypes(class string) []Machine {
	var types []Machine
	for _, m := range machines {
		if class == "" || m.Class == class {
			types = append(types, m)
		}
	}
	slices.SortFunc(types, func(a, b Machine) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.VCPUs, b.VCPUs), cmp.Compare(a.Memory, b.Memory))
	})
	return types
}

// checkMachineType returns what is wrong with the name of a machine type, or nothing.
func checkMachineType(name string) string {
	if _, ok := machines[name]; ok {
		return ""
	}
	if c, ok := classes[name[:max(0, strings.LastIndex(name, "-"))]]; ok {
		return fmt.Sprintf("has no such size: the vCPUs of %s are %s", name[:strings.LastIndex(name, "-")], list(c.vCPUs))
	}
	return fmt.Sprintf("must be a machine type: %s-N, or a shared-core %s%s",
		strings.Join(slices.Sorted(maps.Keys(classes)), "-N, "),
		strings.Join(slices.Sorted(maps.Keys(sharedCore)), ", "),
		suggestion(name, slices.Sorted(maps.Keys(machines))))
}

func list(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

// evictionThreshold is kept free on every node, so that the kubelet can evict pods before the kernel kills them.
const evictionThreshold = 100 * mebibyte

// kernelShare is the part of a machine's memory that its guest never sees: firmware, kernel, crash kernel. (An
// e2-standard-2 reports some 7.77 of its 8 GiB.) An assumption, a little on the safe side.
const kernelShare = 0.03

// Allocatable is what a GKE node of this type offers to pods, by GKE's published formulas.
// Source: cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes.
func (m Machine) Allocatable() Amount {
	capacity := Amount{
		MilliCPU: int64(m.VCPUs) * 1000,
		Memory:   int64(float64(m.Memory) * (1 - kernelShare)),
	}
	reserved := Amount{
		// 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of all above four.
		MilliCPU: int64(tiered(float64(capacity.MilliCPU),
			tier{1000, 0.06}, tier{1000, 0.01}, tier{2000, 0.005}, tier{0, 0.0025})),
		// 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % of all above 128.
		Memory: int64(tiered(float64(capacity.Memory),
			tier{4 * gibibyte, 0.25}, tier{4 * gibibyte, 0.20}, tier{8 * gibibyte, 0.10}, tier{112 * gibibyte, 0.06},
			tier{0, 0.02})),
	}
	if m.SharedCore {
		reserved.MilliCPU = 1060
	}
	if capacity.Memory < gibibyte {
		reserved.Memory = 255 * mebibyte
	}
	reserved.Memory += evictionThreshold
	return capacity.Minus(reserved)
}

// tier is a share of the next units; zero units mean all the rest.
type tier struct {
	units int64
	share float64
}

func tiered(total float64, tiers ...tier) float64 {
	var sum float64
	for _, t := range tiers {
		units := total
		if t.units > 0 {
			units = min(total, float64(t.units))
		}
		sum += units * t.share
		total -= units
	}
	return sum
}
