package times

import (
	"slices"
	"time"
)

// Step is an operation on a resource: a creation or a deletion.
type Step struct {
	Name string // unique
	// After are the steps that end before this one begins. Names of no step count as ended.
	After []string
	Takes time.Duration
}

// CriticalPath returns the chain of steps that takes the longest, and its duration: the shortest time that the steps
// take with any number of workers. Each step must follow those that it waits for.
func CriticalPath(steps []Step) ([]Step, time.Duration) {
	ends := make(map[string]time.Duration, len(steps))
	last, byName := map[string]string{}, map[string]Step{}
	var final string
	for _, step := range steps {
		var begin time.Duration
		for _, name := range step.After {
			if ends[name] > begin {
				begin, last[step.Name] = ends[name], name
			}
		}
		ends[step.Name] = begin + step.Takes
		byName[step.Name] = step
		if ends[step.Name] > ends[final] {
			final = step.Name
		}
	}
	var path []Step
	for name := final; name != ""; name = last[name] {
		path = append(path, byName[name])
	}
	slices.Reverse(path)
	return path, ends[final]
}

// Reversed returns the steps in reverse order, with reversed dependencies: resources are deleted after those that
// depend on them.
func Reversed(steps []Step) []Step {
	dependents := map[string][]string{}
	for _, step := range steps {
		for _, name := range step.After {
			dependents[name] = append(dependents[name], step.Name)
		}
	}
	var reversed []Step
	for _, step := range slices.Backward(steps) {
		step.After = dependents[step.Name]
		reversed = append(reversed, step)
	}
	return reversed
}
