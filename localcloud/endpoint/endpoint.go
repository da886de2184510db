package endpoint

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"geo-wordpress/localcloud/faults"
)

// Options configure an endpoint.
type Options struct {
	// Address is the host:port that clients dial.
	Address string
	// APIServer is the URL of the API server, and CA the certificate authority of its certificate and the endpoint's.
	APIServer string
	CA        *x509.CertPool
	// Certificate is the endpoint's server certificate.
	Certificate tls.Certificate
	// Place is the cluster's location. It keys the faults, so that a recreated cluster meets the same ones.
	Place  string
	Faults *faults.Injector // nil: none
	Log    *slog.Logger
}

// Endpoint is the endpoint of one cluster. It is closed until Open.
type Endpoint struct {
	options Options
	proxy   *httputil.ReverseProxy

	mutex sync.Mutex
	open  *generation // nil while closed
	hole  io.Closer   // swallows packets; nil unless they are dropped
}

// generation is the set of connections between an Open and the next Drop or Close.
type generation struct {
	server   *http.Server
	listener net.Listener
	dropped  chan struct{} // closed: no packet passes
	released chan struct{} // closed: the peers learn that their connections are gone
}

// New creates an endpoint. It fails if the API server's URL is malformed.
func New(o Options) (*Endpoint, error) {
	target, err := url.Parse(o.APIServer)
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", o.Address, err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Endpoint{options: o}
	e.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: o.CA, MinVersion: tls.VersionTLS12},
			// The client and the API server negotiate compression between themselves.
			DisableCompression:  true,
			MaxIdleConnsPerHost: 100,
			IdleConnTimeout:     time.Minute,
		},
		FlushInterval: -1, // watches need their events at once
		ErrorLog:      log.New(io.Discard, "", 0),
		// If the API server breaks the connection, break the client's instead of answering.
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			o.Log.Debug("the API server does not answer", "request", r.Method+" "+r.URL.Path, "error", err)
			reset(w)
		},
	}
	return e, nil
}

// Open starts to serve, unless it already does. Peers of dropped connections learn that these are gone.
func (e *Endpoint) Open() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.open != nil && e.hole == nil {
		return nil
	}
	e.release()
	listener, err := net.Listen("tcp", e.options.Address)
	if err != nil {
		return fmt.Errorf("endpoint of the control plane: %w", err)
	}
	g := &generation{listener: listener, dropped: make(chan struct{}), released: make(chan struct{})}
	g.server = &http.Server{
		Handler:           http.HandlerFunc(e.serve),
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		// HTTP/1.1, one request at a time per connection, so that a fault breaks only the request that it hits.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{e.options.Certificate},
			MinVersion:   tls.VersionTLS12,
			NextProtos:   []string{"http/1.1"},
		},
	}
	e.open = g
	go func() {
		err := g.server.Serve(tls.NewListener(droppable{listener, g}, g.server.TLSConfig))
		if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			e.options.Log.Error("endpoint of the control plane", "error", err)
		}
	}()
	return nil
}

// Drop drops every packet from now on, as a lost control plane does: new connections are neither made nor refused, and
// existing ones fall silent.
func (e *Endpoint) Drop() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.hole != nil {
		return nil
	}
	if e.open != nil {
		close(e.open.dropped)
		_ = e.open.listener.Close()
	}
	var err error
	e.hole, err = swallow(e.options.Address)
	return err
}

// Close refuses new connections and breaks existing ones.
func (e *Endpoint) Close() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.release()
}

// release ends dropping and serving.
func (e *Endpoint) release() {
	if e.hole != nil {
		_ = e.hole.Close()
		e.hole = nil
	}
	if e.open != nil {
		close(e.open.released)
		_ = e.open.server.Close()
		e.open = nil
	}
}

// droppable is a listener whose connections can drop all packets.
type droppable struct {
	net.Listener
	*generation
}

func (d droppable) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, generation: d.generation}, nil
}

type conn struct {
	net.Conn
	*generation
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.lost() {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if c.lost() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// Close sends nothing while packets are dropped.
func (c *conn) Close() error {
	c.lost()
	return c.Conn.Close()
}

// lost blocks while packets are dropped, and reports whether they were.
func (c *conn) lost() bool {
	select {
	case <-c.dropped:
		<-c.released
		return true
	default:
		return false
	}
}

// reset breaks a request's connection, without an answer.
func reset(w http.ResponseWriter) {
	hijacked, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if secured, ok := hijacked.(*tls.Conn); ok {
		hijacked = secured.NetConn()
	}
	if c, ok := hijacked.(*conn); ok {
		if plain, ok := c.Conn.(*net.TCPConn); ok {
			_ = plain.SetLinger(0) // the peer sees "connection reset by peer"
		}
	}
	_ = hijacked.Close()
}
