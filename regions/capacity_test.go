package regions_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"geo-wordpress/regions"
	"geo-wordpress/regions/regionstest"
)

// The figures are calculated by hand from GKE's published reservations, on 97 % of a machine's nominal memory.
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
		m, ok := regions.MachineType(want.machine)
		if !ok {
			t.Errorf("%s is not known", want.machine)
			continue
		}
		got := m.Allocatable()
		if gib := float64(got.Memory) / (1 << 30); got.MilliCPU != want.milli || math.Abs(gib-want.gib) > 0.001 {
			t.Errorf("%s: got %dm and %.3f GiB, want %dm and %.3f GiB", want.machine, got.MilliCPU, gib, want.milli, want.gib)
		}
	}
}

func TestFits(t *testing.T) {
	small := regions.Replicas{WordPress: 2, TiDB: 1}
	for _, c := range []struct {
		machine  string
		nodes    int
		replicas regions.Replicas
		want     bool
		why      string
	}{
		{"e2-standard-2", 2, small, true, "the dev stack"},
		{"e2-standard-2", 2, regions.Replicas{WordPress: 2, TiDB: 2}, true, "the dev stack, which has two TiDBs: 2.94 of 3.16 vCPU"},
		{"e2-standard-2", 1, small, false, "2.6 vCPU of pods"},
		{"e2-standard-4", 1, small, true, "one machine of twice the size"},
		{"e2-micro", 100, small, false, "no machine holds TiKV, nor GKE's agents, however many there are"},
		{"e2-highcpu-2", 100, small, false, "no machine holds TiKV's 2 GiB"},
		{"e2-highcpu-4", 4, small, true, "3 vCPU and 2.1 GiB each, TiKV alone on one"},
		{"n1-standard-1", 8, small, false, "1.95 GiB beside GKE's agents, and TiKV asks for 2"},
		{"e2-medium", 8, small, true, "0.59 vCPU each, TiKV alone on one"},
		{"e2-standard-2", 2, regions.Replicas{WordPress: 12, TiDB: 1}, false, "WordPress has all the vCPU"},
		{"n2d-standard-224", 1, regions.Replicas{WordPress: 60, TiDB: 1}, true, "room for 110 pods"},
		{"n2d-standard-224", 1, regions.Replicas{WordPress: 100, TiDB: 1}, false, "vCPU in plenty, and no room for 110 pods more"},
		{"n2d-standard-224", 2, regions.Replicas{WordPress: 100, TiDB: 1}, true, "room for 220"},
	} {
		m, _ := regions.MachineType(c.machine)
		if got := regions.Fits(m, c.nodes, c.replicas); got != c.want {
			t.Errorf("%d of %s for %+v: %t, want %t (%s)", c.nodes, c.machine, c.replicas, got, c.want, c.why)
		}
	}
}

func TestBearsMachineLoss(t *testing.T) {
	usual := regions.Replicas{WordPress: 2, TiDB: 2}
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
		m, _ := regions.MachineType(c.machine)
		if got := regions.BearsMachineLoss(m, c.nodes, usual); got != c.want {
			t.Errorf("%d of %s: %t, want %t (%s)", c.nodes, c.machine, got, c.want, c.why)
		}
	}
}

// With tolerateMachineLoss, a configuration that would not survive the loss of a machine is refused, with a remedy.
func TestMachinesTooFewForALoss(t *testing.T) {
	for name, c := range map[string]struct{ machine, nodes, want string }{
		"larger machines": {"e2-standard-2", "2", `take e2-standard-4 or larger`},
		"more machines":   {"e2-standard-4", "1", `no e2-standard does on 1 node: take 2 nodes`},
	} {
		values := regionstest.Committed(t)
		values["geo-wordpress:machineType"], values["geo-wordpress:nodesPerRegion"] = c.machine, c.nodes
		values["geo-wordpress:tolerateMachineLoss"] = "true"
		_, err := regions.Load(values, regionstest.Project)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "tolerateMachineLoss") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		values["geo-wordpress:tolerateMachineLoss"] = "false"
		if _, err := regions.Load(values, regionstest.Project); err != nil {
			t.Errorf("%s: not to bear it, and yet: %v", name, err)
		}
	}
}

// If Fits says yes, the sum of the requests must fit, computed here from the table of sizes. Fits must also say yes for
// more nodes and for fewer replicas.
func TestFitsIsSound(t *testing.T) {
	sum := func(r regions.Replicas) regions.Amount {
		s := regions.Sizes
		total := s.PD.Request().Plus(s.TiKV.Request()).Plus(s.NFS.Request()).Plus(s.Syncthing.Request())
		return total.Plus(s.TiDB.Request().Times(r.TiDB)).Plus(s.WordPress.Request().Plus(s.Health.Request()).Times(r.WordPress + 1))
	}
	fitting := 0
	for _, machine := range regions.MachineTypes("") {
		for wordpress := 1; wordpress <= 9; wordpress += 2 {
			for tidb := 1; tidb <= 3; tidb++ {
				replicas := regions.Replicas{WordPress: wordpress, TiDB: tidb}
				fitted := false
				for nodes := 1; nodes <= 6; nodes++ {
					fits := regions.Fits(machine, nodes, replicas)
					if fits && !machine.Allocatable().Times(nodes).Holds(sum(replicas)) {
						t.Errorf("%d of %s hold less than %+v", nodes, machine.Name, replicas)
					}
					if fitted && !fits {
						t.Errorf("%+v fit on %d of %s, but not on %d", replicas, nodes-1, machine.Name, nodes)
					}
					if fits && wordpress > 1 && !regions.Fits(machine, nodes, regions.Replicas{WordPress: wordpress - 1, TiDB: tidb}) {
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

// The remedy that an error names must work, and be the smallest: the smallest type of the class, or the fewest nodes.
func TestTheRemedyHelps(t *testing.T) {
	larger := regexp.MustCompile(`take ([a-z0-9]+-[a-z]+-[0-9]+) or larger`)
	more := regexp.MustCompile(`take ([0-9]+) nodes or fewer`)
	tried := map[string]int{}
	for _, machine := range regions.MachineTypes("") {
		for nodes, replicas := range map[int]string{1: "100", 2: "20", 3: "30"} { // 100 are too many pods for any one node
			values := regionstest.Committed(t)
			values["geo-wordpress:machineType"], values["geo-wordpress:nodesPerRegion"] = machine.Name, fmt.Sprint(nodes)
			values["geo-wordpress:wordpressReplicas"] = replicas
			_, err := regions.Load(values, regionstest.Project)
			if err == nil {
				continue
			}
			text := err.Error()
			if match := larger.FindStringSubmatch(text); match != nil {
				tried["larger"]++
				for _, other := range regions.MachineTypes(machine.Class) {
					values["geo-wordpress:machineType"] = other.Name
					_, err := regions.Load(values, regionstest.Project)
					if other.Name == match[1] && err != nil {
						t.Errorf("%v\nbut then %v", text, err)
					}
					if other.Name == match[1] {
						break
					}
					if err == nil {
						t.Errorf("%v\nbut %s does", text, other.Name)
					}
				}
			} else if match := more.FindStringSubmatch(text); match != nil {
				tried["more"]++
				values["geo-wordpress:nodesPerRegion"] = match[1]
				if _, err := regions.Load(values, regionstest.Project); err != nil {
					t.Errorf("%v\nbut then %v", text, err)
				}
			}
		}
	}
	if tried["larger"] == 0 || tried["more"] == 0 {
		t.Errorf("not every way out was tried: %v", tried)
	}
}

func TestSizes(t *testing.T) {
	s := regions.Sizes
	for name, size := range map[string]regions.Size{"PD": s.PD, "TiKV": s.TiKV, "TiDB": s.TiDB, "NFS": s.NFS,
		"WordPress": s.WordPress, "Health": s.Health, "Syncthing": s.Syncthing, "Job": s.Job} {
		request, limit := size.Request(), size.Limit()
		if request.MilliCPU <= 0 || request.Memory <= 0 || !limit.Holds(request) {
			t.Errorf("%s: requests %v, limits %v", name, request, limit)
		}
	}
	if got := s.TiKV.Request(); got != (regions.Amount{MilliCPU: 500, Memory: 2 << 30}) {
		t.Errorf("500m and 2Gi are %+v", got)
	}
	if got := s.PD.Limit(); got != (regions.Amount{MilliCPU: 1000, Memory: 1 << 30}) {
		t.Errorf("1 and 1Gi are %+v", got)
	}
	for _, malformed := range []regions.Size{{}, {"1", "1", "1", "1"}, {"0m", "1", "1Mi", "1Mi"}, {"0.5", "1", "1Gi", "1Gi"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was read", malformed)
				}
			}()
			malformed.Request()
		}()
	}
}
