package enginetest

import "testing"

// TestOneAtATime brings the system up with the engine working on one resource at a time: no wait may depend on what the
// graph has not yet made. It then switches every Kubernetes API off and destroys it.
func TestOneAtATime(t *testing.T) {
	b := newBench(t)
	b.pulumi("up --yes --parallel 1")
	checkClusters(b)
	checkEvents(b)
	b.pulumi("preview --expect-no-changes")
	b.run(b.tool("localcloud"), "fail", "control-plane")
	b.pulumi("destroy --yes")
	checkEmpty(b)
}
