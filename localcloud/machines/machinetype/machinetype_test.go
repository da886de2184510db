package machinetype

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The expected values are calculated by hand from GKE's published brackets: vCPUs and GiB to two decimals.
func TestAllocatableIsWhatGKEsBracketsLeave(t *testing.T) {
	for _, c := range []struct {
		name   string
		cpus   float64
		memory float64
	}{
		{"e2-micro", 0.94, 0.65},
		{"e2-medium", 0.94, 2.90},
		{"e2-standard-2", 1.93, 6.10},
		{"e2-standard-4", 3.92, 13.30},
		{"e2-standard-8", 7.91, 28.34},
		{"e2-standard-16", 15.89, 58.42},
		{"n1-standard-1", 0.94, 2.71},
		{"n1-standard-2", 1.93, 5.70},
		{"n1-standard-32", 31.85, 111.06},
	} {
		t.Run(c.name, func(t *testing.T) {
			machine, err := Lookup(c.name)
			require.NoError(t, err)
			got := machine.Allocatable(100)
			require.InDelta(t, c.cpus, float64(got.MilliCPU)/1000, 0.005)
			require.InDelta(t, c.memory, float64(got.Memory)/float64(gibibyte), 0.006)
		})
	}
}

func TestStorageReservationTakesTheLeastOfItsThreeTerms(t *testing.T) {
	machine, err := Lookup("e2-standard-2")
	require.NoError(t, err)
	for disk, want := range map[int]float64{
		12:  12 - 1.2 - 6,              // half the disk
		100: 100 - 10 - (6 + 35),       // 6 GiB and 35 %
		400: 400 - 40 - 100,            // never more than 100 GiB
		10:  10 - 1 - 5,                // the smallest disk
		0:   0,                         // none
		200: 200 - 20 - (6 + 0.35*200), // between the two
	} {
		got := float64(machine.Allocatable(disk).EphemeralStorage) / float64(gibibyte)
		require.InDelta(t, want, got, 0.001, "%d GiB", disk)
	}
}

func TestAllocatableNeverExceedsCapacityAndGrowsWithTheMachine(t *testing.T) {
	for family, s := range predefined {
		last := int64(math.MinInt64)
		for _, cpus := range s.cpus {
			machine := Type{Name: family, CPUs: cpus, Memory: int64(cpus) * s.memory * mebibyte}
			got, whole := machine.Allocatable(100), machine.Capacity(100)
			require.Less(t, got.MilliCPU, whole.MilliCPU, "%s-%d", family, cpus)
			require.Less(t, got.Memory, whole.Memory, "%s-%d", family, cpus)
			require.Greater(t, got.Memory, last, "%s-%d", family, cpus)
			last = got.Memory
		}
	}
}

func TestLookupRefusesWhatComputeEngineDoesNotHave(t *testing.T) {
	for _, name := range []string{"", "e2", "e2-standard", "e2-standard-3", "e2-standard-02", "e2-standard--2", "n9-standard-4", "e2-medium-2"} {
		_, err := Lookup(name)
		require.Error(t, err, name)
		require.Contains(t, err.Error(), `"`+name+`"`)
	}
	_, err := Lookup("e2-standard-3")
	require.True(t, strings.Contains(err.Error(), "[2 4 8 16 32]"), "the error says which sizes there are: %v", err)
}
