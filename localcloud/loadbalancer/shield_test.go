package loadbalancer

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

var everybody = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// declaredPolicy is like the program's, with small numbers.
func declaredPolicy(change func(rules []cloud.SecurityRule)) *cloud.SecurityPolicy {
	rules := []cloud.SecurityRule{
		{Priority: 1, Expression: "request.path.contains('/install.php') && !inIpRange(origin.ip, '203.0.113.0/24')", Deny: 403},
		{Priority: 2, Expression: "request.path.contains('login')", Limit: &cloud.RateLimit{Count: 3, Interval: time.Minute,
			Exceeded: 429, BanCount: 6, BanInterval: 10 * time.Minute, Ban: 15 * time.Minute}},
		{Priority: 3, Ranges: everybody, Limit: &cloud.RateLimit{Count: 5, Interval: time.Minute, Exceeded: 429}},
		{Priority: 2147483647, Ranges: everybody},
	}
	if change != nil {
		change(rules)
	}
	return &cloud.SecurityPolicy{Rules: rules}
}

// judged is a shield with a clock that the test sets.
type judged struct {
	t *testing.T
	*shield
	clock time.Time
}

func judge(t *testing.T, policy *cloud.SecurityPolicy) *judged {
	j := &judged{t: t, shield: newShield(), clock: time.Unix(1e9, 0)}
	j.now = func() time.Time { return j.clock }
	require.NoError(t, j.declare(policy))
	return j
}

// send sends n requests, and returns how many of them are denied with which status; want is the status of all.
func (j *judged) send(n int, from, target string, want int) {
	j.t.Helper()
	for i := range n {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.RemoteAddr = net.JoinHostPort(from, "4711")
		if got := j.judge(r).status; got != want {
			j.t.Fatalf("request %d of %d to %s from %s is answered with %d, want %d", i+1, n, target, from, got, want)
		}
	}
}

func (j *judged) pass(d time.Duration) { j.clock = j.clock.Add(d) }

func TestALimitCountsByAddress(t *testing.T) {
	j := judge(t, declaredPolicy(nil))
	j.send(3, "198.51.100.7", "/login", 0)
	j.send(1, "198.51.100.7", "/login", 429)
	j.send(3, "198.51.100.8", "/login", 0)
	j.send(3, "2001:db8::8", "/login", 0)
	j.send(1, "2001:db8::8", "/login", 429)
	// The first rule that matches decides: what is limited by one is not counted by the next.
	j.send(5, "198.51.100.7", "/", 0)
	j.send(1, "198.51.100.7", "/", 429)
	j.pass(time.Minute)
	j.send(3, "198.51.100.7", "/login", 0)
	j.send(1, "198.51.100.7", "/login", 429)
}

func TestABan(t *testing.T) {
	j := judge(t, declaredPolicy(nil))
	j.send(3, "198.51.100.7", "/login", 0)
	j.send(3, "198.51.100.7", "/login", 429)
	j.pass(time.Minute)
	j.send(3, "198.51.100.7", "/login", 0) // seven and more in ten minutes, but not above the limit
	j.send(1, "198.51.100.7", "/login", 429)
	j.pass(15*time.Minute - time.Second)
	j.send(1, "198.51.100.7", "/login", 429) // banned
	j.send(1, "198.51.100.7", "/", 0)        // the ban is the rule's
	j.send(1, "198.51.100.8", "/login", 0)   // and the address's
	j.pass(time.Second)
	j.send(2, "198.51.100.7", "/login", 0)
}

func TestALimitWithoutABan(t *testing.T) {
	j := judge(t, declaredPolicy(nil))
	j.send(5, "198.51.100.7", "/", 0)
	j.send(1000, "198.51.100.7", "/", 429)
	j.pass(time.Minute)
	j.send(5, "198.51.100.7", "/", 0)
}

func TestADenial(t *testing.T) {
	j := judge(t, declaredPolicy(nil))
	j.send(10, "198.51.100.7", "/wp-admin/install.php", 403)
	j.send(5, "203.0.113.7", "/wp-admin/install.php", 0)
	j.send(1, "203.0.113.7", "/wp-admin/install.php", 429) // by the limit of all requests
	j.send(10, "::ffff:198.51.100.9", "/wp-admin/install.php", 403)
}

// A rule in preview decides nothing, but is counted; the next rule decides.
func TestPreview(t *testing.T) {
	j := judge(t, declaredPolicy(func(rules []cloud.SecurityRule) { rules[1].Preview = true }))
	j.send(5, "198.51.100.7", "/login", 0)
	r := httptest.NewRequest(http.MethodGet, "/login", nil)
	r.RemoteAddr = "198.51.100.7:4711"
	assert.Equal(t, verdict{status: 429, previewed: 429, priority: 3}, j.judge(r))
	j.pass(time.Minute)
	j.send(3, "198.51.100.7", "/login", 0)
	assert.Equal(t, verdict{previewed: 429, priority: 2}, j.judge(r))
}

// A rule that has not changed goes on counting, and one that has begins anew.
func TestAPolicyThatChanges(t *testing.T) {
	j := judge(t, declaredPolicy(nil))
	j.send(3, "198.51.100.7", "/login", 0)
	require.NoError(t, j.declare(declaredPolicy(func(rules []cloud.SecurityRule) { rules[0].Deny = 404 })))
	j.send(1, "198.51.100.7", "/login", 429)
	require.NoError(t, j.declare(declaredPolicy(func(rules []cloud.SecurityRule) { rules[1].Limit.Count = 5 })))
	j.send(5, "198.51.100.7", "/login", 0)
	require.NoError(t, j.declare(nil))
	j.send(100, "198.51.100.7", "/login", 0)
	assert.Error(t, j.declare(declaredPolicy(func(rules []cloud.SecurityRule) { rules[0].Expression = "nonsense" })))
}

// Many addresses do not take all memory.
func TestManyAddresses(t *testing.T) {
	j := judge(t, declaredPolicy(nil))
	address := netip.MustParseAddr("10.0.0.0")
	for range maxClients + 10 {
		address = address.Next()
		j.send(1, address.String(), "/login", 0)
	}
	assert.LessOrEqual(t, len(j.guards[1].clients), maxClients)
}

// from is a client at an address of the loopback interface.
func from(address string) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, to)
		}}}
}

// The proxy denies before an instance sees the request, for one client and not another, and says so in its status.
func TestAFloodStopsAtTheLoadBalancer(t *testing.T) {
	s := newStage(t)
	s.service().Policy = declaredPolicy(nil)
	var reached atomic.Int64
	for _, region := range regions {
		for n := range 2 {
			s.behave[instanceName(region, n)] = only(func(*http.Request) (*http.Response, error) {
				reached.Add(1)
				return reply(200, "page"), nil
			})
		}
	}
	s.start()
	s.healthy()
	get := func(c *http.Client, path string) int {
		response, err := c.Get(s.url() + path)
		require.NoError(t, err)
		_ = response.Body.Close()
		return response.StatusCode
	}
	attacker, visitor := from("127.0.0.2"), from("127.0.0.3")
	statuses := map[int]int{}
	for range 20 {
		statuses[get(attacker, "/wp-login.php")]++
	}
	assert.Equal(t, map[int]int{200: 3, 429: 17}, statuses)
	assert.EqualValues(t, 3, reached.Load())
	assert.Equal(t, 200, get(visitor, "/wp-login.php"))
	assert.Equal(t, 200, get(attacker, "/"))
	assert.Equal(t, 403, get(visitor, "/wp-admin/install.php"))
	status := s.lb.Status().Services[0]
	assert.EqualValues(t, []uint64{18, 0, 0}, []uint64{status.Denied, status.Previewed, status.Failed})
}

// Cloud CDN answers before the policy, which counts what reaches the backends only.
func TestThePolicyIsBehindTheCache(t *testing.T) {
	s := newCachedStage(t, func(b *cloud.BackendService) { b.Policy = declaredPolicy(nil) })
	for range 20 {
		assert.Equal(t, 200, s.get("/page").status)
	}
	statuses := map[int]int{}
	for range 20 {
		statuses[s.get("/page", "Cookie", "logged_in=1").status]++
	}
	assert.Equal(t, map[int]int{200: 4, 429: 16}, statuses)
}
