package stack_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack/stacktest"
	"geo-wordpress/times"
)

// inTurn are the resources that are created or deleted region by region on purpose: an update must not replace the
// machines, or restart the pods, of two regions at once. Each is the end of a URN, with %s for the region.
var inTurn = map[times.Verb][]string{
	times.Create: {
		"NodePool::cluster-%s", "Job::gate-%s",
		"StatefulSet::tidb-%s-pd", "Job::tidb-%s-pd-gate", "StatefulSet::tidb-%s-tikv", "Job::tidb-%s-tikv-gate",
		"Deployment::tidb-%s-tidb",
		"StatefulSet::nfs-%s", "PersistentVolumeClaim::nfs-%s-wp-content", "Deployment::wordpress-%s",
	},
	times.Delete: {"NodePool::cluster-%s"},
}

// requests is how long the objects take that nothing waits for, in one region.
const requests = time.Second

// TestMakespan computes the critical path of an update from nothing and of a destroy, with the durations of Google's
// operations. A region more may lengthen it only by the region's resources that are in turn.
func TestMakespan(t *testing.T) {
	text := new(strings.Builder)
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "regions\tresources\tup\toriginal's order\tdestroy\tby levels\toriginal's order\t")
	ofThree := map[times.Verb]time.Duration{}
	for _, count := range []int{3, 5, 7, 9} {
		s := run(t, configtest.Sized(t, count), false)
		takes := map[times.Verb]time.Duration{}
		for verb, ends := range inTurn {
			steps := s.steps(verb)
			path, shortest := times.CriticalPath(steps)
			takes[verb] = shortest
			if count == 3 {
				ofThree[verb] = shortest
			}
			second := s.config.Regions[1].Name
			another, rest := s.inTurn(t, steps, ends, second), s.notInTurn(path, ends, second)
			if most := ofThree[verb] + time.Duration(count-3)*(another+requests); shortest > most {
				t.Errorf("%d regions: the critical path of the %s takes %s, more than %s, because more than what is in turn waits "+
					"for another region. In %s, this is on the path too:\n%s", count, verb, shortest, most, second, rest)
			}
		}
		fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%s\t%s\t%s\t\n", count, len(s.Resources),
			whole(takes[times.Create]), whole(s.original(times.Create)),
			whole(takes[times.Delete]), whole(s.byLevels()), whole(s.original(times.Delete)))
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", text)
}

func TestEveryGoogleOperationHasADuration(t *testing.T) {
	for _, r := range run(t, with(configtest.Committed(t), "domain", "www.example.com"), false).Resources {
		if isGoogle(r) && times.Google(r.Type, times.Create) == 0 {
			t.Errorf("times/table.go lacks the duration of a %s", r.Type)
		}
	}
}

// inTurn returns the duration of a region's steps that are in turn.
func (s *system) inTurn(t *testing.T, steps []times.Step, ends []string, region string) (sum time.Duration) {
	t.Helper()
	for _, end := range ends {
		end = fmt.Sprintf(end, region)
		i := slices.IndexFunc(steps, func(step times.Step) bool { return strings.HasSuffix(step.Name, end) })
		if i < 0 {
			t.Fatalf("no resource's URN ends in %s", end)
		}
		sum += steps[i].Takes
	}
	return sum
}

// notInTurn lists a region's other steps on a path.
func (s *system) notInTurn(path []times.Step, ends []string, region string) string {
	text := new(strings.Builder)
	for _, step := range path {
		known := slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(step.Name, fmt.Sprintf(end, region)) })
		if r := s.Get(step.Name); !known && step.Takes > 0 && s.regionOf(r) == region {
			fmt.Fprintf(text, "\t%s: %s\n", r, step.Takes)
		}
	}
	return text.String()
}

func isGoogle(r *stacktest.Resource) bool { return strings.HasPrefix(r.Type, "gcp:") }

// steps are the operations that create or delete the resources, in an order that the engine permits.
func (s *system) steps(verb times.Verb) []times.Step {
	var steps []times.Step
	for _, r := range s.Resources {
		steps = append(steps, times.Step{Name: r.URN, After: r.Needs(), Takes: takes(r, verb)})
	}
	if verb == times.Delete {
		return times.Reversed(steps)
	}
	return steps
}

// takes is the duration of an operation in the real cloud. Objects are deleted with their cluster.
func takes(r *stacktest.Resource, verb times.Verb) time.Duration {
	switch {
	case isGoogle(r):
		return times.Google(r.Type, verb)
	case r.IsKubernetes() && (verb != times.Delete || r.DeletedWith == ""):
		return times.Kubernetes(r.Kind(), r.Name, verb)
	}
	return 0
}

// byLevels is the duration of a destroy as the engine schedules it: level by level, and a level begins when all of the
// level before it is deleted. A resource's level is the length of the longest chain of resources that it needs.
func (s *system) byLevels() time.Duration {
	levels := map[string]int{}
	longest := map[int]time.Duration{} // by level
	for _, r := range s.Resources {
		level := 1
		for _, urn := range r.Needs() {
			level = max(level, levels[urn]+1)
		}
		levels[r.URN] = level
		longest[level] = max(longest[level], takes(r, times.Delete))
	}
	var sum time.Duration
	for _, d := range longest {
		sum += d
	}
	return sum
}

// original is the duration of the original's order of work: Terraform creates Google's resources as its graph allows,
// then every object follows, one after another.
func (s *system) original(verb times.Verb) time.Duration {
	steps := s.steps(verb)
	var objects time.Duration
	for i, step := range steps {
		if r := s.Get(step.Name); !isGoogle(r) {
			steps[i].Takes = 0
			if r.IsKubernetes() {
				objects += times.Kubernetes(r.Kind(), r.Name, verb)
			}
		}
	}
	_, google := times.CriticalPath(steps)
	return google + objects
}

func whole(d time.Duration) time.Duration { return d.Round(time.Second) }
