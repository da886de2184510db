package times

import (
	"slices"
	"testing"
	"time"
)

func TestCriticalPath(t *testing.T) {
	steps := []Step{
		{"network", []string{"a component"}, 2 * s},
		{"disk", nil, 4 * s},
		{"cluster", []string{"network"}, 7 * s},
		{"pool", []string{"disk", "cluster", "cluster"}, 3 * s},
		{"firewall", []string{"network"}, s},
	}
	for name, steps := range map[string][]Step{"up": steps, "destroy": Reversed(steps)} {
		want := []string{"network", "cluster", "pool"}
		if name == "destroy" {
			slices.Reverse(want)
		}
		path, takes := CriticalPath(steps)
		var got []string
		for _, step := range path {
			got = append(got, step.Name)
		}
		if !slices.Equal(got, want) || takes != 12*s {
			t.Errorf("%s: the critical path is %v and takes %s, want %v and 12s", name, got, takes, want)
		}
	}
	if path, takes := CriticalPath(nil); path != nil || takes != time.Duration(0) {
		t.Errorf("the critical path of nothing is %v and takes %s", path, takes)
	}
}
