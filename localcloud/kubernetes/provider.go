package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/blang/semver"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"geo-wordpress/localcloud/faults"
)

// published is the version of the provider that this one stands in for.
var published = semver.MustParse("4.23.0")

// Options of a provider.
type Options struct {
	// Log gets what concerns the daemon rather than a resource. No secret is ever logged. Nil discards.
	Log *slog.Logger
	// Faults are what goes wrong on the way to the API servers; nil is nothing.
	Faults *faults.Injector
}

// New makes a provider for one connection of the engine, not yet configured.
func New(o Options) plugin.Provider {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &provider{log: log, faults: o.Faults, engine: &engineLog{log: log}, lifetime: ctx, cancel: cancel}
}

// provider is one provider instance: one cluster, one set of options.
type provider struct {
	plugin.UnimplementedProvider

	log    *slog.Logger
	faults *faults.Injector
	engine *engineLog

	// lifetime ends when the engine cancels, and with it every wait.
	lifetime context.Context
	cancel   context.CancelFunc

	settings settings
	cluster  *cluster // nil until configured
}

var _ plugin.GrpcProvider = (*provider)(nil)

func (*provider) Pkg() tokens.Package { return "kubernetes" }

func (*provider) GetPluginInfo(context.Context) (workspace.PluginInfo, error) {
	return workspace.PluginInfo{Name: "kubernetes", Version: &published}, nil
}

// Handshake takes the engine's address, at which the provider logs. Secrets are taken and given as such.
func (p *provider) Handshake(
	_ context.Context, req plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	if err := p.engine.connect(req.EngineAddress); err != nil {
		return nil, err
	}
	return &plugin.ProviderHandshakeResponse{
		AcceptSecrets:                   true,
		AcceptResources:                 true,
		AcceptOutputs:                   true,
		SupportsAutonamingConfiguration: true,
	}, nil
}

// Attach is Handshake's elder: the engine calls both on a provider that it did not start.
func (p *provider) Attach(address string) error { return p.engine.connect(address) }

// SignalCancellation ends the waits under way: each returns the object as it is, with an account of what it waits for.
func (p *provider) SignalCancellation(context.Context) error {
	p.cancel()
	return nil
}

func (p *provider) Close() error {
	p.cancel()
	return p.engine.close()
}

// Configure readies the clients. It does not call the API server, which need not be up.
func (p *provider) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	s, failures := parseSettings(req.Inputs)
	if len(failures) > 0 {
		err := errors.New("the kubernetes provider is misconfigured")
		for _, f := range failures {
			err = fmt.Errorf("%w; %s: %s", err, f.Property, f.Reason)
		}
		return plugin.ConfigureResponse{}, status.Error(codes.InvalidArgument, err.Error())
	}
	if s.kubeconfig == nil {
		return plugin.ConfigureResponse{}, status.Error(codes.InvalidArgument, missingKubeconfig)
	}
	config, namespace, err := s.clientConfig()
	if err != nil {
		return plugin.ConfigureResponse{}, status.Error(codes.InvalidArgument, err.Error())
	}
	s.namespace = namespace
	if p.faults != nil {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &faulty{next: next, faults: p.faults} })
	}
	c, err := newCluster(config, p.warnings(s.suppressDeprecationWarnings))
	if err != nil {
		return plugin.ConfigureResponse{}, status.Error(codes.InvalidArgument, err.Error())
	}
	p.settings, p.cluster = s, c
	return plugin.ConfigureResponse{}, nil
}

// Invoke refuses: every function of the published provider belongs to a feature that this one has not.
func (*provider) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, unsupported(string(req.Tok))
}

// Call refuses, as Invoke does.
func (*provider) Call(_ context.Context, req plugin.CallRequest) (plugin.CallResponse, error) {
	return plugin.CallResponse{}, unsupported(string(req.Tok))
}

// Construct refuses: the published provider's components are those of Helm, Kustomize and YAML.
func (*provider) Construct(_ context.Context, req plugin.ConstructRequest) (plugin.ConstructResponse, error) {
	return plugin.ConstructResponse{}, unsupported(string(req.Type))
}

// Parameterize refuses: the published provider takes CustomResourceDefinitions so.
func (*provider) Parameterize(context.Context, plugin.ParameterizeRequest) (plugin.ParameterizeResponse, error) {
	return plugin.ParameterizeResponse{}, unsupported("a parameterized kubernetes provider")
}

func unsupported(what string) error {
	return status.Errorf(codes.Unimplemented, "%s needs the published kubernetes provider: the local cloud's "+
		"supports resources of a single API kind, not yaml, helm or kustomize. "+
		"Install the plugin (pulumi plugin install resource kubernetes %s) and leave kubernetes out of "+
		"LOCALCLOUD_PROVIDERS, or declare the resources one by one", what, published)
}

// operation is one call on one resource.
type operation struct {
	*provider
	urn    resource.URN
	redact redactor
}

// begin starts an operation. Its context ends with the request and with the provider's lifetime; done must be called.
func (p *provider) begin(
	ctx context.Context, urn resource.URN, maps ...resource.PropertyMap,
) (op *operation, _ context.Context, done func(), err error) {
	if p.cluster == nil {
		return nil, nil, nil, status.Error(codes.FailedPrecondition, "the kubernetes provider is not configured")
	}
	ctx, cancel := context.WithCancel(withURN(ctx, urn))
	stop := context.AfterFunc(p.lifetime, cancel)
	return &operation{provider: p, urn: urn, redact: newRedactor(maps...)}, ctx, func() { stop(); cancel() }, nil
}

// progress shows a line in the engine's status column; an empty one clears it.
func (o *operation) progress(ctx context.Context, line string) {
	o.engine.progress(ctx, o.urn, o.redact.clean(line))
}

func (o *operation) warn(ctx context.Context, format string, a ...any) {
	o.engine.warn(ctx, o.urn, o.redact.clean(fmt.Sprintf(format, a...)))
}
