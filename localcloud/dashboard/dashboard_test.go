package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/daemon"
)

func TestOnlyTheLoopbackInterfaceIsServed(t *testing.T) {
	h := Handler(func(context.Context) (daemon.Status, error) { return daemon.Status{}, nil })
	for host, want := range map[string]int{
		"127.0.0.1:8000": 200, "localhost:8000": 200, "LOCALHOST": 200, "[::1]:8000": 200, "127.9.9.9": 200,
		"site.test": 421, "127.0.0.1.site.test:8000": 421, "192.0.2.1:80": 421, "localhost.site.test": 421, "": 421,
	} {
		for _, path := range []string{"/", "/events", "/dashboard.js"} {
			ctx, cancel := context.WithCancel(t.Context())
			if path == "/events" && want == 200 {
				cancel() // it would go on for ever
			}
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://x"+path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			cancel()
			require.Equal(t, want, w.Code, "%s%s", host, path)
			require.Equal(t, want == 200, w.Header().Get("Content-Security-Policy") != "", "%s%s", host, path)
		}
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	require.NoError(t, fs.WalkDir(page, ".", func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		if entry.IsDir() {
			return nil
		}
		text, err := page.ReadFile(name)
		require.NoError(t, err)
		for _, address := range regexp.MustCompile(`(https?:)?//[a-z][^'" ]*`).FindAllString(string(text), -1) {
			require.Equal(t, "http://www.w3.org/2000/svg", address, name)
		}
		return nil
	}))
}

func TestTheStatusIsSentAsItChanges(t *testing.T) {
	var now atomic.Pointer[daemon.Status]
	now.Store(&daemon.Status{PID: 1, Resources: []daemon.Resource{{Type: "t", ID: "id"}}})
	server := httptest.NewServer(Handler(func(context.Context) (daemon.Status, error) {
		s := now.Load()
		if s == nil {
			return daemon.Status{}, errors.New("the local cloud does not run")
		}
		return *s, nil
	}))
	defer server.Close()
	response, err := http.Get(server.URL + "/events")
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewReader(response.Body)
	event := func() (name, data string) {
		t.Helper()
		for {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			if value, ok := strings.CutPrefix(line, "event: "); ok {
				name = strings.TrimSpace(value)
			}
			if value, ok := strings.CutPrefix(line, "data: "); ok {
				return name, value
			}
		}
	}
	pid := func(data string) int {
		t.Helper()
		var s daemon.Status
		require.NoError(t, json.Unmarshal([]byte(data), &s))
		require.Empty(t, s.Resources)
		return s.PID
	}
	name, data := event()
	require.Equal(t, "status", name)
	require.Equal(t, 1, pid(data))
	now.Store(&daemon.Status{PID: 2})
	_, data = event()
	require.Equal(t, 2, pid(data), "the same is not sent again")
	now.Store(nil)
	name, data = event()
	require.Equal(t, "problem", name)
	require.Contains(t, data, "does not run")

	page, err := http.Get(server.URL + "/")
	require.NoError(t, err)
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "dashboard.js")
}
