package world

import (
	"os"
	"testing"

	"geo-wordpress/tools/conformance/declared"
)

// Undone are settings that can be taken back, each by name, to see that a test notices. The environment variable
// CONFORMANCE_UNDO names the one that is.
var Undone = map[string]func(*declared.Stack){}

func undo(t testing.TB, stack *declared.Stack) {
	t.Helper()
	name := os.Getenv("CONFORMANCE_UNDO")
	if name == "" {
		return
	}
	take, ok := Undone[name]
	if !ok {
		t.Fatalf("CONFORMANCE_UNDO=%s: there is no such setting to take back", name)
	}
	t.Logf("taken back: %s", name)
	take(stack)
}
