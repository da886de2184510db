package loadbalancer

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// cookieName is the name of the generated affinity cookie.
const cookieName = "GCLB"

// available reports whether an instance gets new requests.
func (i *instance) available() bool { return i.health.healthy && i.portless == "" }

// healthyInstances lists a group's instances that get new requests.
func (g *group) healthyInstances() []*instance {
	var all []*instance
	for _, i := range g.instances {
		if i.available() {
			all = append(all, i)
		}
	}
	return all
}

// capacity returns the group's part of the service's capacity, in requests a second.
func (g *group) capacity() float64 {
	return g.declared.RatePerInstance * float64(len(g.healthyInstances())) * g.declared.CapacityScaler
}

// pick chooses the instance for a request: the one that its affinity names, if healthy; otherwise the groups take turns
// by capacity, full ones only when all are full, and so do the instances of a group. An instance that was tried before
// is chosen only if there is no other. The caller holds service.mu.
func (s *service) pick(r *http.Request, tried *instance, now time.Time) (*instance, *group) {
	for _, without := range []*instance{tried, nil} {
		if i, g := s.pickWithout(r, without, now); i != nil {
			return i, g
		}
	}
	return nil, nil
}

func (s *service) pickWithout(r *http.Request, without *instance, now time.Time) (*instance, *group) {
	type choice struct {
		group     *group
		instances []*instance
		capacity  float64
	}
	var open, all []choice
	for _, g := range s.groups {
		c := choice{group: g, capacity: g.capacity()}
		for _, i := range g.healthyInstances() {
			if i != without {
				c.instances = append(c.instances, i)
			}
		}
		if len(c.instances) == 0 || c.capacity == 0 {
			continue
		}
		all = append(all, c)
		if float64(g.requests.during(now, 1)) < c.capacity {
			open = append(open, c)
		}
	}
	cookie := s.cookieOf(r)
	for _, c := range all {
		for _, i := range c.instances {
			if cookie != "" && i.token == cookie {
				return i, c.group
			}
		}
	}
	if len(open) == 0 {
		open = all
	}
	if len(open) == 0 {
		return nil, nil
	}
	if s.declared.StickyByIP {
		// Each address ranks the instances in its own order, so that one that leaves moves only its own clients.
		client, first := hostOf(r.RemoteAddr), ""
		var best *instance
		var of *group
		for _, c := range open {
			for _, i := range c.instances {
				if rank := token(client, i.token); rank > first {
					first, best, of = rank, i, c.group
				}
			}
		}
		return best, of
	}
	total, best := 0.0, open[0]
	for _, c := range open {
		total += c.capacity
		c.group.credit += c.capacity
		if c.group.credit > best.group.credit {
			best = c
		}
	}
	best.group.credit -= total
	best.group.turn++
	return best.instances[best.group.turn%len(best.instances)], best.group
}

// cookieOf returns the affinity cookie of a request; empty if it has none, or the service has no affinity.
func (s *service) cookieOf(r *http.Request) string {
	if cookie, err := r.Cookie(cookieName); err == nil && s.declared.Sticky {
		return cookie.Value
	}
	return ""
}

// token identifies an instance in a cookie.
func token(parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		hash.Write([]byte(part + "\n"))
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16])
}

// affinityCookie returns the cookie that keeps a client on an instance.
func (s *service) affinityCookie(i *instance, ttl time.Duration, now time.Time) *http.Cookie {
	c := &http.Cookie{Name: cookieName, Value: i.token, Path: "/", HttpOnly: true}
	if ttl > 0 {
		c.Expires = now.Add(ttl)
	}
	return c
}
