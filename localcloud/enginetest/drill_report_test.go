package enginetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// inFlight is how long after a machine has left the rotation a request may still be sent to it: it was chosen before.
const inFlight = time.Second

// report judges the visitors' requests and prints the table.
func (d *drill) report() {
	first, last := d.acts[0].began, d.acts[len(d.acts)-1].end
	all := d.load.between(first, last)
	if rate := float64(len(all)) / last.Sub(first).Seconds(); rate < 200 {
		d.t.Errorf("the load was %.0f requests a second, not 200", rate)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| lost | requests | failed | last failed request | out of rotation | longest wait for a page | back in rotation |\n")
	fmt.Fprintf(&table, "|---|---|---|---|---|---|---|\n")
	for _, a := range d.acts {
		one := len(a.lost) == 1
		during := d.load.between(a.began, a.end)
		failures, longest := judge(during)
		lastFailed, wait := "none", seconds(longest)
		if len(failures) > 0 {
			late := slices.MaxFunc(failures, func(a, b sample) int { return a.sent.Compare(b.sent) })
			lastFailed = seconds(late.sent.Sub(a.began)) + " after the loss"
			if one && late.sent.After(a.out.Add(inFlight)) {
				d.t.Errorf("%s lost: a request failed that was sent %s after it was out of rotation: %d %s",
					a.lost[0], late.sent.Sub(a.out), late.status, late.problem)
			}
			if !one {
				lastFailed = seconds(late.sent.Sub(a.healed)) + " after they were brought back"
			}
		}
		if !one {
			d.noQuorum(a)
			wait = "no page"
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %s | after %s | %s | after %s |\n", a.name(),
			len(during), len(failures), lastFailed, seconds(a.out.Sub(a.began)), wait, seconds(a.back.Sub(a.healed)))
		d.say("%s lost: %s", a.name(), kinds(failures))
	}
	d.t.Logf("%d requests a second:\n\n%s", drillRate, table.String())
}

// judge returns the requests that failed, and the longest wait of those that did not.
func judge(during []sample) (failures []sample, longest time.Duration) {
	for _, s := range during {
		if s.failed() {
			failures = append(failures, s)
		} else {
			longest = max(longest, s.latency)
		}
	}
	return failures, longest
}

// noQuorum checks that no page is served while two regions are lost, and that every request succeeds in the end.
func (d *drill) noQuorum(a *act) {
	for _, s := range d.load.between(a.began.Add(2*time.Second), a.healed) {
		if !s.failed() && s.sent.Add(s.latency).Before(a.healed) {
			d.t.Errorf("a page was served %s after two of three regions were lost", s.sent.Add(s.latency).Sub(a.began))
			break
		}
	}
	for _, s := range d.load.between(a.back.Add(inFlight), a.end) {
		if s.failed() {
			d.t.Errorf("a request failed %s after all were back in rotation: %d %s", s.sent.Sub(a.back), s.status, s.problem)
			break
		}
	}
}

// kinds counts failures by what the visitor saw.
func kinds(failures []sample) string {
	count := map[string]int{}
	for _, s := range failures {
		what := fmt.Sprintf("status %d", s.status)
		if s.status == 0 {
			what = s.problem
			if i := strings.LastIndex(what, ": "); i >= 0 {
				what = what[i+2:]
			}
		}
		count[what]++
	}
	if len(count) == 0 {
		return "no request failed"
	}
	var all []string
	for _, what := range slices.Sorted(maps.Keys(count)) {
		all = append(all, fmt.Sprintf("%d × %s", count[what], what))
	}
	return strings.Join(all, ", ")
}
