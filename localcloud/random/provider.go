package random

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/blang/semver"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"geo-wordpress/localcloud/gcp/schema"
)

// version of the published provider that this one reproduces.
var version = semver.MustParse("4.18.4")

type provider struct {
	plugin.UnimplementedProvider
}

// New returns a random provider. It has neither configuration nor state.
func New() plugin.Provider { return &provider{} }

func (*provider) Pkg() tokens.Package { return "random" }

func (*provider) Close() error { return nil }

func (*provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &version}, nil
}

func (*provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{}, nil
}

// settings are the keys that the engine itself adds to a provider's inputs: the provider has no others.
var settings = schema.Fields{
	"version": schema.String(), "pluginDownloadURL": schema.String(), "pluginChecksums": schema.MapOf(schema.String()),
}

func (*provider) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	_, failures := settings.Check("the random provider", r.News)
	return plugin.CheckConfigResponse{Properties: r.News, Failures: failures}, nil
}

func (*provider) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// Check reports every mistake in a resource's inputs.
func (*provider) Check(_ context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	k, err := kindOf(r.URN)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	_, failures := k.fields.Check(string(r.URN.Type()), r.News)
	return plugin.CheckResponse{Properties: r.News, Failures: failures}, nil
}

// Diff compares the inputs with their defaults: setting a default explicitly is no change. Any other change replaces the
// resource.
func (*provider) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResponse, error) {
	k, err := kindOf(r.URN)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	if changes := k.fields.Diff(k.state(r.OldInputs), k.state(r.NewInputs)); len(changes) > 0 {
		return plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: changes}, nil
	}
	return plugin.DiffResult{Changes: plugin.DiffNone}, nil
}

func (*provider) Create(_ context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	k, err := kindOf(r.URN)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	_, failures := k.fields.Check(string(r.URN.Type()), r.Properties)
	if len(failures) > 0 {
		return plugin.CreateResponse{}, errors.New(failures[0].Reason)
	}
	state := k.state(r.Properties)
	if r.Preview {
		for _, output := range k.outputs {
			state[output] = resource.MakeSecret(resource.MakeComputed(resource.NewStringProperty("")))
		}
		return plugin.CreateResponse{Properties: state}, nil
	}
	if state.ContainsUnknowns() {
		return plugin.CreateResponse{}, fmt.Errorf("%s: an input is not known", r.URN.Name())
	}
	outputs, err := k.draw(schema.PlainMap(state))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	for output, value := range outputs {
		state[output] = resource.MakeSecret(resource.NewStringProperty(value))
	}
	return plugin.CreateResponse{ID: noID, Properties: state, Status: resource.StatusOK}, nil
}

// Read returns the state: a random value exists nowhere else.
func (*provider) Read(_ context.Context, r plugin.ReadRequest) (plugin.ReadResponse, error) {
	if _, err := kindOf(r.URN); err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(r.State) == 0 {
		return plugin.ReadResponse{}, fmt.Errorf("%s: a random value cannot be imported, only created", r.URN.Name())
	}
	return plugin.ReadResponse{
		ReadResult: plugin.ReadResult{ID: r.ID, Inputs: r.Inputs, Outputs: r.State}, Status: resource.StatusOK,
	}, nil
}

// Update accepts inputs equivalent to the old ones; for any others Diff requests a replacement.
func (p *provider) Update(ctx context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	k, err := kindOf(r.URN)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	diff, err := p.Diff(ctx, plugin.DiffRequest{URN: r.URN, OldInputs: r.OldInputs, NewInputs: r.NewInputs})
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if diff.Changes == plugin.DiffSome {
		return plugin.UpdateResponse{}, fmt.Errorf("%s: a change of %v replaces it", r.URN.Name(), slices.Sorted(maps.Keys(diff.DetailedDiff)))
	}
	state := k.state(r.NewInputs)
	for _, output := range k.outputs {
		state[output] = r.OldOutputs[output]
	}
	return plugin.UpdateResponse{Properties: state, Status: resource.StatusOK}, nil
}

func (*provider) Delete(_ context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	_, err := kindOf(r.URN)
	return plugin.DeleteResponse{Status: resource.StatusOK}, err
}

func (*provider) Invoke(_ context.Context, r plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, status.Errorf(codes.Unimplemented, "the random provider has no function %s", r.Tok)
}

func kindOf(urn resource.URN) (*kind, error) {
	if k := kinds[urn.Type()]; k != nil {
		return k, nil
	}
	return nil, status.Errorf(codes.Unimplemented, "the local cloud's random provider does not know the type %s; it knows %v",
		urn.Type(), slices.Sorted(maps.Keys(kinds)))
}
