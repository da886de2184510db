package sizing

import "math"

// PageMilliseconds is the time that a page takes. BusyPercent is how much of the processes' time may be used before
// visitors are sent to another region; the rest is for the cron, uploads and bursts of requests.
//
// A front page of 29 statements takes about 0.7 s in a region without the database's leaders, at a round trip of 10 ms
// to them, of which 0.07 s are PHP's (docs/figures.md: an estimate from measured statements).
const (
	PageMilliseconds = 750
	BusyPercent      = 80
)

// RequestsPerMachine is the rate per machine, in requests per second, above which the load balancer sends a region's
// visitors to another: the capacity of the WordPress pods on one machine. Pods are spread over the machines.
func RequestsPerMachine(pods, machines int) float64 {
	perMachine := (pods + machines - 1) / machines
	return math.Floor(float64(perMachine*WordPressProcesses) * BusyPercent / 100 * 1000 / PageMilliseconds)
}
