// Package provider is the engine's gcp provider on the stand-in for Google's API.
package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

// sdkVersion is the version of the program's SDK that defines these resources.
var sdkVersion = semver.MustParse("7.38.0")

// provider is one configured connection to the API.
type provider struct {
	plugin.UnimplementedProvider
	api *api.API

	mu     sync.Mutex
	config api.Location // the default project, region and zone

	cancelled context.Context // done once the engine is gone
	cancel    context.CancelCauseFunc
}

// New returns a provider for one connection, with its own project, region and zone.
func New(a *api.API) plugin.Provider {
	p := &provider{api: a}
	p.cancelled, p.cancel = context.WithCancelCause(context.Background())
	return p
}

func (p *provider) Pkg() tokens.Package { return "gcp" }

func (p *provider) Close() error {
	p.cancel(errors.New("the connection was closed"))
	return nil
}

// SignalCancellation does nothing, as in the published provider (pulumi-terraform-bridge v3.89.1, Provider.Cancel):
// operations under way at Google continue to their end, and the engine waits for them.
func (p *provider) SignalCancellation(context.Context) error { return nil }

func (p *provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &sdkVersion}, nil
}

func (p *provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (
	*plugin.ProviderHandshakeResponse, error,
) {
	return &plugin.ProviderHandshakeResponse{SupportsAutonamingConfiguration: true}, nil
}

// request bounds a call by the engine's cancellation and, if given, its timeout in seconds.
func (p *provider) request(ctx context.Context, timeout float64) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.cancelled, func() { cancel(context.Cause(p.cancelled)) })
	done := func() { stop(); cancel(nil) }
	if timeout > 0 {
		limited, end := context.WithTimeout(ctx, time.Duration(timeout*float64(time.Second)))
		return limited, func() { end(); done() }
	}
	return ctx, done
}

func (p *provider) defaults() api.Location {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
}

func (p *provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	k, err := p.api.Kind(string(req.Type))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	news := req.News.Copy()
	if news == nil {
		news = resource.PropertyMap{}
	}
	named := false
	if v, given := news["name"]; k.Naming != nil && (!given || v.IsNull()) {
		name, err := k.Naming.AutoName(req)
		if err != nil {
			return plugin.CheckResponse{Failures: []plugin.CheckFailure{api.Failure("name", "%s: %v", k.Token, err)}}, nil
		}
		news["name"], named = resource.NewStringProperty(name), true
	}
	checked, failures := k.Fields.Check(k.Token, news)
	if named {
		schema.AddDefault(checked, "name")
	}
	if k.Check != nil && len(failures) == 0 {
		for _, f := range k.Check(api.Object(schema.PlainMap(checked))) {
			if checked[topLevel(string(f.Property))].ContainsSecrets() {
				f.Reason = "the value does not go with the others, and is a secret: try it in plain to see why"
			}
			failures = append(failures, f)
		}
	}
	return plugin.CheckResponse{Properties: checked, Failures: failures}, nil
}

func (p *provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResult, error) {
	k, err := p.api.Kind(string(req.Type))
	if err != nil {
		return plugin.DiffResult{}, err
	}
	detailed := k.Changes(req.OldOutputs, req.NewInputs, req.IgnoreChanges)
	if len(detailed) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: detailed}
	// The old and the new resource cannot exist side by side under one name.
	result.DeleteBeforeReplace = result.Replace() && k.Naming != nil && !schema.IsDefault(req.NewInputs, "name")
	return result, nil
}

// removal reports whether a change removes a value.
func removal(change plugin.PropertyDiff) bool {
	return change.Kind == plugin.DiffDelete || change.Kind == plugin.DiffDeleteReplace
}

// setAt reports whether inputs have a value at a path.
func setAt(inputs resource.PropertyMap, path string) bool {
	at, err := resource.ParsePropertyPath(path)
	if err != nil {
		return false
	}
	_, has := at.Get(resource.NewObjectProperty(inputs))
	return has
}

func topLevel(path string) resource.PropertyKey {
	parsed, err := resource.ParsePropertyPath(path)
	if err == nil && len(parsed) > 0 {
		if s, ok := parsed[0].(string); ok {
			return resource.PropertyKey(s)
		}
	}
	return resource.PropertyKey(path)
}

func (p *provider) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	k, err := p.api.Kind(string(req.Type))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	in := api.Object(schema.PlainMap(req.Properties))
	at, err := k.Where(in, p.defaults())
	if err != nil && !(req.Preview && req.Properties.ContainsUnknowns()) {
		return plugin.CreateResponse{}, &requestError{"creating " + k.Title, err}
	}
	if req.Preview {
		planned := preview(k, req.Properties, nil)
		for name, v := range map[string]string{"project": at.Project, k.Scope.Property(): at.Name} {
			key := resource.PropertyKey(name)
			if v != "" && planned[key].IsComputed() && !req.Properties[key].IsComputed() {
				planned[key] = resource.NewStringProperty(v)
			}
		}
		return plugin.CreateResponse{Properties: planned}, nil
	}
	if req.Properties.ContainsUnknowns() {
		return plugin.CreateResponse{}, fmt.Errorf("%s: the engine left inputs unknown", req.URN)
	}
	ctx, done := p.request(ctx, req.Timeout)
	defer done()
	var r *api.Record
	err = p.retry(api.WithURN(ctx, req.URN), func(ctx context.Context) (err error) {
		r, err = p.api.Create(ctx, k, at, in, secretKeys(req.Properties))
		return err
	})
	if err != nil {
		err = &requestError{"creating " + k.Title, err}
		if r != nil {
			err = partial(r, req.Properties, err)
		}
		return plugin.CreateResponse{Status: resource.StatusUnknown}, err
	}
	return plugin.CreateResponse{ID: resource.ID(r.ID), Properties: properties(r.Outputs, r.Secrets)}, nil
}

func (p *provider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	k, err := p.api.Kind(string(req.Type))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if req.Preview {
		return plugin.UpdateResponse{Properties: preview(k, req.NewInputs, req.OldOutputs)}, nil
	}
	ctx, done := p.request(ctx, req.Timeout)
	defer done()
	in := api.Object(schema.PlainMap(req.NewInputs))
	wanted, unsent := k.Changes(req.OldOutputs, req.NewInputs, req.IgnoreChanges), false
	for _, change := range wanted {
		if change.Kind.IsReplace() {
			return plugin.UpdateResponse{}, fmt.Errorf("internal: expected diff to not require deletion or replacement"+
				" during Update of %s. Found delete=false, replace=true", req.URN)
		}
	}
	if k.EmptyUpdate != nil {
		for path, change := range wanted {
			if removal(change) && !setAt(req.OldInputs, path) {
				unsent = true
				delete(wanted, path)
			}
		}
	}
	if err := p.keepLive(k, string(req.ID), in, wanted); err != nil {
		return plugin.UpdateResponse{}, err
	}
	var r *api.Record
	if len(wanted) > 0 || !unsent { // without changes, this retries what failed before
		err = p.retry(api.WithURN(ctx, req.URN), func(ctx context.Context) (err error) {
			r, err = p.api.Update(ctx, k, string(req.ID), in, secretKeys(req.NewInputs))
			return err
		})
	}
	if err == nil && unsent { // the provider sends each change separately, and this one last
		err = k.EmptyUpdate
	}
	if err != nil {
		err = &requestError{fmt.Sprintf("updating %s %q", k.Title, req.ID), err}
		if r != nil {
			err = partial(r, req.NewInputs, err)
		}
		return plugin.UpdateResponse{Status: resource.StatusUnknown}, err
	}
	return plugin.UpdateResponse{Properties: properties(r.Outputs, r.Secrets)}, nil
}

func (p *provider) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	k, err := p.api.Kind(string(req.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	r, err := p.api.Read(string(req.ID))
	if err != nil || r == nil || r.Type != k.Token {
		return plugin.ReadResponse{}, err
	}
	in, out := maps.Clone(r.Inputs), maps.Clone(r.Outputs)
	if k.Live != nil {
		for name, value := range k.Live(r) {
			in[name], out[name] = value, value
		}
	}
	if len(req.Inputs) == 0 {
		// An import: the program must state all its inputs, so none counts as a default.
		in = api.Object(in).Clone()
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: resource.ID(r.ID),
		Inputs: properties(in, r.Secrets), Outputs: properties(out, r.Secrets)}}, nil
}

func (p *provider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	k, err := p.api.Kind(string(req.Type))
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	ctx, done := p.request(ctx, req.Timeout)
	defer done()
	err = p.retry(api.WithURN(ctx, req.URN), func(ctx context.Context) error {
		return p.api.Delete(ctx, k, string(req.ID))
	})
	if err != nil {
		return plugin.DeleteResponse{Status: resource.StatusUnknown}, &requestError{"deleting " + k.Title, err}
	}
	return plugin.DeleteResponse{}, nil
}
