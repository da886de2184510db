package enginetest

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"time"

	"geo-wordpress/times"
)

// timed runs an update from nothing or a destroy, and logs how its duration compares with the critical path of its own
// steps' durations. The ratio shows what the engine's scheduling costs. It depends on the machine, so nothing is
// asserted of it: stack/makespan_test.go checks the graph.
func (b *bench) timed(command string) {
	b.t.Helper()
	log := filepath.Join(filepath.Dir(b.home), "events.json")
	destroy := strings.HasPrefix(command, "destroy")
	var steps []times.Step
	if destroy {
		steps = times.Reversed(b.steps())
	}
	env := b.env
	b.setenv("PULUMI_DEBUG_COMMANDS", "true") // for --event-log
	b.pulumi(command, "--event-log", log)
	b.env = env
	if !destroy {
		steps = b.steps()
	}

	begins, ends := stepTimes(b, log)
	var first, last, sum time.Duration
	for i, step := range steps {
		begin, end := begins[step.Name], ends[step.Name]
		if end == 0 {
			continue // a component
		}
		steps[i].Takes = end - begin
		sum += end - begin
		if first == 0 || begin < first {
			first = begin
		}
		last = max(last, end)
	}
	path, shortest := times.CriticalPath(steps)
	if shortest == 0 {
		b.t.Fatalf("the event log of pulumi %s has no duration for any of %d resources", command, len(steps))
	}
	b.t.Logf("the steps of pulumi %s took %s: %.2f of their critical path, %s (%d steps); one after another, %s",
		command, last-first, float64(last-first)/float64(shortest), shortest, len(path), sum)
}

// steps are the creations of the resources in the stack's state, without their durations.
func (b *bench) steps() []times.Step {
	b.t.Helper()
	type resource struct {
		URN, Parent, Provider, DeletedWith string
		Dependencies                       []string
	}
	state := decode[struct {
		Deployment struct{ Resources []resource }
	}](b.t, b.outputOf("stack export"))
	var steps []times.Step
	for _, r := range state.Deployment.Resources {
		provider := r.Provider[:max(strings.LastIndex(r.Provider, "::"), 0)] // without its ID
		steps = append(steps, times.Step{Name: r.URN, After: append(r.Dependencies, r.Parent, provider, r.DeletedWith)})
	}
	return steps
}

// stepTimes returns when each resource's step began and ended, to the second, from the engine's event log.
func stepTimes(b *bench, log string) (begins, ends map[string]time.Duration) {
	b.t.Helper()
	type state struct{ Custom bool }
	type detail struct {
		Metadata struct {
			URN      string
			Old, New *state
		}
		Planning bool // of a preview
	}
	// A component's step lasts until its children are registered: they would count twice.
	counts := func(d *detail) bool {
		return d != nil && !d.Planning && (d.Metadata.New != nil && d.Metadata.New.Custom || d.Metadata.Old != nil && d.Metadata.Old.Custom)
	}
	begins, ends = map[string]time.Duration{}, map[string]time.Duration{}
	decoder := json.NewDecoder(strings.NewReader(b.read(log)))
	for {
		var event struct {
			Timestamp                         int64
			ResourcePreEvent, ResOutputsEvent *detail
		}
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return begins, ends
		} else if err != nil {
			b.t.Fatalf("reading the event log %s: %v", log, err)
		}
		at := time.Duration(event.Timestamp) * time.Second
		if e := event.ResourcePreEvent; counts(e) {
			begins[e.Metadata.URN] = at
		}
		if e := event.ResOutputsEvent; counts(e) {
			ends[e.Metadata.URN] = at
		}
	}
}
