package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Status is the outcome of a check.
type Status string

// The outcomes. Only a failure makes the exit status 1.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Warning Status = "warning" // works, but the operator should know
	Skipped Status = "skipped" // needs a check that failed, or an answer that did not come
)

var symbols = map[Status]string{OK: "✓", Failed: "✗", Warning: "!", Skipped: "–"}

// Result is the outcome of one check.
type Result struct {
	Section string `json:"section"`
	Check   string `json:"check"`
	Status  Status `json:"status"`
	Found   string `json:"found"`            // one line
	Remedy  string `json:"remedy,omitempty"` // one line: a command, or what to do
}

// report collects results, and writes them as they come unless it is to write JSON.
type report struct {
	out     io.Writer
	json    bool
	section string
	results []Result
}

// begin starts a section.
func (r *report) begin(section string) {
	r.section = section
	if !r.json {
		if len(r.results) > 0 {
			fmt.Fprintln(r.out)
		}
		fmt.Fprintln(r.out, section)
	}
}

func (r *report) add(status Status, check, found, remedy string) {
	result := Result{Section: r.section, Check: check, Status: status, Found: oneLine(found), Remedy: oneLine(remedy)}
	r.results = append(r.results, result)
	if r.json {
		return
	}
	fmt.Fprintf(r.out, "  %s %s: %s\n", symbols[status], result.Check, result.Found)
	if result.Remedy != "" {
		fmt.Fprintf(r.out, "      %s\n", result.Remedy)
	}
}

func (r *report) ok(check, found string)             { r.add(OK, check, found, "") }
func (r *report) fail(check, found, remedy string)   { r.add(Failed, check, found, remedy) }
func (r *report) warn(check, found, remedy string)   { r.add(Warning, check, found, remedy) }
func (r *report) skip(check, because, remedy string) { r.add(Skipped, check, because, remedy) }

// count is the number of results with a status.
func (r *report) count(status Status) int {
	n := 0
	for _, result := range r.results {
		if result.Status == status {
			n++
		}
	}
	return n
}

// end writes the summary, or everything as JSON, and returns the exit status.
func (r *report) end() int {
	failed := r.count(Failed)
	if r.json {
		encoder := json.NewEncoder(r.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r.results); err != nil {
			return 2
		}
	} else {
		fmt.Fprintf(r.out, "\nPassed: %d, failed: %d, warnings: %d, skipped: %d\n", r.count(OK), failed, r.count(Warning), r.count(Skipped))
	}
	if failed > 0 {
		return 1
	}
	return 0
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
