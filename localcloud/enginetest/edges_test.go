package enginetest

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// edit is a change of the program's source.
type edit struct{ file, old, new string }

// changed lets the next commands run the program with edits, each of which must match exactly once. The compiler sees the
// edited files in place of the program's own (go help build, -overlay), so that it takes all other packages from its cache.
func (b *bench) changed(edits ...edit) {
	b.t.Helper()
	dir := filepath.Join(filepath.Dir(b.home), "edited")
	texts, replace := map[string]string{}, map[string]string{}
	for _, e := range edits {
		if texts[e.file] == "" {
			texts[e.file] = b.read(filepath.Join(b.root, e.file))
		}
		if n := strings.Count(texts[e.file], e.old); n != 1 {
			b.t.Fatalf("%s has %d matches of the edit, not one: %q", e.file, n, e.old)
		}
		texts[e.file] = strings.Replace(texts[e.file], e.old, e.new, 1)
		replace[filepath.Join(b.root, e.file)] = filepath.Join(dir, e.file)
	}
	for file, text := range texts {
		b.write(filepath.Join(dir, file), text)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(filepath.Join(dir, "overlay.json"), string(overlay))
	program := filepath.Join(dir, "geo-wordpress")
	b.run("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".")
	b.runProgram(program)
}

// TestFaultObjectsStayBehind removes the edge (DeletedWith) by which an object goes with its cluster. A destroy then
// deletes every object through the Kubernetes API, and fails while the API is down.
//
// (The edge from the node pool to its disks cannot be tested like this: of two resources without an edge, the engine
// happens to delete the one further from the roots of the graph first, which is the pool. Tests of gcp prove that the
// cloud refuses to delete an attached disk, and tests of the program's stack that the graph has the edge.)
//
// The test takes five minutes, so it runs only with GEO_FAULTS above 1.
func TestFaultObjectsStayBehind(t *testing.T) {
	if points(t, 1) == 1 {
		t.Skip("GEO_FAULTS is not set to more than 1")
	}
	b := newBench(t)
	b.changed(edit{"components/cluster/cluster.go", "		pulumi.DeletedWith(c.control),\n", ""})
	b.pulumi("up --yes")
	b.run(b.tool("localcloud"), "fail", "control-plane", "europe-west2")
	out, err := b.tryPulumi("destroy --yes")
	if err == nil {
		t.Fatalf("destroy succeeded without the edge:\n%s", tail(out, 100))
	}
	if !strings.Contains(out, unanswered) {
		t.Errorf("destroy failed, but not because a cluster cannot be reached:\n%s", tail(out, 60))
	}
	// Nothing is lost: once the cluster is back, the next destroy continues.
	b.run(b.tool("localcloud"), "heal", "control-plane")
	b.pulumi("destroy --yes")
	checkEmpty(b)
}

// TestFirewallNeedsItsNetwork replaces the edge to the VPC by the VPC's name: the firewall no longer waits for the VPC.
func TestFirewallNeedsItsNetwork(t *testing.T) {
	b := newBench(t)
	b.changed(
		edit{"components/network/network.go", "AutoCreateSubnetworks: pulumi.Bool(false),",
			"AutoCreateSubnetworks: pulumi.Bool(false), Name: pulumi.String(\"geo\"),"},
		edit{"components/network/firewall.go", "Network:      vpc.ID(),\n\t\tDescription:  pulumi.String(\"Database",
			"Network:      pulumi.String(\"projects/geo-wordpress-dev/global/networks/geo\"),\n\t\tDescription:  pulumi.String(\"Database"},
	)
	out, err := b.tryPulumi("up --yes")
	if err == nil {
		t.Fatal("up succeeded without the edge")
	}
	if !strings.Contains(out, "notFound") && !strings.Contains(out, "has not been used in project") {
		t.Errorf("up failed, but not because the network is missing:\n%s", tail(out, 60))
	}
	b.pulumi("destroy --yes")
	checkEmpty(b)
}
