package loadbalancer

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"geo-wordpress/localcloud/cloud"
)

// idleTimeout is how long an idle client connection is kept.
const idleTimeout = 610 * time.Second

// frontEnd serves one forwarding rule.
type frontEnd struct {
	id        string
	log       *slog.Logger
	authority *Authority // nil if no certificates are issued

	mu       sync.Mutex
	declared cloud.FrontEnd
	routes   []route
	service  *service // for requests that no route matches; nil if there is none
	problem  string   // why it does not serve
	listens  string   // host:port
	server   *http.Server
}

func newFrontEnd(id string, o Options) *frontEnd {
	return &frontEnd{id: id, log: o.Log, authority: o.Authority}
}

// update applies the declaration to the front end, and retries to listen if that failed before.
func (f *frontEnd) update(declared cloud.FrontEnd, routes []route, s *service) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.declared, f.routes, f.service = declared, routes, s
	address, err := listenAddress(declared)
	if f.server != nil && (err != nil || address != f.listens) {
		_ = f.server.Close()
		f.server = nil
	}
	if err == nil && f.server == nil {
		err = f.listen(address)
	}
	problem := ""
	if err != nil {
		problem = err.Error()
	} else if declared.HTTPS {
		problem = strings.Join(declared.Problems, "; ")
	}
	if problem != f.problem {
		f.problem = problem
		f.log.Info("load balancer", "rule", lastSegment(f.id), "address", address, "problem", cmp.Or(problem, "none"))
	}
}

// listenAddress returns where a front end listens: on the rule's port, or instead of 80 on the address's own port.
func listenAddress(f cloud.FrontEnd) (string, error) {
	host, port := f.Address, strconv.Itoa(f.Port)
	if h, p, err := net.SplitHostPort(f.Address); err == nil {
		host = h
		if f.Port == 80 {
			port = p
		}
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return "", fmt.Errorf("the address %s is not one of this machine's loopback interface: it is not served", f.Address)
	}
	return net.JoinHostPort(host, port), nil
}

func (f *frontEnd) listen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("nothing listens on %s: %w", address, err)
	}
	if f.declared.HTTPS {
		listener = tls.NewListener(listener, f.tlsConfig())
	}
	server := &http.Server{
		Handler: f, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(f.log.Handler(), slog.LevelDebug),
	}
	f.server, f.listens = server, address
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			f.log.Error("load balancer", "rule", lastSegment(f.id), "error", err)
		}
	}()
	return nil
}

func (f *frontEnd) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.server != nil {
		_ = f.server.Close()
		f.server = nil
	}
}

// ServeHTTP answers one request of a client.
func (f *frontEnd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	declared, service := f.declared, f.serviceFor(r)
	f.mu.Unlock()
	to, redirects := declared.HostRedirects[hostOf(r.Host)]
	switch {
	case redirects:
		redirect(w, r, to)
	case declared.Redirect != nil:
		redirect(w, r, *declared.Redirect)
	case service != nil:
		service.serve(withHeaders(w, declared.Headers), r, hostOf(declared.Address))
	default:
		answerError(w, errNoHealthyInstance)
	}
}

// redirect answers with a permanent redirect.
func redirect(w http.ResponseWriter, r *http.Request, to cloud.Redirect) {
	scheme := "http://"
	if to.HTTPS || r.TLS != nil {
		scheme = "https://"
	}
	w.Header().Set("Location", scheme+cmp.Or(to.Host, hostOf(r.Host))+r.URL.RequestURI())
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusMovedPermanently)
}

// headersWriter sets headers in an answer.
type headersWriter struct {
	http.ResponseWriter
	headers map[string]string
}

func withHeaders(w http.ResponseWriter, headers map[string]string) http.ResponseWriter {
	if len(headers) == 0 {
		return w
	}
	return headersWriter{w, headers}
}

func (w headersWriter) WriteHeader(status int) {
	for name, value := range w.headers {
		w.Header().Set(name, value)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController, which flushes.
func (w headersWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// hostOf returns a host without its port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
