package loadbalancer

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pquerna/cachecontrol/cacheobject"

	"geo-wordpress/localcloud/cloud"
)

// Limits of the cache. Google keeps no larger answer from a server without byte ranges; the size of the whole cache is
// that of a machine for development.
const (
	maxAnswer = 10 << 20
	maxCache  = 256 << 20
)

// keptStatuses are those of answers that may be kept, without 206: Google requests ranges by itself.
var keptStatuses = []int{200, 203, 204, 300, 301, 302, 307, 308, 404, 405, 410, 421, 451, 501}

// keptVary are the headers by which kept answers may vary.
var keptVary = []string{"accept", "accept-encoding", "access-control-request-headers", "access-control-request-method", "origin",
	"sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "x-goog-allowed-resources", "x-origin"}

// cache holds the answers that Cloud CDN keeps for a backend service. It is one cache, where Google has one at each edge.
type cache struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string][]*entry // by key; an answer may vary by other headers
	size    int
}

// entry is an answer. Only renewing changes.
type entry struct {
	status   int
	header   http.Header
	body     []byte
	varies   http.Header // the headers of the request by which it varies
	made     time.Time
	fresh    time.Duration // since it was made
	stale    time.Duration // after it was fresh
	renewing bool
}

func newCache() *cache { return &cache{now: time.Now, entries: map[string][]*entry{}} }

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.size = 0
}

// find returns the kept answer to a request, and its age; nil if there is none, or only one that is too old.
func (c *cache) find(key string, r *http.Request) (e *entry, age time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries[key] {
		if !e.answers(r) {
			continue
		}
		age, stale := c.now().Sub(e.made), e.stale
		if directives, err := cacheobject.ParseRequestCacheControl(r.Header.Get("Cache-Control")); err == nil && directives.MaxStale >= 0 {
			stale = min(stale, time.Duration(directives.MaxStale)*time.Second)
		}
		if age < e.fresh+stale || age < e.fresh {
			return e, age
		}
	}
	return nil, 0
}

// answers says whether an entry is the answer to a request with its key.
func (e *entry) answers(r *http.Request) bool {
	for name, values := range e.varies {
		if !slices.Equal(values, r.Header.Values(name)) {
			return false
		}
	}
	return true
}

// renew says whether the caller is the one who renews an entry.
func (c *cache) renew(e *entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.renewing {
		return false
	}
	e.renewing = true
	return true
}

func (c *cache) renewed(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.renewing = false
}

// put replaces an entry by another; either may be nil.
func (c *cache) put(key string, old, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[key] = slices.DeleteFunc(c.entries[key], func(other *entry) bool {
		replaced := other == old || e != nil && sameHeaders(other.varies, e.varies)
		if replaced {
			c.size -= len(other.body)
		}
		return replaced
	})
	if e == nil {
		return
	}
	if c.size += len(e.body); c.size > maxCache { // a cache may forget
		clear(c.entries)
		c.size = len(e.body)
	}
	c.entries[key] = append(c.entries[key], e)
}

func sameHeaders(a, b http.Header) bool {
	if len(a) != len(b) {
		return false
	}
	for name, values := range a {
		if other, ok := b[name]; !ok || !slices.Equal(values, other) {
			return false
		}
	}
	return true
}

// newEntry returns an answer without its body; nil if it must not be kept.
func newEntry(policy *cloud.CDN, r *http.Request, response *http.Response, now time.Time) *entry {
	h := response.Header
	if r.Method != http.MethodGet || !slices.Contains(keptStatuses, response.StatusCode) || len(h.Values("Set-Cookie")) > 0 {
		return nil
	}
	asked, err := cacheobject.ParseRequestCacheControl(strings.Join(r.Header.Values("Cache-Control"), ", "))
	if err != nil {
		asked = &cacheobject.RequestCacheDirectives{}
	}
	said, err := cacheobject.ParseResponseCacheControl(strings.Join(h.Values("Cache-Control"), ", "))
	if err != nil || said.NoCachePresent {
		return nil
	}
	e := &entry{status: response.StatusCode, header: h.Clone(), varies: http.Header{}, made: now}
	for _, name := range strings.Split(strings.Join(h.Values("Vary"), ","), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !slices.Contains(keptVary, strings.ToLower(name)) {
			return nil
		}
		e.varies[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
	}
	object := cacheobject.Object{RespDirectives: said, RespHeaders: h, RespStatusCode: response.StatusCode, ReqDirectives: asked,
		ReqHeaders: r.Header, ReqMethod: r.Method, NowUTC: now}
	if h.Get("Cache-Control") == "" { // otherwise Expires does not count
		object.RespExpiresHeader, _ = http.ParseTime(h.Get("Expires"))
		object.RespDateHeader, _ = http.ParseTime(h.Get("Date"))
	}
	var results cacheobject.ObjectResults
	cacheobject.CachableObject(&object, &results)
	cacheobject.ExpirationObject(&object, &results)
	e.fresh = results.OutExpirationTime.Sub(now)
	if len(results.OutReasons) > 0 || results.OutExpirationTime.IsZero() || e.fresh <= 0 {
		return nil
	}
	switch {
	case said.MustRevalidate || said.ProxyRevalidate || said.SMaxAge >= 0: // Cloud CDN serves none of these stale
	case said.StaleWhileRevalidate >= 0:
		e.stale = time.Duration(said.StaleWhileRevalidate) * time.Second
	default:
		e.stale = policy.Stale
	}
	return e
}

// recorder reads an answer's body, and passes it on when it was read to its end.
type recorder struct {
	io.ReadCloser
	read bytes.Buffer
	done func(body []byte)
}

func (b *recorder) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.read.Len() <= maxAnswer {
		b.read.Write(p[:n])
	}
	if err == io.EOF && b.read.Len() <= maxAnswer && b.done != nil {
		b.done(b.read.Bytes())
		b.done = nil
	}
	return n, err
}
