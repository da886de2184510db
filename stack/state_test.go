package stack_test

import (
	"fmt"
	"slices"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"
	"geo-wordpress/state"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The state package finds resources by the names that the components give them.
func TestStateKnowsEveryDiskAndDatabase(t *testing.T) {
	values := configtest.Committed(t)
	g, err := stacktest.Run(values, stacktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, disk := range g.Of(stacktest.DiskType) {
		want = append(want, fmt.Sprint(disk.Outputs["zone"].StringValue(), disk.Outputs["size"].NumberValue()))
	}
	last := read(t, g)
	var got []string
	for _, disk := range last.Disks {
		got = append(got, fmt.Sprint(disk.Zone, disk.SizeGiB))
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("the disks of the state are %v, want %v", got, want)
	}
	if names := regionNames(t, values); !slices.Equal(last.Databases, names) {
		t.Errorf("the database is complete in %v, want in %v", last.Databases, names)
	}
	if none := read(t, nil); len(none.Disks)+len(none.Databases) != 0 {
		t.Errorf("a new stack has %+v", none)
	}
}

// read reads the state that a run left.
func read(t *testing.T, g *stacktest.Graph) (last *state.State) {
	t.Helper()
	_, err := stacktest.RunProgram(func(ctx *pulumi.Context) (err error) {
		last, err = state.Read(ctx)
		return err
	}, nil, stacktest.Options{Last: g})
	if err != nil {
		t.Fatal(err)
	}
	return last
}
