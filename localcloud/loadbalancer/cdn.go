package loadbalancer

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// mayBeCached says whether the cache is looked up for a request.
func mayBeCached(policy *cloud.CDN, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return !slices.ContainsFunc(policy.Bypass, func(name string) bool { return len(r.Header.Values(name)) > 0 })
}

// cacheKey returns what a request and another must have in common for the same answer.
func cacheKey(policy *cloud.CDN, r *http.Request) string {
	parts := []string{r.URL.EscapedPath()}
	if policy.Protocol {
		parts = append(parts, strconv.FormatBool(r.TLS != nil))
	}
	if policy.Host {
		parts = append(parts, strings.ToLower(r.Host))
	}
	if policy.Query { // in any order
		query := strings.Split(r.URL.RawQuery, "&")
		slices.Sort(query)
		parts = append(parts, strings.Join(query, "&"))
	}
	for _, name := range policy.Cookies {
		if cookie, err := r.Cookie(name); err == nil {
			parts = append(parts, cookie.Name+"="+cookie.Value)
		}
	}
	return strings.Join(parts, "\n")
}

// serveCached answers a request as Cloud CDN does in the mode USE_ORIGIN_HEADERS: with a fresh answer that is kept; with
// one that has expired, while it gets a new one in the background; or with an instance's, which it may keep. What Google
// does for the sake of load alone is left out: it joins requests for the same answer, and keeps one for a request with a
// cookie of the key from the third on.
func (s *service) serveCached(x exchange) {
	key := cacheKey(x.declared.CDN, x.r)
	e, age := s.kept.find(key, x.r)
	if e == nil {
		x.answered = s.keep(x, key, nil)
		s.forward(x)
		return
	}
	if age >= e.fresh && s.kept.renew(e) {
		go s.renew(x, key, e)
	}
	e.write(x.w, x.r, age)
}

// keep returns a function that keeps an answer, if its headers allow that, in place of the old one. An answer that is
// neither an error of the server nor may be kept removes the old one.
func (s *service) keep(x exchange, key string, old *entry) func(*http.Response) {
	return func(response *http.Response) {
		if old != nil && response.StatusCode == http.StatusNotModified {
			full := *response
			full.StatusCode, full.Header = old.status, old.header.Clone()
			for name, values := range response.Header {
				full.Header[name] = values
			}
			e := newEntry(x.declared.CDN, x.r, &full, s.kept.now())
			if e != nil {
				e.body = old.body
			}
			s.kept.put(key, old, e)
			return
		}
		e := newEntry(x.declared.CDN, x.r, response, s.kept.now())
		switch {
		case e != nil:
			response.Body = &recorder{ReadCloser: response.Body, done: func(body []byte) {
				e.body = body
				s.kept.put(key, old, e)
			}}
		case old != nil && response.StatusCode < http.StatusInternalServerError:
			s.kept.put(key, old, nil)
		}
	}
}

// renew requests an answer that has expired again, without what belongs to the client who happened to ask.
func (s *service) renew(x exchange, key string, old *entry) {
	defer s.kept.renewed(old)
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	r := x.r.Clone(ctx)
	r.Method, r.Body, r.ContentLength = http.MethodGet, http.NoBody, 0
	for _, name := range []string{"Cookie", "Range", "If-Range", "If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since", "Cache-Control"} {
		r.Header.Del(name)
	}
	r.Header.Set("User-Agent", "Cloud-CDN-Google")
	if tag := old.header.Get("ETag"); tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	if modified := old.header.Get("Last-Modified"); modified != "" {
		r.Header.Set("If-Modified-Since", modified)
	}
	x.r, x.w, x.failed = r, nobody{}, func() {}
	x.answered = s.keep(x, key, old)
	s.forward(x)
}

// write answers with an entry. A client who has it already, or wants a part, gets what he asks for.
func (e *entry) write(w http.ResponseWriter, r *http.Request, age time.Duration) {
	h := w.Header()
	for name, values := range e.header {
		h[name] = slices.Clone(values)
	}
	h.Set("Age", strconv.Itoa(int(age/time.Second)))
	h.Del("Content-Length") // the server sets it
	if e.status == http.StatusOK {
		modified, _ := http.ParseTime(h.Get("Last-Modified"))
		http.ServeContent(w, r, "", modified, bytes.NewReader(e.body))
		return
	}
	w.WriteHeader(e.status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(e.body)
	}
}

// nobody takes an answer that nobody waits for.
type nobody struct{}

func (nobody) Header() http.Header         { return http.Header{} }
func (nobody) Write(p []byte) (int, error) { return len(p), nil }
func (nobody) WriteHeader(int)             {}
