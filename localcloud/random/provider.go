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

func (*provider) SignalCancellation(context.Context) error { return nil }

func (*provider) Attach(string) error { return nil }

func (*provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &version}, nil
}

func (*provider) Handshake(
	context.Context, plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// engineKeys are the keys that the engine itself adds to a provider's inputs.
var engineKeys = []resource.PropertyKey{"version", "pluginDownloadURL", "pluginChecksums", "__internal"}

func (*provider) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	response := plugin.CheckConfigResponse{Properties: r.News}
	for _, key := range r.News.StableKeys() {
		if !slices.Contains(engineKeys, key) {
			response.Failures = append(response.Failures, plugin.CheckFailure{
				Property: key, Reason: fmt.Sprintf("the random provider has no setting %q", key),
			})
		}
	}
	return response, nil
}

func (*provider) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffResult{Changes: plugin.DiffNone}, nil
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
	_, failures := k.read(r.News)
	return plugin.CheckResponse{Properties: r.News, Failures: failures}, nil
}

// Diff compares normalized inputs: setting a default explicitly is no change. Any other change replaces the resource.
func (*provider) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResponse, error) {
	k, err := kindOf(r.URN)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	result := plugin.DiffResult{Changes: plugin.DiffNone}
	before, _ := k.read(r.OldInputs)
	after, _ := k.read(r.NewInputs)
	for _, key := range slices.Sorted(maps.Keys(k.inputs)) {
		old, hadOld := before[key]
		now, hasNow := after[key]
		if hadOld == hasNow && old.DeepEquals(now) {
			continue
		}
		if result.DetailedDiff == nil {
			result.DetailedDiff = map[string]plugin.PropertyDiff{}
		}
		change := plugin.DiffUpdateReplace
		switch {
		case !hadOld:
			change = plugin.DiffAddReplace
		case !hasNow:
			change = plugin.DiffDeleteReplace
		}
		result.Changes = plugin.DiffSome
		result.DetailedDiff[string(key)] = plugin.PropertyDiff{Kind: change, InputDiff: true}
		result.ChangedKeys = append(result.ChangedKeys, key)
		result.ReplaceKeys = append(result.ReplaceKeys, key)
	}
	return result, nil
}

func (*provider) Create(_ context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	k, err := kindOf(r.URN)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	in, failures := k.read(r.Properties)
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
	if in.ContainsUnknowns() {
		return plugin.CreateResponse{}, fmt.Errorf("%s: an input is not known", r.URN.Name())
	}
	outputs, err := k.draw(in)
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
		return plugin.UpdateResponse{}, fmt.Errorf("%s: a change of %v replaces it", r.URN.Name(), diff.ChangedKeys)
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
