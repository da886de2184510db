package loadbalancer

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"geo-wordpress/localcloud/armor"
	"geo-wordpress/localcloud/cloud"
)

// shield enforces the security policy of a backend service. It counts for itself, where Google counts for each of the
// backends' regions.
type shield struct {
	now func() time.Time

	mu     sync.Mutex
	guards []*guard
}

// guard is a rule at work.
type guard struct {
	declared cloud.SecurityRule
	matches  *armor.Expression // nil if the rule goes by ranges
	clients  map[netip.Addr]*sender
}

// sender is what a rule knows of a client's address.
type sender struct {
	limit, ban  count
	bannedUntil time.Time
}

// count counts requests in consecutive intervals.
type count struct {
	began time.Time
	n     int
}

func (c *count) add(now time.Time, interval time.Duration) int {
	if now.Sub(c.began) >= interval {
		c.began, c.n = now, 0
	}
	c.n++
	return c.n
}

// verdict is what the policy decides about a request, and what a rule in preview would have decided; 0 admits it.
type verdict struct {
	status, previewed int
	priority          int // of the rule that denies, or would
}

func newShield() *shield { return &shield{now: time.Now} }

// declare applies a policy. A rule that has not changed goes on counting.
func (s *shield) declare(policy *cloud.SecurityPolicy) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.guards
	s.guards = nil
	if policy == nil {
		return nil
	}
	for _, rule := range policy.Rules {
		i := slices.IndexFunc(before, func(g *guard) bool { return reflect.DeepEqual(g.declared, rule) })
		if i >= 0 {
			s.guards = append(s.guards, before[i])
			continue
		}
		g := &guard{declared: rule, clients: map[netip.Addr]*sender{}}
		if rule.Expression != "" {
			var err error
			if g.matches, err = armor.Compile(rule.Expression); err != nil {
				return fmt.Errorf("rule %d of the security policy: %w", rule.Priority, err)
			}
		}
		s.guards = append(s.guards, g)
	}
	return nil
}

// judge counts a request and decides about it.
func (s *shield) judge(r *http.Request) (v verdict) {
	from, err := netip.ParseAddr(hostOf(r.RemoteAddr))
	if err != nil {
		return v
	}
	from = from.Unmap()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.guards {
		if !g.match(r, from) {
			continue
		}
		status := g.judge(from, s.now())
		if !g.declared.Preview {
			if status != 0 || v.previewed == 0 {
				v.priority = g.declared.Priority
			}
			v.status = status
			return v
		}
		if status != 0 && v.previewed == 0 {
			v.previewed, v.priority = status, g.declared.Priority
		}
	}
	return v
}

func (g *guard) match(r *http.Request, from netip.Addr) bool {
	if g.matches != nil {
		return g.matches.Matches(r, from)
	}
	return slices.ContainsFunc(g.declared.Ranges, func(p netip.Prefix) bool { return p.Contains(from) })
}

// maxClients bounds the addresses that a rule remembers.
const maxClients = 10000

// judge counts a request that the rule matches, and returns the status with which to deny it.
func (g *guard) judge(from netip.Addr, now time.Time) int {
	limit := g.declared.Limit
	if limit == nil {
		return g.declared.Deny
	}
	c := g.clients[from]
	if c == nil {
		if len(g.clients) >= maxClients {
			clear(g.clients)
		}
		c = &sender{}
		g.clients[from] = c
	}
	exceeded := c.limit.add(now, limit.Interval) > limit.Count
	many := limit.BanCount == 0 || c.ban.add(now, limit.BanInterval) > limit.BanCount
	if limit.Ban > 0 && exceeded && many {
		c.bannedUntil = now.Add(limit.Ban)
	}
	if exceeded || now.Before(c.bannedUntil) {
		return limit.Exceeded
	}
	return 0
}

// admit reports whether the policy admits a request, and answers it otherwise.
func (s *service) admit(w http.ResponseWriter, r *http.Request) bool {
	v := s.shield.judge(r)
	if v.previewed != 0 {
		s.previewed.add(time.Now())
		s.o.Log.Debug("security policy", "preview", true, "rule", v.priority, "status", v.previewed, "client", hostOf(r.RemoteAddr), "path", r.URL.Path)
	}
	if v.status == 0 {
		return true
	}
	s.denied.add(time.Now())
	s.o.Log.Debug("security policy", "rule", v.priority, "status", v.status, "client", hostOf(r.RemoteAddr), "path", r.URL.Path)
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(v.status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, fmt.Sprintf("<!doctype html><title>%d</title>%d %s", v.status, v.status, http.StatusText(v.status)))
	}
	return false
}
