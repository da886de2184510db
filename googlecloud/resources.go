package googlecloud

import "fmt"

const (
	mebibyte = int64(1) << 20
	gibibyte = int64(1) << 30
)

// Resources are CPU and memory, of a machine or requested by pods.
type Resources struct {
	MilliCPU int64 // thousandths of a core
	Memory   int64 // bytes
}

// Plus is the sum of two amounts.
func (r Resources) Plus(s Resources) Resources {
	return Resources{MilliCPU: r.MilliCPU + s.MilliCPU, Memory: r.Memory + s.Memory}
}

// Minus is r less s, never below zero.
func (r Resources) Minus(s Resources) Resources {
	return Resources{MilliCPU: max(0, r.MilliCPU-s.MilliCPU), Memory: max(0, r.Memory-s.Memory)}
}

// Times is n times r.
func (r Resources) Times(n int) Resources {
	return Resources{MilliCPU: r.MilliCPU * int64(n), Memory: r.Memory * int64(n)}
}

// Holds reports whether s fits into r.
func (r Resources) Holds(s Resources) bool { return s.MilliCPU <= r.MilliCPU && s.Memory <= r.Memory }

// String is for people: "1.93 vCPU and 6.10 GiB".
func (r Resources) String() string {
	return fmt.Sprintf("%.2f vCPU and %.2f GiB", float64(r.MilliCPU)/1000, float64(r.Memory)/float64(gibibyte))
}
