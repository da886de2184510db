package kubernetes

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/localcloud/faults"
)

// faulty is a way to an API server on which things go wrong: connections break, and answers come that the server might
// have given. Only requests that concern a resource meet faults; discovery does not.
type faulty struct {
	next   http.RoundTripper
	faults *faults.Injector
}

// watched is how much of a watch gets through before its connection breaks, in bytes.
const watched = 2 << 10

// RoundTrip implements http.RoundTripper.
func (f *faulty) RoundTrip(request *http.Request) (*http.Response, error) {
	urn, ok := request.Context().Value(urnKey{}).(resource.URN)
	if !ok {
		return f.next.RoundTrip(request)
	}
	query := request.URL.Query()
	key := request.Method + " " + string(urn)
	changes := request.Method != http.MethodGet && !query.Has("dryRun")
	switch {
	case query.Get("watch") == "true":
		key = "WATCH " + string(urn)
		response, err := f.next.RoundTrip(request)
		if err == nil && f.faults.Hit(faults.Dropped, key) {
			response.Body = &cut{ReadCloser: response.Body, left: watched}
		}
		return response, err
	case changes && f.faults.Hit(faults.Refused, key):
		return f.answer(request, http.StatusForbidden, metav1.StatusReasonForbidden,
			`admission webhook "policy.example.com" denied the request: not at present`)
	case changes && f.faults.Hit(faults.Conflict, key):
		return f.answer(request, http.StatusConflict, metav1.StatusReasonConflict, "Operation cannot be fulfilled: the "+
			"object has been modified; please apply your changes to the latest version and try again")
	case f.faults.Hit(faults.Dropped, key):
		// The server may or may not have got the request: whoever sends it cannot tell.
		if f.faults.Pick(2, key) == 0 {
			closeBody(request)
			return nil, broken("write")
		}
		response, err := f.next.RoundTrip(request)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return nil, broken("read")
	}
	return f.next.RoundTrip(request)
}

// answer is one that the server did not give.
func (f *faulty) answer(
	request *http.Request, code int, reason metav1.StatusReason, message string,
) (*http.Response, error) {
	closeBody(request)
	body, err := json.Marshal(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code),
		Reason: reason, Message: message,
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(code), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader(body)),
	}, nil
}

func closeBody(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}

func broken(operation string) error {
	return &net.OpError{Op: operation, Net: "tcp", Err: syscall.ECONNRESET}
}

// cut is a body that breaks off.
type cut struct {
	io.ReadCloser
	left int
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, broken("read")
	}
	n, err := c.ReadCloser.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
