package realsite

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
)

// send sends a request as the load balancer does.
func send(t *testing.T, site *Site, method, path, body string) (*http.Response, string) {
	t.Helper()
	c, err := site.Dial(t.Context(), netip.MustParseAddr("35.191.0.1"), cloud.Port{Zone: "region-east-b", Instance: "node", Number: 30080})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, "http://backend.invalid"+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Host = "site.example"
	r.Header.Set("X-Forwarded-For", "203.0.113.7,127.64.0.1")
	response, err := c.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(text)
}

func TestTheRegionsOwnWordPressAnswers(t *testing.T) {
	s := newStage(t, "serves")
	s.ready["west"], s.ready["east"] = true, true
	site := s.start()
	s.becomes(site, Ready)
	response, text := send(t, site, "POST", "/wp-admin/post.php?x=1", "content")
	assert.Equal(t, 200, response.StatusCode)
	assert.Equal(t, "region-east", response.Header.Get("X-Region"))
	assert.Equal(t, "POST site.example /wp-admin/post.php?x=1 203.0.113.7,127.64.0.1 content", text)
	assert.Equal(t, []string{"GET /"}, s.asked, "the simulated pod decides")

	s.set(func() { s.code = 500 }) // the simulated database has no quorum
	response, text = send(t, site, "GET", "/", "")
	assert.Equal(t, 500, response.StatusCode)
	assert.Equal(t, "simulated", text)

	s.set(func() { s.code, s.kind = 302, "nfs" })
	response, text = send(t, site, "GET", "/", "")
	assert.Equal(t, 302, response.StatusCode, "something else is behind the node port")
	assert.Equal(t, "simulated", text)
}

func TestSaysThatItStarts(t *testing.T) {
	s := newStage(t, "starts")
	site := s.start()
	response, text := send(t, site, "GET", "/", "")
	assert.Equal(t, 503, response.StatusCode)
	assert.Equal(t, "5", response.Header.Get("Retry-After"))
	assert.Contains(t, text, "once the WordPress pods of all regions are ready")
	assert.Contains(t, text, "region-east")

	s.set(func() { s.ready["west"], s.ready["east"] = true, true })
	s.becomes(site, Starting)
	require.Eventually(t, func() bool { return site.Status().Step == "half of it" }, timeout, lookInterval)
	_, text = send(t, site, "GET", "/", "")
	assert.Contains(t, text, "half of it")
	_, text = send(t, site, "HEAD", "/", "")
	assert.Empty(t, text)
}
