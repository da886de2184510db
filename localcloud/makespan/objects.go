package makespan

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"geo-wordpress/times"
)

// objects is a Kubernetes provider without objects: each operation only takes its time.
type objects struct {
	plugin.UnimplementedProvider
	clock *clock
}

func (*objects) Pkg() tokens.Package { return "kubernetes" }

func (*objects) Close() error { return nil }

func (*objects) Attach(string) error { return nil }

func (*objects) SignalCancellation(context.Context) error { return nil }

func (*objects) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version := semver.MustParse("4.23.0")
	return plugin.PluginInfo{Version: &version}, nil
}

func (*objects) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}

func (*objects) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: r.News}, nil
}

func (*objects) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffResult{Changes: plugin.DiffNone}, nil
}

func (*objects) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// Check names an unnamed object after its resource.
func (*objects) Check(_ context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	in := r.News.Copy()
	metadata := resource.PropertyMap{}
	if m := in["metadata"]; m.IsObject() {
		metadata = m.ObjectValue().Copy()
	}
	if _, named := metadata["name"]; !named {
		metadata["name"] = resource.NewStringProperty(r.URN.Name())
	}
	in["metadata"] = resource.NewObjectProperty(metadata)
	return plugin.CheckResponse{Properties: in}, nil
}

func (*objects) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResult, error) {
	if r.OldInputs.DeepEquals(r.NewInputs) {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	return plugin.DiffResult{Changes: plugin.DiffSome}, nil
}

func (o *objects) Create(ctx context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	if r.Preview {
		return plugin.CreateResponse{Properties: r.Properties}, nil
	}
	if err := o.take(ctx, r.URN, times.Create); err != nil {
		return plugin.CreateResponse{}, err
	}
	return plugin.CreateResponse{ID: resource.ID("object/" + r.URN.Name()), Properties: r.Properties}, nil
}

func (o *objects) Update(ctx context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if !r.Preview {
		if err := o.take(ctx, r.URN, times.Update); err != nil {
			return plugin.UpdateResponse{}, err
		}
	}
	return plugin.UpdateResponse{Properties: r.NewInputs}, nil
}

func (o *objects) Delete(ctx context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, o.take(ctx, r.URN, times.Delete)
}

func (o *objects) take(ctx context.Context, urn resource.URN, verb times.Verb) error {
	if err := o.clock.Sleep(ctx, takes(urn, verb)); err != nil {
		return fmt.Errorf("%s: %w", urn, err)
	}
	return nil
}

// takes returns how long an operation on a resource takes in the real cloud.
func takes(urn resource.URN, verb times.Verb) time.Duration {
	token := string(urn.Type())
	switch {
	case strings.HasPrefix(token, "gcp:"):
		return times.Google(token, verb)
	case strings.HasPrefix(token, "kubernetes:"):
		return times.Kubernetes(token[strings.LastIndexByte(token, ':')+1:], urn.Name(), verb)
	}
	return 0
}
