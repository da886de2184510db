package machinetype

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const mebibyte = int64(1) << 20

type Type struct {
	Name   string
	CPUs   int   // vCPUs
	Memory int64 // bytes
	// SharedCore types have two vCPUs that may only burst above their share of a core.
	SharedCore bool
}

// series is one family of predefined types: its sizes in vCPUs and its memory per vCPU in MiB.
type series struct {
	cpus   []int
	memory int64
}

// Predefined types, from Compute Engine's machine families guide.
var predefined = map[string]series{
	"e2-standard":  {[]int{2, 4, 8, 16, 32}, 4096},
	"e2-highmem":   {[]int{2, 4, 8, 16}, 8192},
	"e2-highcpu":   {[]int{2, 4, 8, 16, 32}, 1024},
	"n1-standard":  {[]int{1, 2, 4, 8, 16, 32, 64, 96}, 3840},
	"n1-highmem":   {[]int{2, 4, 8, 16, 32, 64, 96}, 6656},
	"n1-highcpu":   {[]int{2, 4, 8, 16, 32, 64, 96}, 922},
	"n2-standard":  {[]int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128}, 4096},
	"n2-highmem":   {[]int{2, 4, 8, 16, 32, 48, 64, 80, 96}, 8192},
	"n2-highcpu":   {[]int{2, 4, 8, 16, 32, 48, 64, 80, 96}, 1024},
	"n2d-standard": {[]int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224}, 4096},
	"n2d-highmem":  {[]int{2, 4, 8, 16, 32, 48, 64, 80, 96}, 8192},
	"n2d-highcpu":  {[]int{2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224}, 1024},
	"c3-standard":  {[]int{4, 8, 22, 44, 88, 176}, 4096},
	"c3-highmem":   {[]int{4, 8, 22, 44, 88, 176}, 8192},
	"c3-highcpu":   {[]int{4, 8, 22, 44, 88, 176}, 2048},
	"t2d-standard": {[]int{1, 2, 4, 8, 16, 32, 48, 60}, 4096},
}

var sharedCore = map[string]int64{"e2-micro": 1024, "e2-small": 2048, "e2-medium": 4096}

// Lookup finds a machine type by Compute Engine's name, such as e2-standard-4. The error lists the known types or
// sizes.
func Lookup(name string) (Type, error) {
	if memory, ok := sharedCore[name]; ok {
		return Type{Name: name, CPUs: 2, Memory: memory * mebibyte, SharedCore: true}, nil
	}
	if dash := strings.LastIndex(name, "-"); dash > 0 {
		s, ok := predefined[name[:dash]]
		cpus, err := strconv.Atoi(name[dash+1:])
		if ok && err == nil && slices.Contains(s.cpus, cpus) && strconv.Itoa(cpus) == name[dash+1:] {
			return Type{Name: name, CPUs: cpus, Memory: int64(cpus) * s.memory * mebibyte}, nil
		}
		if ok {
			return Type{}, fmt.Errorf("machine type %q does not exist: %s comes with %v vCPUs", name, name[:dash], s.cpus)
		}
	}
	var families []string
	for family := range predefined {
		families = append(families, family+"-N")
	}
	for shared := range sharedCore {
		families = append(families, shared)
	}
	slices.Sort(families)
	return Type{}, fmt.Errorf("machine type %q is unknown to the local cloud: it knows %s", name, strings.Join(families, ", "))
}
