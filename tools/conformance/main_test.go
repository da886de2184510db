package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"geo-wordpress/tools/conformance/images"
	"geo-wordpress/tools/conformance/sandbox"
	"geo-wordpress/tools/conformance/world"
)

func TestMain(m *testing.M) { sandbox.Main(run{m}) }

// run is the run of the tests. It starts only if everything they need is there.
type run struct{ *testing.M }

func (r run) Run() int {
	if missing := images.MissingForTests(); len(missing) > 0 {
		for _, program := range missing {
			fmt.Fprintln(os.Stderr, "missing:", program)
		}
		return 1
	}
	flag.Parse()
	if *guards {
		return runGuards()
	}
	fmt.Println(world.Table())
	return r.M.Run()
}
