package realsite

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
)

// kind is the software.State.Kind of a WordPress pod.
const kind = "wordpress"

var _ cloud.Dialer = (*Site)(nil)

// Dial opens a visitor's connection: to whatever accepts it in the simulation, or, if that is a WordPress pod, to the
// real WordPress of its region.
func (s *Site) Dial(ctx context.Context, from netip.Addr, to cloud.Port) (http.RoundTripper, error) {
	simulated, err := s.o.Dialer.Dial(ctx, from, to)
	if err != nil {
		return nil, err
	}
	if c, ok := simulated.(interface{ Software() string }); !ok || c.Software() != kind {
		return simulated, nil
	}
	return &connection{s, simulated, googlecloud.RegionOf(to.Zone)}, nil
}

// connection is a visitor's connection to a WordPress pod.
type connection struct {
	site      *Site
	simulated http.RoundTripper
	region    string
}

// RoundTrip lets the real WordPress answer if the simulated pod would serve its front page. Otherwise it returns the
// simulated pod's answer.
func (c *connection) RoundTrip(r *http.Request) (*http.Response, error) {
	front := r.Clone(r.Context())
	front.Method, front.Body, front.ContentLength = http.MethodGet, nil, 0
	front.URL.Path, front.URL.RawPath, front.URL.RawQuery = "/", "", ""
	response, err := c.simulated.RoundTrip(front)
	if err != nil || response.StatusCode >= 500 {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return response, err
	}
	_ = response.Body.Close()
	c.site.mu.Lock()
	run := c.site.run
	c.site.mu.Unlock()
	if status := c.site.Status(); status.State != Ready || run == nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return c.wait(r, status), nil
	}
	socket := run.socket(c.region)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives:  true,
		DisableCompression: true, // compression is between the browser and WordPress
	}
	return transport.RoundTrip(r)
}

var waitTemplate = template.Must(template.New("wait").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<title>WordPress starts</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 42em; margin: 10vh auto; padding: 0 1em; color: #1f2933 }</style>
<h1>WordPress starts</h1>
<p>The simulated pod in {{.Region}} is ready. The real WordPress, which answers in its place, {{.Status}}.</p>
<p>This page reloads every five seconds. <code>localcloud status</code> shows the progress.</p>
</html>
`))

// wait returns the page for visitors until the real WordPress is ready.
func (c *connection) wait(r *http.Request, status Status) *http.Response {
	var page strings.Builder
	_ = waitTemplate.Execute(&page, map[string]any{"Region": c.region, "Status": status.String()}) // a builder never fails
	text := page.String()
	if r.Method == http.MethodHead {
		text = ""
	}
	const code = http.StatusServiceUnavailable
	return &http.Response{
		Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), StatusCode: code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}, "Retry-After": {"5"}, "Cache-Control": {"no-store"}},
		Body:   io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r,
	}
}
