package kubernetes

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"geo-wordpress/localcloud/faults"
)

// hindered is a client of a server that answers everything well, on which one kind of fault hits everything.
func hindered(t *testing.T, kind faults.Kind, served func(*http.Request)) (*rest.RESTClient, *faults.Injector) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served(r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c"}}`)
		if r.URL.Query().Has("watch") {
			_, _ = io.WriteString(w, strings.Repeat("x", 2*watched))
		}
	}))
	t.Cleanup(server.Close)
	injector := &faults.Injector{}
	injector.Follow(faults.Plan{Seed: 1, Rates: map[faults.Kind]float64{kind: 1}})
	config := &rest.Config{Host: server.URL, APIPath: "/api", QPS: -1, ContentConfig: rest.ContentConfig{
		GroupVersion: &schema.GroupVersion{Version: "v1"}, NegotiatedSerializer: scheme.Codecs.WithoutConversion()}}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &faulty{next: next, faults: injector} })
	client, err := rest.RESTClientFor(config)
	require.NoError(t, err)
	return client, injector
}

const objectURN = resource.URN("urn:pulumi:dev::p::kubernetes:core/v1:ConfigMap::c")

func TestWhatPassesIsTriedAgain(t *testing.T) {
	for _, kind := range []faults.Kind{faults.Conflict, faults.Dropped} {
		var reached int
		client, injector := hindered(t, kind, func(*http.Request) { reached++ })
		ctx := withURN(t.Context(), objectURN)
		err := persist(ctx, func(ctx context.Context) error {
			return client.Patch("application/apply-patch+yaml").AbsPath("/api/v1/namespaces/n/configmaps/c").Body([]byte("{}")).Do(ctx).Error()
		})
		require.NoError(t, err, kind)
		assert.Positive(t, injector.Counts()[kind])
		assert.Positive(t, reached)
	}
}

func TestRefusalIsAnErrorOfChangesOnly(t *testing.T) {
	client, injector := hindered(t, faults.Refused, func(*http.Request) {})
	ctx := withURN(t.Context(), objectURN)
	patch := func(ctx context.Context, dryRun bool) error {
		request := client.Patch("application/apply-patch+yaml").AbsPath("/api/v1/namespaces/n/configmaps/c").Body([]byte("{}"))
		if dryRun {
			request = request.Param("dryRun", "All")
		}
		return request.Do(ctx).Error()
	}
	require.NoError(t, patch(ctx, true))
	require.NoError(t, client.Get().AbsPath("/api/v1/namespaces/n/configmaps/c").Do(ctx).Error())
	require.NoError(t, patch(t.Context(), false), "what concerns no resource is left alone")
	err := patch(ctx, false)
	require.True(t, apierrors.IsForbidden(err), "%v", err)
	assert.ErrorContains(t, err, "admission webhook")
	assert.False(t, passes(err))
	for patch(ctx, false) != nil {
		require.Less(t, injector.Counts()[faults.Refused], 5, "an object is hit on its first tries only")
	}
}

func TestDroppedRequestMayHaveGotThrough(t *testing.T) {
	lost := map[bool]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		reached := false
		client, _ := hindered(t, faults.Dropped, func(*http.Request) { reached = true })
		ctx := withURN(t.Context(), objectURN+resource.URN(name))
		err := client.Patch("application/apply-patch+yaml").AbsPath("/api/v1/namespaces/n/configmaps/c").Body([]byte("{}")).Do(ctx).Error()
		require.Error(t, err)
		assert.True(t, passes(err), "%v", err)
		lost[reached] = true
	}
	assert.Len(t, lost, 2, "some requests get through, some do not: %v", lost)
}

func TestDroppedWatchBreaksOff(t *testing.T) {
	client, _ := hindered(t, faults.Dropped, func(*http.Request) {})
	ctx := withURN(t.Context(), objectURN)
	body, err := client.Get().AbsPath("/api/v1/configmaps").Param("watch", "true").Stream(ctx)
	require.NoError(t, err)
	defer body.Close()
	read, err := io.ReadAll(body)
	require.Error(t, err)
	assert.Len(t, read, watched)
}

func TestChangeIsSeenThroughACancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	through, done := seenThrough(ctx)
	cancel()
	select {
	case <-through.Done():
		t.Fatal("the request is cut off with its caller")
	case <-time.After(50 * time.Millisecond):
	}
	done()
	<-through.Done()
}
