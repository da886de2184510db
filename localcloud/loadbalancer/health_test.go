package loadbalancer

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

func TestThresholds(t *testing.T) {
	check := cloud.HealthCheck{HealthyThreshold: 2, UnhealthyThreshold: 3}
	bad := errors.New("x")
	var h health
	for step, c := range []struct {
		problem          error
		healthy, changed bool
	}{
		{nil, false, false}, // a new instance must pass first
		{bad, false, false},
		{nil, false, false},
		{nil, true, true},
		{bad, true, false},
		{bad, true, false},
		{nil, true, false}, // not in a row
		{bad, true, false},
		{bad, true, false},
		{bad, false, true},
		{nil, false, false},
		{nil, true, true},
	} {
		require.Equal(t, c.changed, h.record(c.problem, check, time.Unix(int64(step+1), 0)), "step %d", step)
		require.Equal(t, c.healthy, h.healthy, "step %d", step)
		require.Equal(t, c.problem != nil, h.reason != "", "step %d", step)
	}
	require.EqualValues(t, 12, h.since.Unix())
}

// Each case has one fault, which the reason names.
func TestWhatIsWrongShowsAsUnhealthy(t *testing.T) {
	var all []string
	for _, region := range regions {
		all = append(all, instanceName(region, 0), instanceName(region, 1))
	}
	one, other := all[0], all[1]
	for name, c := range map[string]struct {
		wrong  func(*stage)
		out    []string
		reason string
	}{
		"nothing": {wrong: func(*stage) {}},
		"the named port of a group": {
			wrong: func(s *stage) { s.service().Backends[0].NamedPorts = map[string][]int{"http": {30080}} },
			out:   []string{one, other}, reason: `the instance group group-region-a has no port named "web": its named ports are http (30080)`,
		},
		"no named port": {
			wrong: func(s *stage) { s.service().Backends[0].NamedPorts = nil },
			out:   []string{one, other}, reason: "its named ports are none",
		},
		"the node port": {
			wrong: func(s *stage) { s.listens[one] = 30090 }, out: []string{one}, reason: "nothing listens on TCP 30080 of " + one,
		},
		"the health path": {
			wrong: func(s *stage) { s.service().HealthCheck.Path = "/health" },
			out:   all, reason: "GET /health: answered 404 (not found), not 200",
		},
		"a redirect": {
			wrong: func(s *stage) {
				s.behave[one] = func(*http.Request) (*http.Response, error) { return reply(301, ""), nil }
			},
			out: []string{one}, reason: "answered 301, not 200",
		},
		"the firewall lacks one of the two ranges": {
			wrong: func(s *stage) {
				s.admits = func(from netip.Addr, _ int) bool { return netip.MustParsePrefix("130.211.0.0/22").Contains(from) }
				s.service().HealthCheck.Timeout = 50 * time.Millisecond
			},
			out: all, reason: "no firewall admits 35.191.",
		},
		"the firewall lacks a part of a range": {
			wrong: func(s *stage) {
				s.admits = func(from netip.Addr, _ int) bool { return !netip.MustParsePrefix("35.191.128.0/17").Contains(from) }
				s.service().HealthCheck.Timeout = 50 * time.Millisecond
			},
			out: all, reason: "no firewall admits 35.191.255.254",
		},
		"a pod that hangs": {
			wrong: func(s *stage) {
				s.behave[one] = hang
				s.service().HealthCheck.Timeout = 50 * time.Millisecond
			},
			out: []string{one}, reason: "GET /healthz: no answer within 50ms",
		},
		"the health check's port": {
			wrong: func(s *stage) { s.service().HealthCheck.Port = 80 }, out: all, reason: "nothing listens on TCP 80",
		},
		"the host is the load balancer's address by itself": {
			wrong: func(s *stage) {
				s.behave[one] = func(r *http.Request) (*http.Response, error) {
					if r.Host == "127.0.0.1" {
						return reply(421, ""), nil
					}
					return nil, nil
				}
			},
			out: []string{one}, reason: "answered 421",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			c.wrong(s)
			s.listen(freePort(t)).start()
			// Wait until every faulty instance has failed a probe.
			s.eventually("probes", func() bool {
				for _, name := range c.out {
					if i := s.status(name); i == nil || i.Reason == "" || i.Since.IsZero() {
						return false
					}
				}
				return true
			})
			s.healthy(c.out...)
			for _, name := range c.out {
				require.Contains(t, s.status(name).Reason, c.reason)
			}
		})
	}
}

func TestHealthFollowsTheInstanceAndTheDeclaration(t *testing.T) {
	s := newStage(t)
	s.listen(freePort(t)).start()
	s.healthy()
	one := instanceName("region-b", 1)
	s.set(func() {
		s.behave[one] = func(*http.Request) (*http.Response, error) { return reply(503, "database error\n"), nil }
	})
	s.healthy(one)
	require.Contains(t, s.status(one).Reason, "answered 503 (database error)")
	s.set(func() { delete(s.behave, one) })
	s.healthy()

	// A changed declaration takes effect at once, even with an interval that would never elapse.
	s.change(func(b *cloud.BackendService) { b.HealthCheck.Interval = time.Hour })
	s.change(func(b *cloud.BackendService) { b.HealthCheck.UnhealthyThreshold, b.HealthCheck.Path = 1, "/elsewhere" })
	s.eventually("every instance is out", func() bool { return s.get("/").status == 503 })
	s.change(func(b *cloud.BackendService) { b.HealthCheck.HealthyThreshold, b.HealthCheck.Path = 1, "/healthz" })
	s.healthy()
	s.change(func(b *cloud.BackendService) { b.Backends[0].NamedPorts = map[string][]int{"other": {30080}} })
	s.healthy(instanceName("region-a", 0), instanceName("region-a", 1))
}

// At a faster pace, a failing instance is out long before the declared interval has passed twice.
func TestChecksKeepPace(t *testing.T) {
	s := newStage(t)
	s.service().HealthCheck.Interval = patience
	s.start()
	s.lb.SetPace(1000)
	s.change(func(b *cloud.BackendService) { b.HealthCheck.Path = "/healthz?" }) // waiting checks probe at once
	s.healthy()
	one := instanceName(regions[0], 0)
	s.set(func() {
		s.behave[one] = func(*http.Request) (*http.Response, error) { return reply(503, ""), nil }
	})
	s.healthy(one)
}
