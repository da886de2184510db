package makespan

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/cloud"
)

// recorder records the operations of a run, by the virtual clock.
type recorder struct {
	clock *clock

	mu   sync.Mutex
	last time.Duration // when the last operation ended
	// operations lists each operation's resource in starting order; kubernetes counts those of a Kubernetes API.
	operations []resource.URN
	kubernetes int
}

// forget resets the recorder for a new run.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.operations, r.kubernetes = 0, nil, 0
}

func (r *recorder) begin(urn resource.URN) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, urn)
	if strings.HasPrefix(string(urn.Type()), "kubernetes:") {
		r.kubernetes++
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.last = max(r.last, r.clock.Now())
	}
}

// watch wraps a provider so that the recorder and the clock see its calls.
func (r *recorder) watch(provider cloud.Provider) cloud.Provider {
	return func() plugin.Provider { return &watched{Provider: provider(), recorder: r} }
}

// watched counts each call of its provider as computing, except while it sleeps.
type watched struct {
	plugin.Provider
	*recorder
}

func (w *watched) Check(ctx context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	defer w.clock.call()()
	return w.Provider.Check(ctx, r)
}

func (w *watched) Diff(ctx context.Context, r plugin.DiffRequest) (plugin.DiffResponse, error) {
	defer w.clock.call()()
	return w.Provider.Diff(ctx, r)
}

func (w *watched) Create(ctx context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	defer w.clock.call()()
	if !r.Preview {
		defer w.begin(r.URN)()
	}
	return w.Provider.Create(ctx, r)
}

func (w *watched) Update(ctx context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	defer w.clock.call()()
	if !r.Preview {
		defer w.begin(r.URN)()
	}
	return w.Provider.Update(ctx, r)
}

func (w *watched) Delete(ctx context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	defer w.clock.call()()
	defer w.begin(r.URN)()
	return w.Provider.Delete(ctx, r)
}
