package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

// patience is how long a test waits for a condition on a busy machine.
const patience = time.Minute

// stage is a fake cloud of three regions with two machines each, controlled by the test.
type stage struct {
	t  *testing.T
	lb *LoadBalancers

	mu       sync.Mutex
	front    cloud.FrontEnd
	members  map[string][]string // by pool
	changed  chan struct{}
	admits   func(from netip.Addr, port int) bool
	behave   map[string]func(*http.Request) (*http.Response, error) // by instance
	listens  map[string]int                                         // an instance's node port; 30080 if absent
	silent   map[string]bool                                        // instances that drop every packet
	received map[string][]*http.Request
	probes   map[string]int
}

var regions = []string{"region-a", "region-b", "region-c"}

func instanceName(region string, n int) string { return fmt.Sprintf("node-%s-%d", region, n) }

func newStage(t *testing.T) *stage {
	s := &stage{
		t: t, members: map[string][]string{}, changed: make(chan struct{}),
		admits: func(netip.Addr, int) bool { return true },
		behave: map[string]func(*http.Request) (*http.Response, error){}, listens: map[string]int{}, silent: map[string]bool{},
		received: map[string][]*http.Request{}, probes: map[string]int{},
	}
	service := &cloud.BackendService{
		ID: "projects/p/global/backendServices/site", PortName: "web",
		Timeout: time.Minute, Draining: time.Minute,
		HealthCheck: cloud.HealthCheck{
			Interval: 10 * time.Millisecond, Timeout: 5 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 2,
			Port: 30080, Path: "/healthz",
		},
	}
	for _, region := range regions {
		pool := "pool-" + region
		service.Backends = append(service.Backends, cloud.Backend{
			Group: "projects/p/zones/" + region + "-b/instanceGroups/group-" + region, Zone: region + "-b", Pool: pool,
			NamedPorts: map[string][]int{"web": {30080}}, RatePerInstance: 1000, CapacityScaler: 1,
		})
		s.members[pool] = []string{instanceName(region, 0), instanceName(region, 1)}
	}
	s.front = cloud.FrontEnd{ID: "projects/p/global/forwardingRules/site", Address: "127.0.0.1", Port: 80, Service: service}
	return s
}

// start starts the load balancers, after the test has changed the stage.
func (s *stage) start() *stage {
	s.t.Helper()
	s.lb = Start(Options{Declared: s, Dialer: s, Instances: s.instances})
	s.t.Cleanup(s.lb.Close)
	return s
}

// listen sets the front end's port, which must be free.
func (s *stage) listen(port int) *stage {
	s.front.Address = fmt.Sprintf("127.0.0.1:%d", port)
	return s
}

func (s *stage) service() *cloud.BackendService { return s.front.Service }

// change changes a copy of the declaration, as the cloud does.
func (s *stage) change(fn func(*cloud.BackendService)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	service := *s.service()
	service.Backends = append([]cloud.Backend(nil), service.Backends...)
	fn(&service)
	s.front.Service = &service
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *stage) set(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

func (s *stage) FrontEnds() ([]cloud.FrontEnd, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []cloud.FrontEnd{s.front}, nil
}

func (s *stage) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *stage) instances(pool string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.members[pool]...)
}

type silence struct{ why string }

func (e silence) Error() string { return "i/o timeout (" + e.why + ")" }
func (silence) Timeout() bool   { return true }
func (silence) Temporary() bool { return false }

// Dial stands in for the machines: a silent machine or a closed firewall never answers, a port without a server
// refuses.
func (s *stage) Dial(ctx context.Context, from netip.Addr, to cloud.Port) (http.RoundTripper, error) {
	s.mu.Lock()
	silent, admitted, port := s.silent[to.Instance], s.admits(from, to.Number), s.listens[to.Instance]
	s.mu.Unlock()
	if port == 0 {
		port = 30080
	}
	if silent || !admitted {
		<-ctx.Done()
		return nil, silence{fmt.Sprintf("no firewall admits %s to %s on TCP %d", from, to.Instance, to.Number)}
	}
	if to.Number != port {
		return nil, fmt.Errorf("connection refused (nothing listens on TCP %d of %s)", to.Number, to.Instance)
	}
	return wire{s, to.Instance}, nil
}

type wire struct {
	s        *stage
	instance string
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	probe := r.Header.Get("User-Agent") == "GoogleHC/1.0"
	w.s.mu.Lock()
	behave := w.s.behave[w.instance]
	if probe {
		w.s.probes[w.instance]++
	} else {
		w.s.received[w.instance] = append(w.s.received[w.instance], r)
	}
	w.s.mu.Unlock()
	if behave != nil {
		if response, err := behave(r); response != nil || err != nil {
			return response, err
		}
	}
	if probe && r.URL.Path != "/healthz" {
		return reply(404, "not found"), nil
	}
	return reply(200, w.instance), nil
}

func reply(status int, text string) *http.Response {
	return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"text/plain"}},
		Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text))}
}

// hang waits until the request is cancelled.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, silence{"no answer"}
}

func isProbe(r *http.Request) bool { return r.Header.Get("User-Agent") == "GoogleHC/1.0" }

// only restricts a behaviour to requests that are not probes.
func only(behave func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		if isProbe(r) {
			return nil, nil
		}
		return behave(r)
	}
}

// status returns the status of an instance, nil if it is in no group.
func (s *stage) status(instance string) *InstanceStatus {
	for _, service := range s.lb.Status().Services {
		for _, group := range service.Groups {
			for _, i := range group.Instances {
				if i.Name == instance {
					return &i
				}
			}
		}
	}
	return nil
}

func (s *stage) eventually(what string, is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s does not come true: %+v", what, s.lb.Status())
		}
	}
}

// healthy waits until exactly the instances are healthy that are not in except.
func (s *stage) healthy(except ...string) {
	s.t.Helper()
	s.eventually("the health of the instances", func() bool {
		for _, region := range regions {
			for n := range 2 {
				name := instanceName(region, n)
				status := s.status(name)
				want := true
				for _, e := range except {
					want = want && e != name
				}
				if status == nil || status.Healthy != want || !want && status.Reason == "" {
					return false
				}
			}
		}
		return true
	})
}

func (s *stage) url() string { return s.lb.Status().FrontEnds[0].URL }

// client returns a client without keep-alives, so that no connection outlives a test.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type answer struct {
	status int
	body   string
	header http.Header
}

func (s *stage) get(path string, headers ...string) answer {
	s.t.Helper()
	a, err := s.try(http.MethodGet, path, "", headers...)
	require.NoError(s.t, err)
	return a
}

func (s *stage) try(method, path, send string, headers ...string) (answer, error) {
	r, err := http.NewRequest(method, s.url()+path, strings.NewReader(send))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client().Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(text), response.Header}, err
}

var errReset = errors.New("connection reset by peer")
