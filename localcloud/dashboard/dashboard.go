// Package dashboard serves a page with a live architecture diagram of a local cloud. The page is embedded in this
// binary and loads nothing from elsewhere.
package dashboard

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"geo-wordpress/localcloud/daemon"
)

//go:embed page
var page embed.FS

// interval is the polling interval for the cloud's status.
const interval = time.Second

// contentSecurityPolicy lets the page load only its own files.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Source returns a cloud's status.
type Source func(context.Context) (daemon.Status, error)

// Handler serves the dashboard only if the request's host is an address or name of the loopback interface. This
// prevents DNS rebinding by foreign pages.
func Handler(source Source) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(fmt.Sprintf("the embedded page: %v", err)) // it exists, or the build would have failed
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) { stream(w, r, source) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r.Host) {
			http.Error(w, "this page is served on the loopback interface only: open it at 127.0.0.1 or localhost", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// local reports whether a request's host is a loopback address or localhost.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback() || strings.EqualFold(host, "localhost")
}

// stream sends the status as server-sent events, whenever it changes, until the client disconnects. An event "problem"
// gives the reason if there is no status.
func stream(w http.ResponseWriter, r *http.Request, source Source) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var last []byte
	for {
		event := next(r.Context(), source)
		if r.Context().Err() != nil {
			return
		}
		if bytes.Equal(event, last) {
			event = []byte(":\n\n") // a comment: detects a client that is gone
		} else {
			last = event
		}
		if _, err := w.Write(event); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
	}
}

// next returns the current event.
func next(ctx context.Context, source Source) []byte {
	name, value := "status", any(nil)
	status, err := source(ctx)
	if err != nil {
		name, value = "problem", err.Error()
	} else {
		status.Resources = nil // the page needs none, and they are many
		value = status
	}
	data, err := json.Marshal(value)
	if err != nil {
		name, data = "problem", []byte(`"the status cannot be encoded"`)
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, data)
}
