package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var regionNames = []string{"europe-west1", "europe-west2", "europe-west3"}

// TestLifecycle takes one stack through its life cycle, each step on the state that the one before left.
func TestLifecycle(t *testing.T) {
	b := newBench(t)
	steps := []step{
		{"up from nothing", func(b *bench) {
			b.timed("up --yes")
			b.prebuilt()
			b.saveAtTheEnd()
		}},
		{"the outputs", checkOutputs},
		{"every pod is ready and every volume bound", checkClusters},
		{"no event warns", checkEvents},
		{"the address answers from every region", checkSite},
		{"a wrong node port takes its region out, and says why", checkNodePort},
		{"a region without its files leaves the rotation", checkFiles},
		{"disks grow in place, under their pods", growDisks},
		{"what writes goes to a primary region", followLeaders},
		{"a second up changes nothing", func(b *bench) { b.pulumi("up --yes --expect-no-changes") }},
		{"a refresh finds no drift", func(b *bench) { b.pulumi("refresh --yes --expect-no-changes") }},
		{"a preview in detail finds nothing either", func(b *bench) {
			b.pulumi("preview --expect-no-changes --diff --show-reads --show-sames --debug")
		}},
		{"neither the state nor any output holds a secret in plain text", checkSecrets},
		{"an image's tag is planned as three updates", func(b *bench) {
			b.set("tidbImage", "docker.io/pingcap/tidb:v8.5.8")
			planned(b, "update kubernetes:apps/v1:Deployment::tidb-%s-tidb")
		}},
		{"and applied region by region", func(b *bench) {
			b.grow("changed")
			watch := watchRegions(b, "database", "app.kubernetes.io/name=tidb")
			b.pulumi("up --yes")
			for _, both := range watch() {
				b.t.Error(both)
			}
			for _, region := range regionNames {
				images := b.kubectl(region, "-n", "database", "get", "pods", "-l", "app.kubernetes.io/name=tidb", "-o",
					"jsonpath={.items[*].spec.containers[0].image}")
				if images != "docker.io/pingcap/tidb:v8.5.8 docker.io/pingcap/tidb:v8.5.8" {
					b.t.Errorf("%s runs %s", region, images)
				}
			}
			settleClusters(b) // the autoscaler has just taken pods of WordPress away, which take some seconds to stop
		}},
		{"a tag that no registry has stops in the first region, and a right one mends it", rollABadImage},
		{"a backup is taken, once", checkBackup},
		{"still no secret is in plain text", checkSecrets},
		{"more machines and pods", addMachines},
		{"a flood of sign-ins stops at the address", checkShield},
		{"and fewer again", removeMachines},
		{"nothing is left to do", func(b *bench) { b.pulumi("preview --expect-no-changes") }},
		{"all Placement Drivers restart with their data", restartPlacementDrivers},
		{"destroy leaves nothing", func(b *bench) {
			b.timed("destroy --yes")
			checkEmpty(b)
		}},
	}
	b.inTurn(steps)
}

// step is a part of a test that goes on where the step before ended.
type step struct {
	name string
	run  func(*bench)
}

// inTurn runs the steps of a test as its subtests. A step after a failed one proves nothing.
func (b *bench) inTurn(steps []step) {
	whole := b.t
	defer func() { b.t = whole }()
	for _, step := range steps {
		if !whole.Run(step.name, func(t *testing.T) {
			b.t = t
			step.run(b)
		}) {
			break
		}
	}
}

func checkOutputs(b *bench) {
	outputs := decode[map[string]any](b.t, b.outputOf("stack output", "--json"))
	var names []string
	for name := range outputs {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"certificates_until", "database", "kubeconfig", "loadbalancer_ip", "regions", "site_url", "syncthing_devices"}
	if !slices.Equal(names, want) {
		b.t.Errorf("the outputs are %v, not %v", names, want)
	}
	if outputs["kubeconfig"] != "[secret]" {
		b.t.Errorf("the kubeconfig is not secret: %v", outputs["kubeconfig"])
	}
	address := strings.TrimSpace(b.outputOf("stack output loadbalancer_ip"))
	if address == "" || outputs["site_url"] != "http://"+address {
		b.t.Errorf("the address is %q, the site's URL %v", address, outputs["site_url"])
	}
	if devices, _ := outputs["syncthing_devices"].(map[string]any); len(devices) != len(regionNames) {
		b.t.Errorf("the Syncthing devices are %v", outputs["syncthing_devices"])
	}
}

// planned checks that a preview plans exactly these operations, each on one resource of each region. An operation is
// "update" or "replace" and the end of a URN, with %s for the region. It returns the whole plan.
func planned(b *bench, operations ...string) (plan []string) {
	b.t.Helper()
	want := map[string]bool{}
	for _, operation := range operations {
		for _, region := range regionNames {
			want[fmt.Sprintf(operation, region)] = true
		}
	}
	found := map[string]bool{}
	plan = b.plan()
	for _, change := range plan {
		op, urn, _ := strings.Cut(change, " ")
		if op == "create-replacement" || op == "delete-replaced" {
			op = "replace"
		}
		known := false
		for operation := range want {
			if what, end, _ := strings.Cut(operation, " "); what == op && strings.HasSuffix(urn, end) {
				found[operation], known = true, true
			}
		}
		if !known {
			b.t.Errorf("the preview also plans to %s", change)
		}
	}
	for operation := range want {
		if !found[operation] {
			b.t.Errorf("the preview does not plan to %s", operation)
		}
	}
	return plan
}

// checkEmpty checks that nothing is left in the stack's state and in the cloud.
func checkEmpty(b *bench) {
	b.t.Helper()
	type resource struct{ URN, Type string }
	state := decode[struct {
		Deployment struct{ Resources []resource }
	}](b.t, b.outputOf("stack export"))
	for _, r := range state.Deployment.Resources {
		b.t.Errorf("left in the state: %s", r.URN)
	}
	if out, errOut, err := b.exec(b.tool("localcloud"), "status", "--leftovers"); err != nil {
		b.t.Errorf("left in the cloud:\n%s%s", out, errOut)
	}
}
