package googlecloud

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MachineType is a machine type of Compute Engine.
type MachineType struct {
	Name   string // such as e2-standard-4
	Class  string // family and memory class, such as e2-standard
	VCPUs  int
	Memory int64 // bytes, as the machine type promises them

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

var machineTypes = func() map[string]MachineType {
	table := map[string]MachineType{}
	for name, memory := range sharedCore {
		table[name] = MachineType{Name: name, Class: "e2-standard", VCPUs: 2, Memory: memory, SharedCore: true}
	}
	for family, c := range classes {
		for _, n := range c.vCPUs {
			name := family + "-" + strconv.Itoa(n)
			memory := inMebibytes(c.memoryPerVCPU * float64(n) * float64(gibibyte))
			table[name] = MachineType{Name: name, Class: family, VCPUs: n, Memory: memory}
		}
	}
	return table
}()

// LookupMachineType finds a machine type by its name. The error does not repeat the name, and says which there are.
func LookupMachineType(name string) (MachineType, error) {
	if t, ok := machineTypes[name]; ok {
		return t, nil
	}
	family := name[:max(0, strings.LastIndex(name, "-"))]
	if c, ok := classes[family]; ok {
		sizes := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(c.vCPUs)), ", "), "[]")
		return MachineType{}, fmt.Errorf("has no such size: the vCPUs of %s are %s", family, sizes)
	}
	return MachineType{}, fmt.Errorf("must be a machine type: %s-N, or a shared-core %s",
		strings.Join(slices.Sorted(maps.Keys(classes)), "-N, "), strings.Join(slices.Sorted(maps.Keys(sharedCore)), ", "))
}

// MachineTypes returns the machine types of a class, by size; of all classes if it is empty.
func MachineTypes(class string) []MachineType {
	var types []MachineType
	for _, t := range machineTypes {
		if class == "" || t.Class == class {
			types = append(types, t)
		}
	}
	slices.SortFunc(types, func(a, b MachineType) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.VCPUs, b.VCPUs), cmp.Compare(a.Memory, b.Memory))
	})
	return types
}
