package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
)

// Entrance stands in for the load balancer: it serves the stack's address, and forwards each request to a ready
// WordPress of the region that a test chose, or else of another region.
type Entrance struct {
	URL string // http://ADDRESS

	world   *World
	address netip.Addr
	lock    sync.Mutex
	region  string
}

// OpenEntrance opens the stack's address, and chooses the first region.
func (w *World) OpenEntrance() *Entrance {
	w.t.Helper()
	address, err := netip.ParseAddr(w.Stack.Output("loadbalancer_ip"))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Network.Assign(address); err != nil {
		w.t.Fatal(err)
	}
	e := &Entrance{URL: "http://" + address.String(), world: w, address: address, region: w.Stack.Regions[0].Name}
	listener, err := net.Listen("tcp", netip.AddrPortFrom(address, 80).String())
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: &httputil.ReverseProxy{
		Rewrite: e.rewrite,
		ErrorHandler: func(answer http.ResponseWriter, _ *http.Request, err error) {
			http.Error(answer, err.Error(), http.StatusBadGateway)
		},
		Transport: &http.Transport{DisableKeepAlives: true},
	}, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("the entrance:", err)
		}
	}()
	w.t.Cleanup(func() { _ = server.Close() })
	return e
}

// Lead chooses the region that requests go to.
func (e *Entrance) Lead(region string) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.region = region
}

// rewrite sends a request to its backend, and extends X-Forwarded-For as Google's load balancer does.
func (e *Entrance) rewrite(request *httputil.ProxyRequest) {
	target := "http://" + netip.AddrPortFrom(netip.IPv4Unspecified(), 1).String() // nobody listens there
	if backend := e.backend(); backend != nil {
		target = "http://" + backend.Network.Address.String()
	}
	to, _ := url.Parse(target)
	request.SetURL(to)
	request.Out.Host = request.In.Host
	client, _, _ := net.SplitHostPort(request.In.RemoteAddr)
	forwarded := client + "," + e.address.String()
	if given := request.In.Header.Get("X-Forwarded-For"); given != "" {
		forwarded = given + "," + forwarded
	}
	request.Out.Header.Set("X-Forwarded-For", forwarded)
	request.Out.Header.Set("X-Forwarded-Proto", "http")
}

// backend returns the pod that requests go to, or nil if no region has one.
func (e *Entrance) backend() *kubelet.Pod {
	e.lock.Lock()
	chosen := e.region
	e.lock.Unlock()
	var ready []*kubelet.Pod
	for _, p := range e.world.Running() {
		if p.App() == "wordpress" && p.Ready() {
			ready = append(ready, p)
		}
	}
	if i := slices.IndexFunc(ready, func(p *kubelet.Pod) bool { return p.Region.Name == chosen }); i >= 0 {
		return ready[i]
	}
	if len(ready) > 0 {
		return ready[0]
	}
	return nil
}

// Get requests a path directly from a pod's port, as the health checks do.
func Get(ctx context.Context, p *kubelet.Pod, port int, path string) (*http.Response, error) {
	url := fmt.Sprintf("http://%s:%d%s", p.Network.Address, port, path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
}

// Healthy returns why a Placement Driver does not serve. It uses a short timeout: without a quorum there is no answer.
func Healthy(pd *kubelet.Pod) error {
	response, err := Client(pd).Get("https://" + pd.Network.Address.String() + ":2379/health")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/health of the Placement Driver in %s: %s", pd.Region.Name, response.Status)
	}
	return nil
}
