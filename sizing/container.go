// Package sizing holds the sizes of containers and of the processes in them, and computes what a region needs: whether its
// pods fit on its machines, and how many requests a machine serves.
package sizing

import (
	"fmt"
	"strconv"
	"strings"

	"geo-wordpress/googlecloud"
)

// Container is a container's requests and limits, as Kubernetes quantities: CPU in cores or milli-cores ("1", "200m"),
// memory in binary units ("256Mi", "2Gi").
type Container struct {
	CPURequest, CPULimit       string
	MemoryRequest, MemoryLimit string
}

// The containers, for the components and the capacity check.
//
// Requests are what a small site needs. Limits leave room for bursts and for what the software is configured to use.
// TiKV: its block cache (1 GB), with twice as much again for memtables, compactions and its coprocessor. WordPress and
// the health page: all of their processes at PHP's memory_limit (php.go).
var (
	PD        = Container{CPURequest: "200m", CPULimit: "1", MemoryRequest: "256Mi", MemoryLimit: "1Gi"}
	TiKV      = Container{CPURequest: "500m", CPULimit: "2", MemoryRequest: "2Gi", MemoryLimit: "3Gi"}
	TiDB      = Container{CPURequest: "300m", CPULimit: "2", MemoryRequest: "512Mi", MemoryLimit: "2Gi"}
	NFS       = Container{CPURequest: "100m", CPULimit: "1", MemoryRequest: "128Mi", MemoryLimit: "512Mi"}
	WordPress = Container{CPURequest: "200m", CPULimit: "1", MemoryRequest: "256Mi", MemoryLimit: mebibytes(WordPressMemoryMiB)}
	Health    = Container{CPURequest: "15m", CPULimit: "500m", MemoryRequest: "64Mi", MemoryLimit: mebibytes(HealthMemoryMiB)}
	Syncthing = Container{CPURequest: "100m", CPULimit: "1", MemoryRequest: "128Mi", MemoryLimit: "512Mi"}
	// Job is every short-lived container: Jobs, the CronJob, init containers.
	Job = Container{CPURequest: "50m", CPULimit: "500m", MemoryRequest: "64Mi", MemoryLimit: "256Mi"}
	// Backup is a container that dumps, copies or loads a backup. It holds a few chunks of it in memory.
	Backup = Container{CPURequest: "50m", CPULimit: "1", MemoryRequest: "128Mi", MemoryLimit: "1Gi"}
	// Shell is a person's: WP-CLI at PHP's memory_limit, and ImageMagick. It requests no more than a Job.
	Shell = Container{CPURequest: "50m", CPULimit: "1", MemoryRequest: "64Mi", MemoryLimit: "1Gi"}
	// Helper is a shell beside a server. It mostly sleeps.
	Helper = Container{CPURequest: "5m", CPULimit: "100m", MemoryRequest: "16Mi", MemoryLimit: "32Mi"}
	// Metrics is rclone, which serves one small file: 47 MiB were measured of 1.60.1 with all its storage systems, 35 of them its
	// program.
	Metrics = Container{CPURequest: "5m", CPULimit: "200m", MemoryRequest: "64Mi", MemoryLimit: "128Mi"}
)

const (
	mebibyte = int64(1) << 20
	gibibyte = int64(1) << 30
)

// Request is what the scheduler reserves for the container. It panics if a quantity is malformed.
func (c Container) Request() googlecloud.Resources { return resources(c.CPURequest, c.MemoryRequest) }

// Limit is the most that the container may use. It panics if a quantity is malformed.
func (c Container) Limit() googlecloud.Resources { return resources(c.CPULimit, c.MemoryLimit) }

func resources(cpu, memory string) googlecloud.Resources {
	milli, isMilli := strings.CutSuffix(cpu, "m")
	cores := positive(milli, cpu)
	if !isMilli {
		cores *= 1000
	}
	for suffix, unit := range map[string]int64{"Mi": mebibyte, "Gi": gibibyte} {
		if number, ok := strings.CutSuffix(memory, suffix); ok {
			return googlecloud.Resources{MilliCPU: cores, Memory: positive(number, memory) * unit}
		}
	}
	panic(fmt.Sprintf("sizing: memory quantity %q is not in Mi or Gi", memory))
}

func positive(number, quantity string) int64 {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 {
		panic(fmt.Sprintf("sizing: quantity %q is not a positive whole number with its unit", quantity))
	}
	return n
}

// mebibytes is an amount as a Kubernetes quantity.
func mebibytes(n int) string { return fmt.Sprintf("%dMi", n) }
