package enginetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFaultRegion brings a stack up, loses a region for good and replaces it in another zone; then it adds two regions and
// takes them away again, under load. Updates are killed on the way, and go on. At the end no region's API answers.
func TestFaultRegion(t *testing.T) {
	b := newFaultBench(t) // with a prebuilt program, and the tool that repairs a stack after a kill
	const lost = "europe-west2"
	steps := []step{
		{"up, killed, and changed where it was", takeIn},
		{"a region that lives is not given up", func(b *bench) {
			b.setRegion(1, "lost", "true")
			out, err := b.tryPulumi("up --yes --skip-preview")
			if err == nil || !strings.Contains(out, "purge-"+lost) {
				b.t.Fatalf("an update that gives up a region that lives ends with %v:\n%s", err, tail(out, 40))
			}
			if left := len(b.disks()); left != dataDisks {
				b.t.Errorf("%d data disks are left", left)
			}
			checkBackends(b, 3)
		}},
		{"the plan for a lost region changes nothing in the others", func(b *bench) {
			b.run(b.tool("localcloud"), "fail", "region", lost)
			for _, change := range b.plan() {
				shared := strings.HasSuffix(change, "BackendService::loadbalancer") || strings.Contains(change, "::replication-") ||
					strings.HasSuffix(change, "pulumi:Stack::geo-wordpress-dev")
				if !shared && !strings.Contains(change, lost) {
					b.t.Errorf("the plan is to %s", change)
				}
			}
		}},
		{"it is given up, interrupted while it is purged and while it is deleted", func(b *bench) {
			b.killAt("purge-" + lost + ` creat`)
			b.killAt(`NodePool cluster-` + lost + ` delet`)
			b.pulumi("up --yes --skip-preview")
			for _, r := range b.cloudResources() {
				if strings.Contains(r, lost) {
					b.t.Errorf("left in the cloud: %s", r)
				}
			}
			checkDatabase(b, 2)
			checkBackends(b, 2)
		}},
		{"it returns in another zone, interrupted while it joins", func(b *bench) {
			b.run(b.tool("localcloud"), "heal")
			b.unsetRegion(1, "lost")
			b.setRegion(1, "zone", "europe-west2-c")
			b.killAt("StatefulSet tidb-" + lost + `-pd creat`)
			b.pulumi("up --yes --skip-preview")
			checkDatabase(b, 3)
			b.refreshKubeconfig()
			settleClusters(b)
			checkInventory(b)
			checkBackends(b, 3)
			b.pulumi("preview --expect-no-changes")
		}},
		{"an entry that is taken out by a slip is refused", func(b *bench) {
			whole := b.read(b.config)
			b.run("pulumi", "config", "rm", "--path", "geo-wordpress:regions[2]", "--stack", "dev", "--config-file", b.config)
			out, err := b.tryPulumi("preview")
			if err == nil || !strings.Contains(out, "europe-west3: is not in the list, but has disks with data") {
				b.t.Errorf("a region taken out of the list: %v\n%s", err, tail(out, 20))
			}
			b.write(b.config, whole)
		}},
		{"two regions come and go without a failed request", comeAndGo},
		{"destroy leaves nothing, without any region's API", func(b *bench) {
			b.run(b.tool("localcloud"), "fail", "control-plane")
			b.pulumi("destroy --yes --skip-preview")
			checkEmpty(b)
		}},
	}
	b.inTurn(steps)
}

// comeAndGo adds two regions and removes them again, under load.
func comeAndGo(b *bench) {
	rotation := watchRotation(b)
	defer rotation.stop()
	b.run(b.tool("localcloud"), "checks", "--pace", "10") // pods stop ten times as fast as declared
	load := startLoad(b.t, "http://"+strings.TrimSpace(b.outputOf("stack output loadbalancer_ip"))+"/", drillRate/4)
	began := time.Now()
	added := []string{"europe-west4", "europe-west6"}
	for i, name := range added {
		b.setRegion(3+i, "name", name)
		b.setRegion(3+i, "zone", name+"-b")
	}
	saving := b.env
	b.saveAtTheEnd()
	b.pulumi("up --yes --skip-preview")
	b.env = saving // the next update is killed
	checkDatabase(b, 5)
	b.refreshKubeconfig()
	for i := range added {
		b.setRegion(3+i, "leaving", "true")
	}
	b.killAt("departure-" + added[1] + ` creat`)
	b.saveAtTheEnd()
	b.pulumi("up --yes --skip-preview")
	checkDatabase(b, 3)
	for i := range added {
		b.run("pulumi", "config", "rm", "--path", fmt.Sprintf("geo-wordpress:regions[%d]", 4-i), "--stack", "dev", "--config-file", b.config)
	}
	b.pulumi("up --yes --skip-preview")
	load.end()
	failures, _ := judge(load.between(began, time.Now()))
	b.t.Logf("%d requests in %s: %s", len(load.between(began, time.Now())), time.Since(began).Round(time.Second), kinds(failures))
	if len(failures) > 0 {
		b.t.Errorf("%d requests failed", len(failures))
	}
	checkDatabase(b, 3)
	settleClusters(b)
	checkInventory(b)
}

// setRegion sets a field of an entry of regions.
func (b *bench) setRegion(index int, field, value string) {
	b.t.Helper()
	b.run("pulumi", "config", "set", "--path", fmt.Sprintf("geo-wordpress:regions[%d].%s", index, field), value, "--stack", "dev", "--config-file", b.config)
}

func (b *bench) unsetRegion(index int, field string) {
	b.t.Helper()
	b.run("pulumi", "config", "rm", "--path", fmt.Sprintf("geo-wordpress:regions[%d].%s", index, field), "--stack", "dev", "--config-file", b.config)
}

// plan lists what a preview would do, as "operation URN".
func (b *bench) plan() (changes []string) {
	b.t.Helper()
	type step struct{ Op, URN string }
	for _, s := range decode[struct{ Steps []step }](b.t, b.outputOf("preview", "--json", "--config-file", b.config)).Steps {
		if s.Op != "same" {
			changes = append(changes, s.Op+" "+s.URN)
		}
	}
	if len(changes) == 0 {
		b.t.Error("nothing would change")
	}
	return changes
}

// killAt kills an update at the first line that matches, and repairs the stack.
func (b *bench) killAt(line string) {
	b.t.Helper()
	hit, out, err := b.interrupt(syscall.SIGKILL, moment{printed: regexp.MustCompile(line)}, "up")
	if !hit {
		b.t.Fatalf("the update ended without printing %s: %v\n%s", line, err, tail(out, 60))
	}
	b.recover()
}

// refreshKubeconfig writes the kubeconfig again, after regions have come or gone.
func (b *bench) refreshKubeconfig() {
	b.write(b.kubeconfig(), b.outputOf("stack output kubeconfig", "--show-secrets"))
}

// checkDatabase checks that exactly so many Placement Drivers and stores run and have a quorum. (The Job replication, whose
// success every update waits for, checks the members, the stores and their replicas.)
func checkDatabase(b *bench, want int) {
	b.t.Helper()
	var words []string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		words = nil
		for _, c := range b.status().Clusters {
			for _, w := range c.Workloads {
				if slices.Contains([]string{"pd", "tikv"}, w.State.Kind) && slices.Contains([]string{"leader", "follower"}, w.State.Word) {
					words = append(words, w.State.Kind)
				}
			}
		}
		if len(words) == 2*want {
			return
		}
	}
	b.t.Errorf("%v have a quorum, not those of %d regions", words, want)
}

// checkBackends checks how many regions the load balancer has.
func checkBackends(b *bench, want int) {
	b.t.Helper()
	for _, service := range b.status().LoadBalancers.Services {
		if len(service.Groups) != want {
			b.t.Errorf("the load balancer has %d backends, not %d", len(service.Groups), want)
		}
	}
}
