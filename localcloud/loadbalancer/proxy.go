package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// connectTimeout is the timeout of connections to instances. Google documents no figure; this is Envoy's.
const connectTimeout = 5 * time.Second

// longWait is from when on the log names a request that got no answer, and what it waited for.
const longWait = 10 * time.Second

var (
	errNoHealthyInstance = errors.New("no healthy instance")
	errNoConnection      = errors.New("no connection to the instance")
	errDrained           = errors.New("the instance left, and its connections had the declared time to drain")
)

// backend is a placeholder URL for proxied requests; the connection determines their target.
var backend = &url.URL{Scheme: "http", Host: "backend.invalid"}

// serve answers a client's request, from the cache or from an instance. address is the load balancer's own.
func (s *service) serve(w http.ResponseWriter, r *http.Request, address string) {
	s.mu.Lock()
	declared := s.declared
	s.mu.Unlock()
	s.requests.add(time.Now())
	x := exchange{w: w, r: r, declared: declared, address: address, failed: func() { s.refused.add(time.Now()) }}
	if declared.CDN != nil && mayBeCached(declared.CDN, r) {
		s.serveCached(x)
	} else {
		s.forward(x)
	}
}

// exchange is a request and its answer.
type exchange struct {
	w        http.ResponseWriter
	r        *http.Request
	declared cloud.BackendService
	address  string
	answered func(*http.Response) // sees the answer of an instance first; may be nil
	failed   func()               // is called if there is none
}

// forward proxies a request to an instance.
func (s *service) forward(x exchange) {
	w, r, declared := x.w, x.r, x.declared
	// Behind the cache: a policy for backend services does not see what Cloud CDN answers
	// (https://docs.cloud.google.com/armor/docs/security-policy-overview).
	if !s.admit(w, r) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), declared.Timeout)
	defer cancel()
	client, began := hostOf(r.RemoteAddr), time.Now()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(backend)
			p.Out.Host = p.In.Host
			addRequestHeaders(p.In, p.Out.Header, client, x.address)
		},
		Transport: transport{s, declared},
		ModifyResponse: func(response *http.Response) error {
			response.Header.Add("Via", "1.1 google")
			if x.answered != nil {
				x.answered(response)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			x.failed()
			if waited := time.Since(began); waited > longWait {
				s.o.Log.Info("load balancer", "service", lastSegment(declared.ID), "request", r.Method+" "+r.URL.Path, "waited", waited, "error", err)
			}
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				err = context.DeadlineExceeded
			}
			answerError(w, err)
		},
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
}

// addRequestHeaders adds the headers that Google's proxies add.
func addRequestHeaders(in *http.Request, out http.Header, client, address string) {
	forwarded := client + "," + address
	if given := in.Header.Values("X-Forwarded-For"); len(given) > 0 {
		forwarded = strings.Join(given, ",") + "," + forwarded
	}
	out.Set("X-Forwarded-For", forwarded)
	out.Set("X-Forwarded-Proto", "http")
	if in.TLS != nil {
		out.Set("X-Forwarded-Proto", "https")
	}
	out.Add("Via", "1.1 google")
	if out.Get("X-Cloud-Trace-Context") == "" {
		out.Set("X-Cloud-Trace-Context", fmt.Sprintf("%016x%016x/%d", rand.Uint64(), rand.Uint64(), rand.Uint64()))
	}
}

// transport sends requests to a service's instances.
type transport struct {
	*service
	declared cloud.BackendService
}

// RoundTrip sends a request to an instance. A request without a body that gets no answer, or 502, 503 or 504, is
// retried once, as Google does if no retry policy is declared.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, tried, err := t.send(r, nil)
	repeatable := (r.Body == nil || r.Body == http.NoBody) && tried != nil && r.Context().Err() == nil
	if !repeatable || err == nil && response.StatusCode != 502 && response.StatusCode != 503 && response.StatusCode != 504 {
		return response, err
	}
	again, other, err2 := t.send(r, tried)
	if other == nil { // no instance is left
		return response, err
	}
	if response != nil {
		_ = response.Body.Close()
	}
	return again, err2
}

// send sends a request to one instance, and returns the instance.
func (t transport) send(r *http.Request, tried *instance) (*http.Response, *instance, error) {
	now := time.Now()
	t.mu.Lock()
	i, g := t.pick(r, tried, now)
	if i == nil {
		t.mu.Unlock()
		return nil, nil, errNoHealthyInstance
	}
	i.inFlight++
	to := cloud.Port{Zone: i.zone, Instance: i.name, Number: i.port}
	t.mu.Unlock()
	g.requests.add(now)
	i.requests.add(now)

	ctx, cancel := context.WithCancelCause(r.Context())
	drained := context.AfterFunc(i.gone, func() { cancel(errDrained) })
	done := func() {
		drained()
		cancel(nil)
		t.mu.Lock()
		i.inFlight--
		t.mu.Unlock()
	}
	response, err := t.exchange(r.WithContext(ctx), to)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errDrained) {
			err = cause
		}
		done()
		return nil, i, err
	}
	response.Body = &body{response.Body, done}
	if t.declared.Sticky {
		if cookie, err := r.Cookie(cookieName); err != nil || cookie.Value != i.token {
			response.Header.Add("Set-Cookie", t.affinityCookie(i, t.declared.CookieTTL, now).String())
		}
	}
	return response, i, nil
}

func (t transport) exchange(r *http.Request, to cloud.Port) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), connectTimeout)
	defer cancel()
	connection, err := t.o.Visitors.Dial(ctx, source(), to)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoConnection, err)
	}
	return connection.RoundTrip(r)
}

// source returns the address of one of the front ends.
func source() netip.Addr {
	r := frontEndRanges[rand.IntN(len(frontEndRanges))]
	a := r.Addr().As4()
	for i := r.Bits(); i < 32; i++ {
		if rand.IntN(2) == 1 {
			a[i/8] |= 0x80 >> (i % 8)
		}
	}
	return netip.AddrFrom4(a)
}

// body calls done when an answer has been read.
type body struct {
	io.ReadCloser
	done func()
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	if b.done != nil {
		b.done()
		b.done = nil
	}
	return err
}

// answerError answers in place of the backends, with Envoy's texts and statuses.
func answerError(w http.ResponseWriter, err error) {
	status, text := http.StatusServiceUnavailable, "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
	var netError net.Error
	switch {
	case errors.Is(err, errNoHealthyInstance):
		text = "no healthy upstream"
	case errors.Is(err, context.DeadlineExceeded):
		status, text = http.StatusGatewayTimeout, "upstream request timeout"
	case errors.Is(err, errNoConnection) && errors.As(err, &netError) && netError.Timeout():
		text = "upstream connect error or disconnect/reset before headers. reset reason: connection timeout"
	case errors.Is(err, errNoConnection):
		text = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
