package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// plannedChange is a change that an operator makes under load. No request may fail.
type plannedChange struct {
	what, result string
	began, end   time.Time
}

// plan makes a change, waits until everything is ready again, and records when.
func (d *drill) plan(what string, change func() (result string)) {
	d.t.Helper()
	p := plannedChange{what: what, began: time.Now()}
	d.say("%s", what)
	p.result = change()
	d.until("every pod is ready", d.podsReady)
	// If one machine of a region is full, both WordPress pods may run on the other.
	d.until("a machine of each region is in rotation", d.rotation.some(regionNames...))
	time.Sleep(drillQuiet)
	p.end = time.Now()
	d.plans = append(d.plans, p)
	failures, _ := judge(d.load.between(p.began, p.end))
	d.say("%s: %s", what, kinds(failures))
}

// drainNode drains a serving machine, as an operator or GKE's repair does. It avoids the NFS server's machine: moving
// that server interrupts its region's site, which allPools covers.
func (d *drill) drainNode() string {
	region := regionNames[1]
	nodesOf := func(namespace, app string) []string {
		return strings.Fields(d.kubectl(region, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name="+app,
			"-o", "jsonpath={.items[*].spec.nodeName}"))
	}
	files := nodesOf("files", "nfs")
	serving := slices.DeleteFunc(nodesOf("wordpress", "wordpress"), func(node string) bool { return slices.Contains(files, node) })
	if len(serving) == 0 {
		d.t.Fatalf("in %s no machine but the NFS server's runs WordPress", region)
	}
	began := time.Now()
	d.kubectl(region, "drain", serving[0], "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=5m")
	took := time.Since(began)
	d.say("%s of %s is drained", serving[0], region)
	d.kubectl(region, "uncordon", serving[0])
	// The pods all run on the other machine now. Spread them again, as docs/operating.md says.
	for _, w := range []workload{theTiDB, theWordPress} {
		d.kubectl(region, "-n", w.namespace, "rollout", "restart", w.object)
		d.rolledOut(region, w.namespace, w.object)
	}
	return "drained in " + seconds(took)
}

// badImage sets an image whose WordPress ends with a fatal error, although its server accepts connections and its
// health page would pass. The update stops in the first region, whose old pods keep serving.
func (d *drill) badImage() string {
	good := d.image(regionNames[0], theWordPress)
	bad := good + "-broken"
	d.set("wordpressImage", bad)
	began := time.Now()
	polls := 0 // polls in a row with a passing health page and WordPress not started; a healthy start causes one
	out, err := d.untilInterrupted(func() bool {
		states := d.tryKubectl(regionNames[0], "-n", theWordPress.namespace, "get", "pods",
			"-o", `jsonpath={range .items[*]}{.status.containerStatuses[?(@.name=="wordpress")].started}/{.status.containerStatuses[?(@.name=="health")].ready} {end}`)
		if polls++; !strings.Contains(states, "false/true") {
			polls = 0
		}
		return polls == 10
	})
	if err == nil {
		d.t.Fatalf("an update to the image %s passes:\n%s", bad, tail(out, 60))
	}
	for i, region := range regionNames {
		if got := d.image(region, theWordPress); (got == bad) != (i == 0) {
			d.t.Errorf("after a bad image, %s is declared with %s", region, got)
		}
	}
	result := fmt.Sprintf("stopped in %s, undone after %s", regionNames[0], seconds(time.Since(began)))
	d.set("wordpressImage", good)
	// The provider records the old inputs for the interrupted resources: without --refresh, an update back to these
	// inputs would change nothing.
	d.pulumi("up --yes --skip-preview --refresh")
	return result
}

// allPools changes the machine type in every region, which replaces every machine.
func (d *drill) allPools() string {
	began := time.Now()
	rollMachines(d.bench, "e2-standard-4")
	return "six machines made anew in " + seconds(time.Since(began))
}

// reportPlanned judges the requests during planned changes, and prints their table.
func (d *drill) reportPlanned() {
	var table strings.Builder
	fmt.Fprintf(&table, "| change | requests | failed | longest wait for a page | |\n|---|---|---|---|---|\n")
	for _, p := range d.plans {
		during := d.load.between(p.began, p.end)
		failures, longest := judge(during)
		if len(failures) > 0 {
			d.t.Errorf("%s: %d of %d requests failed: %s; the first %s after the beginning", p.what, len(failures), len(during),
				kinds(failures), failures[0].sent.Sub(p.began))
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %s | %s |\n", p.what, len(during), len(failures), seconds(longest), p.result)
	}
	d.t.Logf("planned changes:\n\n%s", table.String())
}
