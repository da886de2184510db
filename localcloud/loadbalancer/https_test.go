package loadbalancer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

// visitor is a client that trusts the authority in a directory, and connects to one port whatever it asks for.
func visitor(t *testing.T, dir string, port int, most uint16) *http.Client {
	t.Helper()
	text, err := os.ReadFile(AuthorityFile(dir))
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(text))
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS10, MaxVersion: most},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
			},
		},
	}
}

func TestHTTPSForTheNamesWithCertificates(t *testing.T) {
	dir := t.TempDir()
	authority, err := OpenAuthority(dir)
	require.NoError(t, err)
	s := newStage(t)
	port := freePort(t)
	s.front.HTTPS, s.front.Port, s.front.Address, s.front.MinTLS = true, port, "127.0.0.1", "TLS_1_2"
	s.front.Problems = []string{"the certificate for www.example.com waits for its DNS record"}
	s.lb = Start(Options{Declared: s, Dialer: s, Instances: s.instances, Authority: authority})
	t.Cleanup(s.lb.Close)
	s.healthy()
	client := visitor(t, dir, port, 0)
	_, err = client.Get("https://www.example.com/")
	require.ErrorContains(t, err, "tls")
	require.Equal(t, s.front.Problems[0], s.lb.Status().FrontEnds[0].Problem)

	s.set(func() {
		s.front.Problems, s.front.Hosts = nil, []string{"example.com", "www.example.com"}
		s.front.Headers = map[string]string{"Strict-Transport-Security": "max-age=300"}
		s.front.HostRedirects = map[string]cloud.Redirect{"example.com": {Host: "www.example.com"}}
	})
	s.eventually("it serves", func() bool { return s.lb.Status().FrontEnds[0].Problem == "" })
	response, err := client.Get("https://www.example.com/")
	require.NoError(t, err)
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, "max-age=300", response.Header.Get("Strict-Transport-Security"))
	response, err = client.Get("https://example.com/a?b=c")
	require.NoError(t, err)
	require.Equal(t, 301, response.StatusCode)
	require.Equal(t, "https://www.example.com/a?b=c", response.Header.Get("Location"))
	require.Empty(t, response.Header.Get("Strict-Transport-Security"))
	_, err = client.Get("https://other.example.com/")
	require.Error(t, err, "it has no certificate")
	_, err = visitor(t, dir, port, tls.VersionTLS11).Get("https://www.example.com/")
	require.ErrorContains(t, err, "protocol version")

	again, err := OpenAuthority(dir)
	require.NoError(t, err)
	require.Equal(t, authority.certificate.Raw, again.certificate.Raw, "it keeps its certificate")
}
