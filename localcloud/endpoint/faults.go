package endpoint

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"geo-wordpress/localcloud/faults"
)

// watched is the number of bytes of a watch that get through before its connection breaks.
const watched = 2 << 10

// serve forwards a request, or injects a fault.
func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request) {
	key, ok := e.key(r)
	if !ok {
		e.proxy.ServeHTTP(w, r)
		return
	}
	query := r.URL.Query()
	changes := r.Method != http.MethodGet && !query.Has("dryRun")
	hit := e.options.Faults.Hit
	switch {
	case query.Get("watch") == "true":
		if hit(faults.Dropped, "WATCH "+key) {
			w = &cut{ResponseWriter: w, left: watched}
		}
	case changes && hit(faults.Refused, r.Method+" "+key):
		answer(w, http.StatusForbidden, metav1.StatusReasonForbidden,
			`admission webhook "policy.example.com" denied the request: not at present`)
		return
	case changes && hit(faults.Conflict, r.Method+" "+key):
		answer(w, http.StatusConflict, metav1.StatusReasonConflict, "Operation cannot be fulfilled: the object has been "+
			"modified; please apply your changes to the latest version and try again")
		return
	case hit(faults.Dropped, r.Method+" "+key):
		// The request may or may not reach the server: its sender cannot tell.
		if e.options.Faults.Pick(2, r.Method+" "+key) == 1 {
			e.proxy.ServeHTTP(&unheard{header: http.Header{}}, r)
		}
		reset(w)
		return
	}
	e.proxy.ServeHTTP(w, r)
}

// provider is the user agent prefix of Pulumi's Kubernetes provider (provider/v4/pkg/version).
const provider = "pulumi-kubernetes/"

var (
	// discovery matches the paths of API discovery, which concern no object.
	discovery = regexp.MustCompile(`^/(version|openapi/.*|api|apis|api/[^/]+|apis/[^/]+(/[^/]+)?)/?$`)
	// random matches the suffix that Pulumi adds to the names of objects.
	random = regexp.MustCompile(`-[0-9a-f]{8}\b`)
)

// key identifies the object of a provider's request, the same in every run; false for other requests.
func (e *Endpoint) key(r *http.Request) (string, bool) {
	if e.options.Faults == nil || !strings.HasPrefix(r.UserAgent(), provider) || discovery.MatchString(r.URL.Path) {
		return "", false
	}
	return e.options.Place + random.ReplaceAllString(r.URL.Path, ""), true
}

// answer writes an error response in place of the API server.
func answer(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
		Code: int32(code), Reason: reason, Message: message,
	})
}

// unheard discards a response.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) WriteHeader(int)             {}
func (u *unheard) Write(p []byte) (int, error) { return len(p), nil }

// cut is a response that breaks off: ReverseProxy breaks the connection when a write fails.
type cut struct {
	http.ResponseWriter
	left int
}

var errCut = errors.New("the connection breaks off")

func (c *cut) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	c.left -= n
	if err == nil && c.left <= 0 {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		err = errCut
	}
	return n, err
}

// Unwrap lets the proxy flush.
func (c *cut) Unwrap() http.ResponseWriter { return c.ResponseWriter }
