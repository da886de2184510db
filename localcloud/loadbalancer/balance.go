package loadbalancer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// cookieName is the name of the generated affinity cookie.
const cookieName = "GCLB"

// defaultUtilization is the maximum utilization of a UTILIZATION backend that declares none.
const defaultUtilization = 0.8

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

// capacity returns the group's part of the service's capacity; limited reports whether it is in requests a second. (The
// load of simulated machines cannot be measured: UTILIZATION counts as a share by the number of machines.)
func (g *group) capacity() (capacity float64, limited bool) {
	healthy := float64(len(g.healthyInstances()))
	b := g.declared
	switch {
	case healthy == 0:
		return 0, false
	case b.Mode == "RATE" && b.RatePerInstance > 0:
		return b.RatePerInstance * healthy * b.CapacityScaler, true
	case b.Mode == "RATE":
		return b.Rate * healthy / float64(len(g.instances)) * b.CapacityScaler, true
	}
	utilization := b.MaxUtilization
	if utilization == 0 {
		utilization = defaultUtilization
	}
	return utilization * healthy * b.CapacityScaler, false
}

// pick chooses the instance for a request: the one that its affinity names, if healthy; otherwise the groups take turns
// by capacity, full ones only when all are full, and so do the instances of a group. An instance that was tried before
// is chosen only if there is no other. The caller holds service.mu.
func (s *service) pick(r *http.Request, client string, tried *instance, now time.Time) (*instance, *group) {
	for _, without := range []*instance{tried, nil} {
		if i, g := s.pickWithout(r, client, without, now); i != nil {
			return i, g
		}
	}
	return nil, nil
}

func (s *service) pickWithout(r *http.Request, client string, without *instance, now time.Time) (*instance, *group) {
	type choice struct {
		group     *group
		instances []*instance
		capacity  float64
	}
	var open, all []choice
	for _, g := range s.groups {
		capacity, limited := g.capacity()
		c := choice{group: g, capacity: capacity}
		for _, i := range g.healthyInstances() {
			if i != without {
				c.instances = append(c.instances, i)
			}
		}
		if len(c.instances) == 0 || capacity == 0 {
			continue
		}
		all = append(all, c)
		if !limited || float64(g.requests.during(now, 1)) < capacity {
			open = append(open, c)
		}
	}
	want := s.wanted(r, client)
	for _, c := range all {
		for _, i := range c.instances {
			if want != nil && want(i) {
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

// wanted returns a function that matches the instance named by a request's affinity; nil if none.
func (s *service) wanted(r *http.Request, client string) func(*instance) bool {
	switch s.declared.Affinity {
	case "GENERATED_COOKIE":
		cookie, err := r.Cookie(cookieName)
		if err != nil {
			return nil
		}
		return func(i *instance) bool { return i.token == cookie.Value }
	case "CLIENT_IP":
		var best *instance
		var most uint64
		for _, g := range s.groups { // rendezvous hashing moves only the clients of a removed instance
			if capacity, _ := g.capacity(); capacity == 0 {
				continue
			}
			for _, i := range g.healthyInstances() {
				sum := sha256.Sum256([]byte(client + "/" + i.token))
				if weight := binary.BigEndian.Uint64(sum[:]); best == nil || weight > most {
					best, most = i, weight
				}
			}
		}
		return func(i *instance) bool { return i == best }
	}
	return nil
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
