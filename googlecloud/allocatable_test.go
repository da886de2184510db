package googlecloud_test

import (
	"math"
	"testing"

	"geo-wordpress/googlecloud"
)

// The figures are calculated by hand from GKE's published reservations, on 97 % of a machine's nominal memory. Rounding
// takes less than 1 MiB.
func TestAllocatable(t *testing.T) {
	for _, want := range []struct {
		machine string
		milli   int64
		gib     float64
	}{
		{"e2-micro", 940, 0.623},           // 0.97 GiB, less 255 MiB as for all below 1 GiB, less 100 MiB
		{"e2-medium", 940, 2.812},          // 3.88 less 25 %
		{"n1-standard-1", 940, 2.631},      // 3.6375 less 25 %
		{"e2-standard-2", 1930, 5.910},     // 7.76 less 1 + 20 % of 3.76
		{"e2-standard-4", 3920, 12.870},    // 15.52 less 1 + 0.8 + 10 % of 7.52
		{"e2-standard-32", 31850, 114.973}, // 124.16 less 1 + 0.8 + 0.8 + 6 % of 108.16
		{"n2-standard-96", 95690, 358.173}, // 372.48 less 1 + 0.8 + 0.8 + 6.72 + 2 % of 244.48
	} {
		m, err := googlecloud.LookupMachineType(want.machine)
		if err != nil {
			t.Errorf("%s %v", want.machine, err)
			continue
		}
		got := m.Allocatable()
		if gib := float64(got.Memory) / (1 << 30); got.MilliCPU != want.milli || math.Abs(gib-want.gib) > 0.001 {
			t.Errorf("%s: got %dm and %.3f GiB, want %dm and %.3f GiB", want.machine, got.MilliCPU, gib, want.milli, want.gib)
		}
	}
}

func TestAllocatableGrowsWithTheMachine(t *testing.T) {
	var last googlecloud.MachineType
	for _, m := range googlecloud.MachineTypes("") {
		got, capacity := m.Allocatable(), m.Capacity()
		if got.MilliCPU >= capacity.MilliCPU || got.Memory >= capacity.Memory || capacity.Memory >= m.Memory {
			t.Errorf("%s has %d bytes, reports %s and offers %s", m.Name, m.Memory, capacity, got)
		}
		if m.Class == last.Class && got.Memory <= last.Allocatable().Memory && m.Memory > last.Memory {
			t.Errorf("%s offers no more than %s", m.Name, last.Name)
		}
		last = m
	}
}

func TestEphemeralStorage(t *testing.T) {
	for disk, want := range map[int]float64{
		12:  12 - 1.2 - 6,              // half the disk
		100: 100 - 10 - (6 + 35),       // 6 GiB and 35 %
		400: 400 - 40 - 100,            // never more than 100 GiB
		10:  10 - 1 - 5,                // the smallest disk
		0:   0,                         // none
		200: 200 - 20 - (6 + 0.35*200), // between the two
	} {
		capacity, allocatable := googlecloud.EphemeralStorage(disk)
		if got := float64(allocatable) / (1 << 30); capacity != int64(disk)<<30 || math.Abs(got-want) > 0.001 {
			t.Errorf("%d GiB: got %d bytes and %.3f GiB, want %.3f GiB", disk, capacity, got, want)
		}
	}
}
