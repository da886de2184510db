package regions

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a container's requests and limits, as Kubernetes quantities: CPU in cores or milli-cores ("1", "200m"),
// memory in binary units ("256Mi", "2Gi").
type Size struct {
	CPURequest, CPULimit       string
	MemoryRequest, MemoryLimit string
}

// Sizes is the single table of container sizes, used by the components and the capacity check.
//
// Requests are what a small site needs. Limits leave room for bursts and for what the software is configured to use.
// TiKV: its block cache (1 GB), with twice as much again for memtables, compactions and its coprocessor. WordPress and
// the health page: all of their processes at PHP's memory_limit (serving.go).
var Sizes = struct {
	PD, TiKV, TiDB, NFS, WordPress, Health, Syncthing Size
	// Job is every short-lived container: Jobs, the CronJob, init containers.
	Job Size
	// Helper is a shell beside a server. It mostly sleeps.
	Helper Size
}{
	PD:        Size{CPURequest: "200m", CPULimit: "1", MemoryRequest: "256Mi", MemoryLimit: "1Gi"},
	TiKV:      Size{CPURequest: "500m", CPULimit: "2", MemoryRequest: "2Gi", MemoryLimit: "3Gi"},
	TiDB:      Size{CPURequest: "300m", CPULimit: "2", MemoryRequest: "512Mi", MemoryLimit: "2Gi"},
	NFS:       Size{CPURequest: "100m", CPULimit: "1", MemoryRequest: "128Mi", MemoryLimit: "512Mi"},
	WordPress: Size{CPURequest: "200m", CPULimit: "1", MemoryRequest: "256Mi", MemoryLimit: mebibytes(WordPressMemoryMiB)},
	Health:    Size{CPURequest: "15m", CPULimit: "500m", MemoryRequest: "64Mi", MemoryLimit: mebibytes(HealthMemoryMiB)},
	Syncthing: Size{CPURequest: "100m", CPULimit: "1", MemoryRequest: "128Mi", MemoryLimit: "512Mi"},
	Job:       Size{CPURequest: "50m", CPULimit: "500m", MemoryRequest: "64Mi", MemoryLimit: "256Mi"},
	Helper:    Size{CPURequest: "5m", CPULimit: "100m", MemoryRequest: "16Mi", MemoryLimit: "32Mi"},
}

// Amount is CPU and memory, requested or offered.
type Amount struct {
	MilliCPU int64 // thousandths of a core
	Memory   int64 // bytes
}

const (
	mebibyte = int64(1) << 20
	gibibyte = int64(1) << 30
)

// Request is what the scheduler reserves for the container. It panics if a quantity of the table is malformed.
func (s Size) Request() Amount { return amount(s.CPURequest, s.MemoryRequest) }

// Limit is the most that the container may use. It panics if a quantity of the table is malformed.
func (s Size) Limit() Amount { return amount(s.CPULimit, s.MemoryLimit) }

// Plus is the sum of two amounts.
func (a Amount) Plus(b Amount) Amount {
	return Amount{MilliCPU: a.MilliCPU + b.MilliCPU, Memory: a.Memory + b.Memory}
}

// Minus is a less b, never below zero.
func (a Amount) Minus(b Amount) Amount {
	return Amount{MilliCPU: max(0, a.MilliCPU-b.MilliCPU), Memory: max(0, a.Memory-b.Memory)}
}

// Times is n times the amount.
func (a Amount) Times(n int) Amount {
	return Amount{MilliCPU: a.MilliCPU * int64(n), Memory: a.Memory * int64(n)}
}

// Holds says whether b fits into a.
func (a Amount) Holds(b Amount) bool { return b.MilliCPU <= a.MilliCPU && b.Memory <= a.Memory }

// String is for people: "1.93 vCPU and 6.10 GiB".
func (a Amount) String() string {
	return fmt.Sprintf("%.2f vCPU and %.2f GiB", float64(a.MilliCPU)/1000, float64(a.Memory)/float64(gibibyte))
}

func amount(cpu, memory string) Amount {
	milli, isMilli := strings.CutSuffix(cpu, "m")
	cores := positive(milli, cpu)
	if !isMilli {
		cores *= 1000
	}
	for suffix, unit := range map[string]int64{"Mi": mebibyte, "Gi": gibibyte} {
		if number, ok := strings.CutSuffix(memory, suffix); ok {
			return Amount{MilliCPU: cores, Memory: positive(number, memory) * unit}
		}
	}
	panic(fmt.Sprintf("regions: memory quantity %q is not in Mi or Gi", memory))
}

func positive(number, quantity string) int64 {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 {
		panic(fmt.Sprintf("regions: quantity %q is not a positive whole number with its unit", quantity))
	}
	return n
}
