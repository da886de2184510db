package stacktest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"geo-wordpress/config/configtest"
)

// monitor is the engine's side of a run.
type monitor struct {
	pulumirpc.UnimplementedResourceMonitorServer
	options Options
	cloud   cloud

	lock  sync.Mutex
	graph *Graph
}

var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true}

func (m *monitor) SupportsFeature(_ context.Context, request *pulumirpc.SupportsFeatureRequest,
) (*pulumirpc.SupportsFeatureResponse, error) {
	switch request.Id {
	case "secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith":
		return &pulumirpc.SupportsFeatureResponse{HasSupport: true}, nil
	}
	return &pulumirpc.SupportsFeatureResponse{}, nil
}

func (m *monitor) RegisterResource(_ context.Context, request *pulumirpc.RegisterResourceRequest,
) (*pulumirpc.RegisterResourceResponse, error) {
	inputs, err := plugin.UnmarshalProperties(request.Object, wire)
	if err != nil {
		return nil, err
	}
	r := &Resource{
		URN:                  urn(request),
		Type:                 request.Type,
		Name:                 request.Name,
		Custom:               request.Custom,
		Parent:               request.Parent,
		Provider:             providerURN(request.Provider),
		Dependencies:         request.Dependencies,
		PropertyDependencies: map[string][]string{},
		DeletedWith:          request.DeletedWith,
		Protect:              request.GetProtect(),
		RetainOnDelete:       request.GetRetainOnDelete(),
		ReplaceOnChanges:     request.ReplaceOnChanges,
		IgnoreChanges:        request.IgnoreChanges,
		Inputs:               inputs,
	}
	for property, dependencies := range request.PropertyDependencies {
		if len(dependencies.Urns) > 0 {
			r.PropertyDependencies[property] = dependencies.Urns
		}
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.options.Fail != nil {
		if err := m.options.Fail(r); err != nil {
			return nil, err
		}
	}
	if r.Custom {
		r.ID, r.Outputs = m.cloud.create(r, request.AdditionalSecretOutputs)
	} else {
		r.Outputs = resource.PropertyMap{}
	}
	m.graph.add(r)

	// The SDK does not accept partially known values, so the engine withholds them.
	state := resource.PropertyMap{}
	for name, value := range r.Outputs {
		if !value.ContainsUnknowns() {
			state[name] = value
		}
	}
	object, err := plugin.MarshalProperties(state, wire)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.RegisterResourceResponse{Urn: r.URN, Id: r.ID, Object: object}, nil
}

func (m *monitor) RegisterResourceOutputs(_ context.Context, request *pulumirpc.RegisterResourceOutputsRequest,
) (*emptypb.Empty, error) {
	outputs, err := plugin.UnmarshalProperties(request.Outputs, wire)
	if err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if r := m.graph.byURN[request.Urn]; r != nil {
		r.Outputs = outputs
	}
	return &emptypb.Empty{}, nil
}

// Invoke returns the outputs of the stack's last state, as the engine does for the program's state package.
func (m *monitor) Invoke(_ context.Context, request *pulumirpc.ResourceInvokeRequest) (*pulumirpc.InvokeResponse, error) {
	want := resource.PropertyMap{"stackName": resource.NewProperty("organization/" + configtest.Project + "/" + Stack)}
	if args, err := plugin.UnmarshalProperties(request.Args, wire); err != nil || !args.DeepEquals(want) ||
		request.Tok != "pulumi:pulumi:readStackResourceOutputs" {
		return nil, fmt.Errorf("stacktest: there is no function %s for %v (%v)", request.Tok, args, err)
	}
	last := resource.PropertyMap{}
	if m.options.Last != nil {
		for _, r := range m.options.Last.Resources {
			last[resource.PropertyKey(r.URN)] = resource.NewProperty(resource.PropertyMap{
				"type": resource.NewProperty(r.Type), "outputs": resource.NewProperty(r.Outputs),
			})
		}
	}
	result, err := plugin.MarshalProperties(resource.PropertyMap{"outputs": resource.NewProperty(last)}, wire)
	return &pulumirpc.InvokeResponse{Return: result}, err
}

func (m *monitor) SignalAndWaitForShutdown(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// urn is the URN that the engine gives a resource: its types and its parents', and its own name.
func urn(request *pulumirpc.RegisterResourceRequest) string {
	var parentType tokens.Type
	if parent := resource.URN(request.Parent); parent != "" && parent.Type() != resource.RootStackType {
		parentType = parent.QualifiedType()
	}
	return string(resource.NewURN(Stack, configtest.Project, parentType, tokens.Type(request.Type), request.Name))
}

// providerURN is the URN of a reference to a provider, which is URN::ID.
func providerURN(reference string) string {
	if i := strings.LastIndex(reference, "::"); i >= 0 {
		return reference[:i]
	}
	return reference
}

// engine keeps the program's warnings, and implements nothing else.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	monitor *monitor
}

func (e *engine) Log(_ context.Context, request *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.monitor.lock.Lock()
	defer e.monitor.lock.Unlock()
	if request.Severity == pulumirpc.LogSeverity_WARNING {
		e.monitor.graph.Warnings = append(e.monitor.graph.Warnings, request.Message)
	}
	return &emptypb.Empty{}, nil
}
