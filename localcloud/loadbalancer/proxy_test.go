package loadbalancer

import (
	"context"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// serving starts a stage and waits until all its instances are healthy.
func serving(t *testing.T, change func(*stage)) *stage {
	t.Helper()
	s := newStage(t)
	if change != nil {
		change(s)
	}
	s.listen(freePort(t)).start()
	s.healthy()
	return s
}

// spread sends n requests and counts the answers by instance.
func (s *stage) spread(n int, headers ...string) map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for range n {
		a := s.get("/", headers...)
		require.Equal(s.t, 200, a.status)
		counts[a.body]++
	}
	return counts
}

func TestRequestsAreSpreadByCapacity(t *testing.T) {
	s := serving(t, nil)
	counts := s.spread(60)
	require.Len(t, counts, 6)
	for name, n := range counts {
		require.Equal(t, 10, n, name)
	}
	status := s.lb.Status().Services[0]
	require.EqualValues(t, 60, status.Requests)
	require.Zero(t, status.Failed)
	sum := 0.0
	for _, g := range status.Groups {
		require.InDelta(t, 1.0/3, g.Share, 1e-9)
		for _, i := range g.Instances {
			sum += i.Share
		}
	}
	require.InDelta(t, 1, sum, 1e-9)

	// Half the capacity gets half the requests, none gets none. An unhealthy instance reduces its group's capacity.
	s.change(func(b *cloud.BackendService) { b.Backends[0].CapacityScaler, b.Backends[1].CapacityScaler = 0.5, 0 })
	s.eventually("the scaler", func() bool { return s.capacity(1) == 0 && s.capacity(0) == 1000 })
	counts = s.spread(60)
	require.Equal(t, 20, counts[instanceName("region-a", 0)]+counts[instanceName("region-a", 1)])
	require.Zero(t, counts[instanceName("region-b", 0)])
	one := instanceName("region-c", 0)
	s.set(func() { s.listens[one] = 1 })
	s.healthy(one)
	counts = s.spread(60)
	require.Zero(t, counts[one])
	require.Equal(t, 30, counts[instanceName("region-c", 1)])
}

func (s *stage) capacity(n int) float64 {
	for _, service := range s.lb.services {
		service.mu.Lock()
		defer service.mu.Unlock()
		return service.groups[n].capacity()
	}
	return -1
}

func TestCapacity(t *testing.T) {
	of := func(b cloud.Backend, healthy, all int) *group {
		g := &group{declared: b}
		for n := range all {
			g.instances = append(g.instances, &instance{health: health{healthy: n < healthy}})
		}
		return g
	}
	for _, c := range []struct {
		backend      cloud.Backend
		healthy, all int
		want         float64
	}{
		{cloud.Backend{RatePerInstance: 100, CapacityScaler: 1}, 2, 3, 200},
		{cloud.Backend{RatePerInstance: 100, CapacityScaler: 0.5}, 2, 3, 100},
		{cloud.Backend{RatePerInstance: 100, CapacityScaler: 1}, 0, 3, 0},
	} {
		require.InDelta(t, c.want, of(c.backend, c.healthy, c.all).capacity(), 1e-9, "%+v", c)
	}
	// A full group leaves further requests to the others, until all are full.
	small := of(cloud.Backend{RatePerInstance: 1, CapacityScaler: 1}, 1, 1)
	big := of(cloud.Backend{RatePerInstance: 3, CapacityScaler: 1}, 1, 1)
	s := &service{groups: []*group{small, big}}
	now := time.Unix(1700000000, 0)
	r, err := http.NewRequest(http.MethodGet, "http://x/", nil)
	require.NoError(t, err)
	for range 8 {
		_, g := s.pick(r, nil, now)
		g.requests.add(now)
	}
	require.EqualValues(t, 2, small.requests.during(now, 1), "1 of its own, and 1 of the 4 that are too many")
	require.EqualValues(t, 6, big.requests.during(now, 1))
	_, g := s.pick(r, nil, now.Add(time.Second))
	require.NotNil(t, g)
}

func TestAffinityByCookie(t *testing.T) {
	s := serving(t, func(s *stage) { s.service().Sticky, s.service().CookieTTL = true, time.Hour })
	first := s.get("/")
	cookies := (&http.Response{Header: first.header}).Cookies()
	require.Len(t, cookies, 1)
	cookie := cookies[0]
	require.Equal(t, "GCLB", cookie.Name)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, "/", cookie.Path)
	require.InDelta(t, 3600, time.Until(cookie.Expires).Seconds(), 600)
	back := []string{"Cookie", "GCLB=" + cookie.Value}
	require.Equal(t, map[string]int{first.body: 20}, s.spread(20, back...))
	require.Empty(t, s.get("/", back...).header.Values("Set-Cookie"), "it has one")
	require.Greater(t, len(s.spread(20)), 1, "without the cookie")
	require.Greater(t, len(s.spread(20, "Cookie", "GCLB=nobody")), 1, "with one of nobody's")

	// The client stays until the instance is unhealthy, and then moves.
	s.set(func() { s.listens[first.body] = 1 })
	s.healthy(first.body)
	moved := s.get("/", back...)
	require.NotEqual(t, first.body, moved.body)
	require.Len(t, moved.header.Values("Set-Cookie"), 1)

	s.change(func(b *cloud.BackendService) { b.CookieTTL = 0 })
	s.eventually("a cookie of the session", func() bool {
		c := (&http.Response{Header: s.get("/").header}).Cookies()
		return len(c) == 1 && c[0].Expires.IsZero()
	})
}

func TestHeaders(t *testing.T) {
	s := serving(t, nil)
	a := s.get("/p?q=1", "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "gopher", "Via", "1.1 squid")
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(t, s.received[a.body], 1)
	got := s.received[a.body][0]
	require.Equal(t, "203.0.113.9,127.0.0.1,127.0.0.1", got.Header.Get("X-Forwarded-For"), "the client's own, the client, the load balancer")
	require.Equal(t, "http", got.Header.Get("X-Forwarded-Proto"))
	require.Equal(t, []string{"1.1 squid", "1.1 google"}, got.Header.Values("Via"))
	require.Regexp(t, `^[0-9a-f]{32}/\d+$`, got.Header.Get("X-Cloud-Trace-Context"))
	require.Equal(t, "/p?q=1", got.URL.RequestURI())
	require.Equal(t, s.front.Address, got.Host, "the host that the client asked for")
	require.Equal(t, "1.1 google", a.header.Get("Via"))
}

func TestWithoutAHealthyInstance(t *testing.T) {
	s := newStage(t)
	s.service().HealthCheck.Path = "/wrong"
	s.listen(freePort(t)).start()
	s.eventually("probes", func() bool { return s.status(instanceName("region-c", 1)) != nil })
	a := s.get("/")
	require.Equal(t, 503, a.status)
	require.Equal(t, "no healthy upstream", a.body)
	require.EqualValues(t, 1, s.lb.Status().Services[0].Failed)
}

func TestRedirect(t *testing.T) {
	s := newStage(t)
	s.front.Service, s.front.Redirect = nil, &cloud.Redirect{HTTPS: true}
	s.listen(freePort(t)).start()
	s.eventually("the front end", func() bool { return len(s.lb.Status().FrontEnds) == 1 })
	a := s.get("/x?q=1")
	require.Equal(t, 301, a.status)
	require.Equal(t, "https://127.0.0.1/x?q=1", a.header.Get("Location"), "on the standard port")
}

func TestAnInstanceThatFailsBetweenProbes(t *testing.T) {
	bad := instanceName("region-a", 0)
	s := serving(t, func(s *stage) { s.service().HealthCheck.UnhealthyThreshold = math.MaxInt })
	post := func() (failed int) {
		for range 12 {
			a, err := s.try(http.MethodPost, "/", "x")
			require.NoError(t, err)
			if a.status != 200 {
				require.Equal(t, 503, a.status)
				failed++
			}
		}
		return failed
	}
	for name, behave := range map[string]func(*http.Request) (*http.Response, error){
		"reset": only(func(*http.Request) (*http.Response, error) { return nil, errReset }),
		"503":   only(func(*http.Request) (*http.Response, error) { return reply(503, "busy"), nil }),
	} {
		s.set(func() { s.behave[bad] = behave })
		require.Zero(t, s.spread(24)[bad], "%s: what has no body is sent once more, elsewhere", name)
		require.Equal(t, 2, post(), "%s: what has one is not", name)
	}
	s.set(func() {
		s.behave[bad] = only(func(*http.Request) (*http.Response, error) { return reply(500, "broken"), nil })
	})
	failed := 0
	for range 12 {
		if s.get("/").status == 500 {
			failed++
		}
	}
	require.Equal(t, 2, failed, "an error of the program's own is its answer")
	s.set(func() { s.listens[bad] = 1; delete(s.behave, bad) })
	require.Equal(t, 2, post(), "nothing listens")
}

func TestTheBackendTimeout(t *testing.T) {
	s := serving(t, func(s *stage) { s.service().Timeout = 100 * time.Millisecond })
	s.set(func() {
		for name := range s.probes {
			s.behave[name] = only(hang)
		}
	})
	a := s.get("/")
	require.Equal(t, 504, a.status)
	require.Equal(t, "upstream request timeout", a.body)
}

func TestRequestsComeFromTheFrontEnds(t *testing.T) {
	seen := map[netip.Addr]bool{}
	for range 1000 {
		seen[source()] = true
	}
	for from := range seen {
		require.True(t, slices.ContainsFunc(frontEndRanges, func(r netip.Prefix) bool { return r.Contains(from) }), "%s", from)
	}
	require.Greater(t, len(seen), 500)
	var ends []string
	for _, p := range probers {
		ends = append(ends, p.String())
	}
	require.Equal(t, []string{"130.211.0.1", "130.211.3.254", "35.191.0.1", "35.191.255.254"}, ends)
}

// A request under way on a leaving instance may finish within the draining timeout; no new one goes there.
func TestDraining(t *testing.T) {
	for name, c := range map[string]struct {
		draining time.Duration
		status   int
	}{"time enough": {time.Hour, 200}, "no time": {0, 503}} {
		t.Run(name, func(t *testing.T) {
			s := serving(t, func(s *stage) { s.service().Draining = c.draining })
			arrived, finish := make(chan string, 1), make(chan struct{})
			s.set(func() {
				for instance := range s.probes {
					s.behave[instance] = only(func(r *http.Request) (*http.Response, error) {
						if r.URL.Path != "/slow" {
							return nil, nil
						}
						arrived <- instance
						select {
						case <-finish:
							return reply(200, instance), nil
						case <-r.Context().Done():
							return nil, r.Context().Err()
						}
					})
				}
			})
			result := make(chan answer, 1)
			go func() {
				a, err := s.try(http.MethodPost, "/slow", "x")
				if err != nil {
					a.body = err.Error()
				}
				result <- a
			}()
			instance := <-arrived
			require.Equal(t, 1, s.status(instance).InFlight)
			s.set(func() {
				for pool, members := range s.members {
					s.members[pool] = slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == instance })
				}
			})
			s.eventually("the instance leaves", func() bool { return s.status(instance) == nil })
			require.Zero(t, s.spread(24)[instance])
			if c.status == 200 {
				select {
				case a := <-result:
					t.Fatalf("it was cut off: %+v", a)
				case <-time.After(50 * time.Millisecond):
				}
				close(finish)
			}
			require.Equal(t, c.status, (<-result).status)
		})
	}
}

func TestAnInstanceThatComesIsProbedFirst(t *testing.T) {
	s := serving(t, nil)
	s.set(func() {
		s.members["pool-region-a"] = append(s.members["pool-region-a"], "new")
		s.behave["new"] = func(*http.Request) (*http.Response, error) { return reply(500, ""), nil }
	})
	s.eventually("the new instance", func() bool { i := s.status("new"); return i != nil && i.Reason != "" })
	require.Zero(t, s.spread(24)["new"])
	s.set(func() { delete(s.behave, "new") })
	s.eventually("requests to it", func() bool { return s.spread(7)["new"] > 0 })
}

func TestFrontEndsFollowTheirRules(t *testing.T) {
	s := newStage(t)
	s.front.Address = "192.0.2.1"
	s.start()
	s.eventually("the front end", func() bool { return len(s.lb.Status().FrontEnds) == 1 })
	require.Contains(t, s.lb.Status().FrontEnds[0].Problem, "not one of this machine's loopback interface")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := taken.Addr().(*net.TCPAddr).Port
	s.set(func() { s.listen(port) })
	s.eventually("the port is taken", func() bool { return strings.Contains(s.lb.Status().FrontEnds[0].Problem, "address already in use") })
	require.NoError(t, taken.Close())
	s.eventually("it tries again", func() bool { return s.lb.Status().FrontEnds[0].Problem == "" })
	s.healthy()
	require.Equal(t, 200, s.get("/").status)
	url := s.url()
	s.set(func() { s.front.ID = "projects/p/global/forwardingRules/other"; s.listen(freePort(t)) })
	s.eventually("another rule", func() bool { f := s.lb.Status().FrontEnds; return len(f) == 1 && f[0].URL != url })
	_, err = client().Get(url)
	require.Error(t, err, "the old one is gone")
	require.Equal(t, 200, s.get("/").status, "the service is the same, and its instances are still in")
}

func TestHTTPSWaitsForItsCertificate(t *testing.T) {
	s := newStage(t)
	s.front.HTTPS, s.front.Port = true, freePort(t)
	s.front.Problems = []string{"the certificate waits"}
	s.front.Address = "127.0.0.1"
	s.start()
	s.eventually("the front end", func() bool { return len(s.lb.Status().FrontEnds) == 1 })
	require.Contains(t, s.lb.Status().FrontEnds[0].Problem, "certificate")
	response, err := client().Get(s.url())
	if err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	require.ErrorContains(t, err, "tls")
}

// Visitors may have another dialer than the health checks.
func TestVisitorsDialer(t *testing.T) {
	s := newStage(t)
	s.listen(freePort(t))
	s.lb = Start(Options{Declared: s, Dialer: s, Visitors: elsewhere{}, Instances: s.instances})
	t.Cleanup(s.lb.Close)
	s.healthy()
	a := s.get("/")
	require.Equal(t, "elsewhere", a.body)
	s.set(func() {
		for _, region := range regions {
			for n := range 2 {
				require.NotZero(t, s.probes[instanceName(region, n)])
			}
		}
		require.Empty(t, s.received)
	})
}

type elsewhere struct{}

func (elsewhere) Dial(context.Context, netip.Addr, cloud.Port) (http.RoundTripper, error) {
	return elsewhere{}, nil
}

func (elsewhere) RoundTrip(*http.Request) (*http.Response, error) {
	return reply(200, "elsewhere"), nil
}
