package gcp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"

	"geo-wordpress/localcloud/gcp/schema"
)

// sdkVersion is the version of the program's SDK that defines these resources.
var sdkVersion = semver.MustParse("7.38.0")

// provider is one configured connection to the API.
type provider struct {
	plugin.UnimplementedProvider
	api *API

	mu     sync.Mutex
	config place // the default project, region and zone

	cancelled context.Context // done once the engine is gone
	cancel    context.CancelCauseFunc
}

// Provider returns a provider for one connection, with its own project, region and zone.
func (a *API) Provider() plugin.Provider {
	p := &provider{api: a}
	p.cancelled, p.cancel = context.WithCancelCause(context.Background())
	return p
}

func (p *provider) Pkg() tokens.Package { return "gcp" }

func (p *provider) Close() error {
	p.cancel(errors.New("the connection was closed"))
	return nil
}

// Attach does nothing: it receives the engine's address, which the stand-in does not need.
func (p *provider) Attach(string) error { return nil }

// SignalCancellation does nothing, as in the published provider (pulumi-terraform-bridge v3.89.1, Provider.Cancel):
// operations under way at Google continue to their end, and the engine waits for them.
func (p *provider) SignalCancellation(context.Context) error { return nil }

func (p *provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &sdkVersion}, nil
}

func (p *provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (
	*plugin.ProviderHandshakeResponse, error,
) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true,
		SupportsAutonamingConfiguration: true}, nil
}

func (p *provider) GetMapping(context.Context, plugin.GetMappingRequest) (plugin.GetMappingResponse, error) {
	return plugin.GetMappingResponse{}, nil
}

func (p *provider) GetMappings(context.Context, plugin.GetMappingsRequest) (plugin.GetMappingsResponse, error) {
	return plugin.GetMappingsResponse{}, nil
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

func (p *provider) place() place {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
}

func (p *provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	k, err := kindOf(string(req.Type))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	news := req.News.Copy()
	if news == nil {
		news = resource.PropertyMap{}
	}
	named := false
	if v, given := news["name"]; k.naming != nil && (!given || v.IsNull()) {
		name, err := k.naming.autoName(req)
		if err != nil {
			return plugin.CheckResponse{Failures: []plugin.CheckFailure{failure("name", "%s: %v", k.token, err)}}, nil
		}
		news["name"], named = resource.NewStringProperty(name), true
	}
	checked, failures := k.fields.Check(k.token, news)
	if named {
		addDefault(checked, "name")
	}
	if k.check != nil && len(failures) == 0 {
		for _, f := range k.check(object(schema.PlainMap(checked))) {
			if checked[topLevel(string(f.Property))].ContainsSecrets() {
				f.Reason = "the value does not go with the others, and is a secret: try it in plain to see why"
			}
			failures = append(failures, f)
		}
	}
	return plugin.CheckResponse{Properties: checked, Failures: failures}, nil
}

func (p *provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResult, error) {
	k, err := kindOf(string(req.Type))
	if err != nil {
		return plugin.DiffResult{}, err
	}
	detailed := k.changes(req.OldOutputs, req.NewInputs, req.IgnoreChanges)
	if len(detailed) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: detailed}
	for _, path := range slices.Sorted(maps.Keys(detailed)) {
		key := topLevel(path)
		if !slices.Contains(result.ChangedKeys, key) {
			result.ChangedKeys = append(result.ChangedKeys, key)
		}
		if detailed[path].Kind.IsReplace() && !slices.Contains(result.ReplaceKeys, key) {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
		}
	}
	// The old and the new resource cannot exist side by side under one name.
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0 && k.naming != nil && !isDefault(req.NewInputs, "name")
	return result, nil
}

// removal reports whether a change removes a value.
func removal(change plugin.PropertyDiff) bool {
	return change.Kind == plugin.DiffDelete || change.Kind == plugin.DiffDeleteReplace
}

// said reports whether inputs have a value at a path.
func said(inputs resource.PropertyMap, path string) bool {
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
	k, err := kindOf(string(req.Type))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	in := object(schema.PlainMap(req.Properties))
	at, err := k.where(in, p.place())
	if err != nil && !(req.Preview && req.Properties.ContainsUnknowns()) {
		return plugin.CreateResponse{}, fmt.Errorf("Error creating %s: %w", k.title, err)
	}
	if req.Preview {
		planned := preview(k, req.Properties, nil)
		for name, v := range map[resource.PropertyKey]string{"project": at.project, "region": at.region,
			"zone": at.zone, "location": at.location} {
			if _, has := k.fields[string(name)]; has && v != "" && planned[name].IsComputed() &&
				!req.Properties[name].IsComputed() {
				planned[name] = resource.NewStringProperty(v)
			}
		}
		return plugin.CreateResponse{Properties: planned}, nil
	}
	if req.Properties.ContainsUnknowns() {
		return plugin.CreateResponse{}, fmt.Errorf("%s: the engine left inputs unknown", req.URN)
	}
	ctx, done := p.request(ctx, req.Timeout)
	defer done()
	var r *record
	err = p.persist(withURN(ctx, req.URN), func(ctx context.Context) (err error) {
		r, err = p.api.create(ctx, k, at, in, secretKeys(req.Properties))
		return err
	})
	if err != nil {
		err = fmt.Errorf("Error creating %s: %w", k.title, err)
		if r != nil {
			err = partial(r, req.Properties, err)
		}
		return plugin.CreateResponse{Status: resource.StatusUnknown}, err
	}
	return plugin.CreateResponse{ID: resource.ID(r.ID), Properties: properties(r.Outputs, r.Secrets)}, nil
}

func (p *provider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	k, err := kindOf(string(req.Type))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if req.Preview {
		return plugin.UpdateResponse{Properties: preview(k, req.NewInputs, req.OldOutputs)}, nil
	}
	ctx, done := p.request(ctx, req.Timeout)
	defer done()
	in := object(schema.PlainMap(req.NewInputs))
	wanted, unsent := k.changes(req.OldOutputs, req.NewInputs, req.IgnoreChanges), false
	for _, change := range wanted {
		if change.Kind.IsReplace() {
			return plugin.UpdateResponse{}, fmt.Errorf("internal: expected diff to not require deletion or replacement"+
				" during Update of %s. Found delete=false, replace=true", req.URN)
		}
	}
	if k.unsent != nil {
		for path, change := range wanted {
			if removal(change) && !said(req.OldInputs, path) {
				unsent = true
				delete(wanted, path)
			}
		}
	}
	var r *record
	if len(wanted) > 0 || !unsent { // without changes, this retries what failed before
		err = p.persist(withURN(ctx, req.URN), func(ctx context.Context) (err error) {
			r, err = p.api.modify(ctx, k, string(req.ID), in, secretKeys(req.NewInputs))
			return err
		})
	}
	if err == nil && unsent { // the provider sends each change separately, and this one last
		err = k.unsent
	}
	if err != nil {
		err = fmt.Errorf("Error updating %s %q: %w", k.title, req.ID, err)
		if r != nil {
			err = partial(r, req.NewInputs, err)
		}
		return plugin.UpdateResponse{Status: resource.StatusUnknown}, err
	}
	return plugin.UpdateResponse{Properties: properties(r.Outputs, r.Secrets)}, nil
}

func (p *provider) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	k, err := kindOf(string(req.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	r, err := p.api.read(string(req.ID))
	if err != nil || r == nil || r.Type != k.token {
		return plugin.ReadResponse{}, err
	}
	in := maps.Clone(r.Inputs)
	if len(req.Inputs) == 0 {
		// An import: the program must state all its inputs, so none counts as a default.
		in = object(in).clone()
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: resource.ID(r.ID),
		Inputs: properties(in, r.Secrets), Outputs: properties(r.Outputs, r.Secrets)}}, nil
}

func (p *provider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	k, err := kindOf(string(req.Type))
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	ctx, done := p.request(ctx, req.Timeout)
	defer done()
	err = p.persist(withURN(ctx, req.URN), func(ctx context.Context) error {
		return p.api.remove(ctx, k, string(req.ID))
	})
	if err != nil {
		return plugin.DeleteResponse{Status: resource.StatusUnknown},
			fmt.Errorf("Error deleting %s: %w", k.title, err)
	}
	return plugin.DeleteResponse{}, nil
}

// preview returns the expected outputs of a create or update; values that only the cloud can determine are unknown.
func preview(k *kind, in, old resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for key, v := range in {
		if key != schema.Defaults {
			out[key] = v
		}
	}
	fill := func(name string) {
		key := resource.PropertyKey(name)
		if _, given := out[key]; given {
			return
		}
		if v, had := old[key]; had {
			out[key] = v
		} else if old == nil {
			out[key] = resource.MakeComputed(resource.NewStringProperty(""))
		}
	}
	for name, f := range k.fields {
		if f.Computed {
			fill(name)
		}
	}
	for _, name := range k.outputs {
		fill(name)
	}
	return out
}

// partial is the error for a resource that exists but is incomplete: the engine keeps it in its state, so that a later
// update retries and a destroy removes it.
func partial(r *record, in resource.PropertyMap, cause error) error {
	opts := plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true}
	out, err := plugin.MarshalProperties(properties(r.Outputs, r.Secrets), opts)
	if err != nil {
		return errors.Join(cause, err)
	}
	inputs, err := plugin.MarshalProperties(in, opts)
	if err != nil {
		return errors.Join(cause, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: r.ID, Properties: out, Inputs: inputs, Reasons: []string{cause.Error()}})
}
