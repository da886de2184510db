package sizing_test

import (
	"testing"

	"geo-wordpress/googlecloud"
	"geo-wordpress/sizing"
)

func TestFits(t *testing.T) {
	small := sizing.Replicas{WordPress: 2, TiDB: 1}
	for _, c := range []struct {
		machine  string
		nodes    int
		replicas sizing.Replicas
		want     bool
		why      string
	}{
		{"e2-standard-2", 2, small, true, "the dev stack"},
		{"e2-standard-2", 2, sizing.Replicas{WordPress: 2, TiDB: 2}, true, "the dev stack, which has two TiDBs: 2.94 of 3.16 vCPU"},
		{"e2-standard-2", 1, small, false, "2.6 vCPU of pods"},
		{"e2-standard-4", 1, small, true, "one machine of twice the size"},
		{"e2-micro", 100, small, false, "no machine holds TiKV, nor GKE's agents, however many there are"},
		{"e2-highcpu-2", 100, small, false, "no machine holds TiKV's 2 GiB"},
		{"e2-highcpu-4", 4, small, true, "3 vCPU and 2.1 GiB each, TiKV alone on one"},
		{"n1-standard-1", 8, small, false, "1.95 GiB beside GKE's agents, and TiKV asks for 2"},
		{"e2-medium", 8, small, true, "0.59 vCPU each, TiKV alone on one"},
		{"e2-standard-2", 2, sizing.Replicas{WordPress: 12, TiDB: 1}, false, "WordPress has all the vCPU"},
		{"n2d-standard-224", 1, sizing.Replicas{WordPress: 60, TiDB: 1}, true, "room for 110 pods"},
		{"n2d-standard-224", 1, sizing.Replicas{WordPress: 100, TiDB: 1}, false, "vCPU in plenty, and no room for 110 pods more"},
		{"n2d-standard-224", 2, sizing.Replicas{WordPress: 100, TiDB: 1}, true, "room for 220"},
	} {
		m, _ := googlecloud.LookupMachineType(c.machine)
		if got := sizing.Fits(m, c.nodes, c.replicas); got != c.want {
			t.Errorf("%d of %s for %+v: %t, want %t (%s)", c.nodes, c.machine, c.replicas, got, c.want, c.why)
		}
	}
}

func TestToleratesMachineLoss(t *testing.T) {
	usual := sizing.Replicas{WordPress: 2, TiDB: 2}
	for _, c := range []struct {
		machine string
		nodes   int
		want    bool
		why     string
	}{
		{"e2-standard-2", 2, false, "the dev stack: 2.14 vCPU without the second WordPress and the jobs, 1.58 on one"},
		{"e2-standard-2", 3, true, "3.16 vCPU on two"},
		{"e2-standard-4", 2, true, "the default: 3.57 vCPU on one"},
		{"e2-standard-4", 1, false, "the only machine"},
		{"e2-standard-32", 1, false, "the only machine"},
		{"e2-highcpu-4", 2, false, "TiKV's 2 GiB leave no memory for the rest on one"},
	} {
		m, _ := googlecloud.LookupMachineType(c.machine)
		if got := sizing.ToleratesMachineLoss(m, c.nodes, usual); got != c.want {
			t.Errorf("%d of %s: %t, want %t (%s)", c.nodes, c.machine, got, c.want, c.why)
		}
	}
}

// If Fits says yes, the sum of the requests must fit, computed here from the table of sizes. Fits must also say yes for
// more nodes and for fewer replicas.
func TestFitsIsSound(t *testing.T) {
	sum := func(r sizing.Replicas) googlecloud.Resources {
		total := sizing.PD.Request().Plus(sizing.TiKV.Request()).Plus(sizing.NFS.Request()).Plus(sizing.Syncthing.Request())
		total = total.Plus(sizing.TiDB.Request().Times(r.TiDB))
		return total.Plus(sizing.WordPress.Request().Plus(sizing.Health.Request()).Times(r.WordPress + 1))
	}
	fitting := 0
	for _, machine := range googlecloud.MachineTypes("") {
		for wordpress := 1; wordpress <= 9; wordpress += 2 {
			for tidb := 1; tidb <= 3; tidb++ {
				replicas := sizing.Replicas{WordPress: wordpress, TiDB: tidb}
				fitted := false
				for nodes := 1; nodes <= 6; nodes++ {
					fits := sizing.Fits(machine, nodes, replicas)
					if fits && !machine.Allocatable().Times(nodes).Holds(sum(replicas)) {
						t.Errorf("%d of %s hold less than %+v", nodes, machine.Name, replicas)
					}
					if fitted && !fits {
						t.Errorf("%+v fit on %d of %s, but not on %d", replicas, nodes-1, machine.Name, nodes)
					}
					if fits && wordpress > 1 && !sizing.Fits(machine, nodes, sizing.Replicas{WordPress: wordpress - 1, TiDB: tidb}) {
						t.Errorf("%+v fit on %d of %s, but not with one WordPress less", replicas, nodes, machine.Name)
					}
					fitted = fits
					if fits {
						fitting++
					}
				}
			}
		}
	}
	if fitting == 0 {
		t.Error("nothing fits on anything")
	}
}
