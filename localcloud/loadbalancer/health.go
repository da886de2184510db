package loadbalancer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// frontEndRanges are the sources of both requests and probes of a global external Application Load Balancer
// (https://cloud.google.com/load-balancing/docs/https#firewall-rules).
var frontEndRanges = []netip.Prefix{netip.MustParsePrefix("130.211.0.0/22"), netip.MustParsePrefix("35.191.0.0/16")}

// probers are the source addresses of probes. Google has several probers anywhere in its ranges; these are at the ends
// of the ranges, which exposes a firewall that admits less. A probe succeeds if it succeeds from all of them.
var probers = func() []netip.Addr {
	var all []netip.Addr
	for _, r := range frontEndRanges {
		last := r.Addr().As4()
		for i := r.Bits(); i < 32; i++ {
			last[i/8] |= 0x80 >> (i % 8)
		}
		all = append(all, r.Addr().Next(), netip.AddrFrom4(last).Prev())
	}
	return all
}()

// responseLimit is the number of bytes of an answer's body that are read.
const responseLimit = 1024

// health is an instance's health according to the probes so far. A new instance is unhealthy until it has passed.
type health struct {
	healthy bool
	passed  int       // in a row
	failed  int       // in a row
	reason  string    // why the last probe failed; empty if it passed
	since   time.Time // when healthy last changed
}

// record records the result of a probe, and reports whether the health changed.
func (h *health) record(problem error, check cloud.HealthCheck, now time.Time) (changed bool) {
	if h.since.IsZero() {
		h.since = now
	}
	before := h.healthy
	if problem == nil {
		h.passed, h.failed, h.reason = h.passed+1, 0, ""
		h.healthy = h.healthy || h.passed >= check.HealthyThreshold
	} else {
		h.passed, h.failed, h.reason = 0, h.failed+1, problem.Error()
		h.healthy = h.healthy && h.failed < check.UnhealthyThreshold
	}
	if h.healthy != before {
		h.since = now
	}
	return h.healthy != before
}

// probe probes an instance once, from all probers in parallel.
func probe(ctx context.Context, dialer cloud.Dialer, check cloud.HealthCheck, host string, to cloud.Port) error {
	ctx, cancel := context.WithTimeout(ctx, check.Timeout)
	defer cancel()
	problems := make([]error, len(probers))
	var wait sync.WaitGroup
	for i, from := range probers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			problems[i] = probeFrom(ctx, from, dialer, check, host, to)
		}()
	}
	wait.Wait()
	for _, problem := range problems {
		if problem != nil {
			return problem
		}
	}
	return nil
}

func probeFrom(ctx context.Context, from netip.Addr, dialer cloud.Dialer, check cloud.HealthCheck, host string, to cloud.Port) error {
	connection, err := dialer.Dial(ctx, from, to)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+check.Path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "GoogleHC/1.0")
	response, err := connection.RoundTrip(request)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("GET %s: no answer within %s", check.Path, check.Timeout)
		}
		return fmt.Errorf("GET %s: %w", check.Path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, responseLimit))
	switch {
	case err != nil:
		return fmt.Errorf("GET %s: %w", check.Path, err)
	case response.StatusCode != http.StatusOK: // no other status, not even a redirect
		return fmt.Errorf("GET %s: answered %d%s, not 200", check.Path, response.StatusCode, firstLine(response, body))
	}
	return nil
}

// firstLine returns the first line of a failing page, if it is plain text.
func firstLine(response *http.Response, body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if line == "" || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		return ""
	}
	return fmt.Sprintf(" (%.80s)", line)
}

// namedPort returns the port that has the name in an instance group.
func namedPort(name string, b cloud.Backend) (int, error) {
	if ports := b.NamedPorts[name]; len(ports) > 0 {
		return ports[0], nil
	}
	var there []string
	for other, ports := range b.NamedPorts {
		there = append(there, fmt.Sprintf("%s (%d)", other, ports[0]))
	}
	if len(there) == 0 {
		there = []string{"none"}
	}
	return 0, fmt.Errorf("the instance group %s has no port named %q: its named ports are %s", lastSegment(b.Group), name,
		strings.Join(there, ", "))
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
