package realsite

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/machines/software"
)

// timeout is how long a test waits for a condition on a busy machine.
const timeout = 2 * time.Minute

// stage is a fake cloud of two regions, controlled by a test.
type stage struct {
	t       *testing.T
	api     *httptest.Server
	program string
	dir     string

	mu       sync.Mutex
	clusters []cloud.Cluster
	ready    map[string]bool // clusters whose WordPress pods are ready
	disks    []string
	data     string // of the one ConfigMap
	code     int    // status of the simulated pods' front page
	kind     string // of the simulated pods
	asked    []string
}

// actEnv makes the test binary act as the program that runs the real WordPress; the value selects its behaviour.
const actEnv = "WORDPRESS_TEST_ACT"

func TestMain(m *testing.M) {
	if how := os.Getenv(actEnv); how != "" {
		act(how)
		return
	}
	os.Exit(m.Run())
}

func newStage(t *testing.T, how string) *stage {
	t.Helper()
	s := &stage{t: t, ready: map[string]bool{}, code: 302, kind: "wordpress", disks: []string{"disk-1"}, data: "first"}
	for _, name := range []string{"west", "east"} {
		s.clusters = append(s.clusters, cloud.Cluster{ID: name, Name: name, Location: "region-" + name + "-b", DNSDomain: name + ".local",
			PodRange: netip.MustParsePrefix("10.0.0.0/17"), ServiceRange: netip.MustParsePrefix("10.0.128.0/20")})
	}
	s.api = httptest.NewServer(http.HandlerFunc(s.serveAPI))
	t.Cleanup(s.api.Close)
	s.dir = filepath.Join(t.TempDir(), "wordpress")
	s.program = filepath.Join(t.TempDir(), "program")
	self, err := os.Executable()
	require.NoError(t, err)
	script := fmt.Sprintf("#!/bin/sh\n%s=%s exec %s \"$@\"\n", actEnv, how, self)
	require.NoError(t, os.WriteFile(s.program, []byte(script), 0o700))
	return s
}

func (s *stage) start() *Site {
	site := Start(Options{
		look: 10 * time.Millisecond, read: 50 * time.Millisecond, Program: s.program, Dir: s.dir, Dialer: s, Log: slog.New(slog.DiscardHandler),
		Clusters: func() []cloud.Cluster { s.mu.Lock(); defer s.mu.Unlock(); return s.clusters },
		Disks:    func() []string { s.mu.Lock(); defer s.mu.Unlock(); return s.disks },
		Overview: s.overview,
		Config:   func(string) (*rest.Config, error) { return &rest.Config{Host: s.api.URL}, nil },
	})
	s.t.Cleanup(site.Close)
	return site
}

func (s *stage) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *stage) overview() (all []machines.Overview) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clusters {
		all = append(all, machines.Overview{Cluster: c.ID, Pods: []machines.PodView{
			{Name: "tidb", Ready: true, State: software.State{Kind: "tidb"}},
			{Name: "wordpress", Ready: s.ready[c.ID], State: software.State{Kind: "wordpress"}},
		}})
	}
	return all
}

// becomes waits for a state.
func (s *stage) becomes(site *Site, want State) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return site.Status().State == want }, timeout, 10*time.Millisecond, "%s: %s", want, site.Status())
}

// serveAPI is both clusters' API server. It serves two ConfigMaps of the stack, and two that a Site must leave out.
func (s *stage) serveAPI(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/api/v1/configmaps" {
		_, _ = io.WriteString(w, `{"items": []}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"items": [
		{"metadata": {"namespace": "site", "name": "z", "uid": "1", "resourceVersion": %q}, "data": {"key": %q}},
		{"metadata": {"namespace": "site", "name": "a", "labels": {"app": "a"}}, "data": {"key": "a"}},
		{"metadata": {"namespace": "kube-system", "name": "system"}, "data": {"key": "system's"}},
		{"metadata": {"namespace": "site", "name": "made", "ownerReferences": [{"name": "x", "controller": true}]}, "data": {"key": "made"}}
	]}`, fmt.Sprint(time.Now().UnixNano()), s.data)
}

// Dial stands in for the simulation's.
func (s *stage) Dial(context.Context, netip.Addr, cloud.Port) (http.RoundTripper, error) {
	return simulated{s}, nil
}

type simulated struct{ s *stage }

func (c simulated) Software() string { return c.s.kind }

func (c simulated) RoundTrip(r *http.Request) (*http.Response, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.asked = append(c.s.asked, r.Method+" "+r.URL.RequestURI())
	return &http.Response{StatusCode: c.s.code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("simulated"))}, nil
}

// act plays the program: it echoes each region's requests, and saves its input.
func act(how string) {
	argument := func(name string) string {
		for i, each := range os.Args {
			if each == name {
				return os.Args[i+1]
			}
		}
		panic(name)
	}
	if how == "dies" {
		fmt.Fprintln(os.Stderr, "missing: everything")
		os.Exit(1)
	}
	disks := argument("--disks")
	_ = os.MkdirAll(disks, 0o755)
	file, err := os.Create(filepath.Join(filepath.Dir(disks), "handed"))
	if err != nil {
		panic(err)
	}
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(file, os.Stdin); close(ended) }()
	if how == "starts" {
		fmt.Println("half of it")
		<-ended
		return
	}
	for _, region := range []string{"region-west", "region-east"} {
		listener, err := net.Listen("unix", filepath.Join(argument("--sockets"), region+".sock"))
		if err != nil {
			panic(err)
		}
		go func() {
			_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("X-Region", region)
				_, _ = fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.Host, r.RequestURI, r.Header.Get("X-Forwarded-For"), body)
			}))
		}()
	}
	fmt.Println("ready")
	<-ended
	_ = os.WriteFile(filepath.Join(disks, "ended"), nil, 0o600)
}
