package endpoint

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/ports"
)

// bench is an endpoint in front of an API server that answers everything.
type bench struct {
	*Endpoint
	t       *testing.T
	url     string
	roots   *x509.CertPool
	reached []string
	faults  *faults.Injector
}

func newBench(t *testing.T, plan faults.Plan) *bench {
	t.Helper()
	b := &bench{t: t, roots: x509.NewCertPool(), faults: &faults.Injector{}}
	b.faults.Follow(plan)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.reached = append(b.reached, r.Method+" "+r.URL.Path)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"kind":"ConfigMap"}`)
		if r.URL.Query().Has("watch") {
			_, _ = io.WriteString(w, strings.Repeat("x", 2*watched))
		}
	}))
	t.Cleanup(server.Close)
	b.roots.AddCert(server.Certificate())
	port, err := ports.Free()
	require.NoError(t, err)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	b.url = "https://" + address
	b.Endpoint, err = New(Options{Address: address, APIServer: server.URL, CA: b.roots, Place: "europe-west1-b",
		Certificate: server.TLS.Certificates[0], Faults: b.faults})
	require.NoError(t, err)
	require.NoError(t, b.Open())
	t.Cleanup(b.Close)
	return b
}

func (b *bench) client(patience time.Duration) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.roots}}
	b.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// ask sends a request as the provider does and returns the answer's code and body.
func (b *bench) ask(method, path, agent string) (int, string, error) {
	b.t.Helper()
	request, err := http.NewRequest(method, b.url+path, bytes.NewReader([]byte("{}")))
	require.NoError(b.t, err)
	request.Header.Set("User-Agent", agent)
	response, err := b.client(10 * time.Second).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

const (
	theProvider = provider + "4.23.0 (linux/amd64)"
	object      = "/api/v1/namespaces/n/configmaps/c"
)

func only(kind faults.Kind) faults.Plan {
	return faults.Plan{Seed: 1, Rates: map[faults.Kind]float64{kind: 1}}
}

func TestRefusedAndConflictMeetChangesOfTheProviderOnly(t *testing.T) {
	for kind, want := range map[faults.Kind]int{faults.Refused: http.StatusForbidden, faults.Conflict: http.StatusConflict} {
		b := newBench(t, only(kind))
		for what, r := range map[string][3]string{
			"a look":             {http.MethodGet, object, theProvider},
			"a dry run":          {http.MethodPatch, object + "?dryRun=All", theProvider},
			"discovery":          {http.MethodPost, "/apis/apps/v1", theProvider},
			"the OpenAPI schema": {http.MethodGet, "/openapi/v2", theProvider},
			"another client":     {http.MethodPatch, object, "kubectl/v1.33.3"},
		} {
			code, _, err := b.ask(r[0], r[1], r[2])
			require.NoError(t, err, what)
			assert.Equal(t, http.StatusOK, code, "%s meets %s", what, kind)
		}
		code, body, err := b.ask(http.MethodPatch, object, theProvider)
		require.NoError(t, err)
		assert.Equal(t, want, code)
		assert.Contains(t, body, `"kind":"Status"`)
		for code != http.StatusOK {
			require.Less(t, b.faults.Counts()[kind], 5, "a request is hit on its first tries only")
			code, _, _ = b.ask(http.MethodPatch, object, theProvider)
		}
	}
}

// A request whose connection breaks may have got through: its sender cannot tell.
func TestDroppedRequest(t *testing.T) {
	b := newBench(t, only(faults.Dropped))
	outcomes := map[bool]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		b.reached = nil
		_, _, err := b.ask(http.MethodPatch, object+name, theProvider)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		outcomes[len(b.reached) > 0] = true
	}
	assert.Len(t, outcomes, 2, "some requests get through, some do not: %v", outcomes)
}

func TestDroppedWatchBreaksOff(t *testing.T) {
	b := newBench(t, only(faults.Dropped))
	_, body, err := b.ask(http.MethodGet, "/api/v1/configmaps?watch=true", theProvider)
	require.Error(t, err)
	assert.Len(t, body, watched)
}

// Pulumi's automatic names differ in every run; the faults do not.
func TestTheSameFaultsForTheSameSeed(t *testing.T) {
	met := func(suffix string) (all []bool) {
		b := newBench(t, faults.Plan{Seed: 7, Rates: map[faults.Kind]float64{faults.Refused: 0.5}})
		for _, name := range strings.Split("abcdefghijklmnopqrst", "") {
			code, _, err := b.ask(http.MethodPatch, "/api/v1/namespaces/n/secrets/"+name+suffix, theProvider)
			require.NoError(t, err)
			all = append(all, code != http.StatusOK)
		}
		return all
	}
	first := met("-0a1b2c3d")
	assert.Equal(t, first, met("-ffff0000"))
	assert.Contains(t, first, true)
	assert.Contains(t, first, false)
}

// A lost control plane is silent on all connections; after Open they work again.
func TestDrop(t *testing.T) {
	b := newBench(t, faults.Plan{})
	client := b.client(2 * time.Second)
	get := func() error {
		response, err := client.Get(b.url + object)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		return err
	}
	require.NoError(t, get())
	require.NoError(t, b.Drop())
	require.NoError(t, b.Drop(), "a second time")
	silent := func(what string, err error) {
		var timeout net.Error
		require.ErrorAs(t, err, &timeout, "%s", what)
		assert.True(t, timeout.Timeout(), "%s: %v", what, err)
	}
	silent("an open connection", get())
	client.CloseIdleConnections()
	for range 3 {
		_, err := net.DialTimeout("tcp", strings.TrimPrefix(b.url, "https://"), time.Second)
		silent("a new connection", err)
	}
	require.NoError(t, b.Open())
	client.CloseIdleConnections()
	require.NoError(t, get())

	b.Close()
	client.CloseIdleConnections()
	require.ErrorIs(t, get(), syscall.ECONNREFUSED)
	require.NoError(t, b.Open())
	require.NoError(t, get())
}
