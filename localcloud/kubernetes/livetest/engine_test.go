package livetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// properties is how tests write inputs.
type properties = map[string]any

// engine does with a provider what Pulumi's does.
type engine struct {
	t        *testing.T
	provider plugin.Provider
	messages *sink // log
	statuses *sink // lines of progress
}

// sink keeps what a provider logs.
type sink struct {
	diag.Sink
	mutex sync.Mutex
	text  bytes.Buffer
}

func newSink() *sink {
	return &sink{Sink: diag.DefaultSink(discard{}, discard{}, diag.FormatOptions{Color: "never"})}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func (s *sink) Logf(severity diag.Severity, d *diag.Diag, args ...any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	message := d.Message
	if !d.Raw && len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	fmt.Fprintf(&s.text, "%s %s: %s\n", severity, d.URN.Name(), message)
}

func (s *sink) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// newEngine opens a connection of its own to the provider server.
func newEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{t: t, messages: newSink(), statuses: newSink()}
	ctx, err := plugin.NewContext(t.Context(), e.messages, e.statuses, nil, nil, t.TempDir(), nil, false, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = ctx.Close() })
	e.provider, err = ctx.Host.Provider(workspace.PackageDescriptor{
		PluginSpec: workspace.PluginSpec{Name: "kubernetes", Kind: apitype.ResourcePlugin},
	})
	require.NoError(t, err)
	return e
}

// connect is an engine with a provider for the shared cluster.
func connect(t *testing.T, options ...properties) *engine {
	t.Helper()
	e := newEngine(t)
	inputs := properties{"kubeconfig": kubeconfig(t, "")}
	for _, o := range options {
		for k, v := range o {
			inputs[k] = v
		}
	}
	e.configure(inputs)
	return e
}

const providerURN = resource.URN("urn:pulumi:s::p::pulumi:providers:kubernetes::k")

func (e *engine) configure(inputs properties) {
	e.t.Helper()
	news := resource.NewPropertyMapFromMap(inputs)
	checked, err := e.provider.CheckConfig(e.t.Context(), plugin.CheckConfigRequest{
		URN: providerURN, News: news, AllowUnknowns: true,
	})
	require.NoError(e.t, err)
	require.Empty(e.t, checked.Failures)
	_, err = e.provider.Configure(e.t.Context(), plugin.ConfigureRequest{Inputs: checked.Properties})
	require.NoError(e.t, err)
}

// custom is a resource in the engine's state.
type custom struct {
	urn             resource.URN
	id              resource.ID
	inputs, outputs resource.PropertyMap
}

func urnOf(kind, name string) resource.URN {
	return resource.NewURN("s", "p", "", tokens.Type("kubernetes:"+kind), name)
}

// check runs Check on new inputs; old is nil for a new resource.
func (e *engine) check(kind, name string, inputs properties, old *custom) (resource.PropertyMap, []plugin.CheckFailure) {
	e.t.Helper()
	req := plugin.CheckRequest{
		URN: urnOf(kind, name), News: resource.NewPropertyMapFromMap(inputs), AllowUnknowns: true,
		RandomSeed: []byte("a seed of thirty-two bytes length" + e.t.Name() + name)[:32],
	}
	if old != nil {
		req.Olds = old.inputs
	}
	response, err := e.provider.Check(e.t.Context(), req)
	require.NoError(e.t, err)
	return response.Properties, response.Failures
}

func (e *engine) mustCheck(kind, name string, inputs properties, old *custom) resource.PropertyMap {
	e.t.Helper()
	checked, failures := e.check(kind, name, inputs, old)
	require.Empty(e.t, failures)
	return checked
}

// tryCreate does what pulumi up does with a new resource, the preview included.
func (e *engine) tryCreate(kind, name string, inputs properties, timeout float64) (*custom, error) {
	e.t.Helper()
	checked := e.mustCheck(kind, name, inputs, nil)
	_, err := e.provider.Create(e.t.Context(), plugin.CreateRequest{URN: urnOf(kind, name), Properties: checked, Preview: true})
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	response, err := e.provider.Create(e.t.Context(), plugin.CreateRequest{
		URN: urnOf(kind, name), Properties: checked, Timeout: timeout,
	})
	return &custom{urn: urnOf(kind, name), id: response.ID, inputs: checked, outputs: response.Properties}, err
}

func (e *engine) create(kind, name string, inputs properties) *custom {
	e.t.Helper()
	r, err := e.tryCreate(kind, name, inputs, 30)
	require.NoError(e.t, err)
	return r
}

func (e *engine) diff(r *custom, inputs properties) (plugin.DiffResponse, resource.PropertyMap) {
	e.t.Helper()
	checked := e.mustCheck(strings.TrimPrefix(string(r.urn.Type()), "kubernetes:"), r.urn.Name(), inputs, r)
	response, err := e.provider.Diff(e.t.Context(), plugin.DiffRequest{
		URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: checked, AllowUnknowns: true,
	})
	require.NoError(e.t, err)
	return response, checked
}

// tryUpdate does what pulumi up does with a resource that has changed, the preview included.
func (e *engine) tryUpdate(r *custom, inputs properties, timeout float64, ignore ...string) error {
	e.t.Helper()
	checked := e.mustCheck(strings.TrimPrefix(string(r.urn.Type()), "kubernetes:"), r.urn.Name(), inputs, r)
	req := plugin.UpdateRequest{
		URN: r.urn, ID: r.id, OldInputs: r.inputs, OldOutputs: r.outputs, NewInputs: checked, IgnoreChanges: ignore,
		Preview: true, Timeout: timeout,
	}
	if _, err := e.provider.Update(e.t.Context(), req); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	req.Preview = false
	response, err := e.provider.Update(e.t.Context(), req)
	if response.Properties != nil {
		r.inputs, r.outputs = checked, response.Properties
	}
	return err
}

func (e *engine) update(r *custom, inputs properties) {
	e.t.Helper()
	require.NoError(e.t, e.tryUpdate(r, inputs, 30))
}

// changed are the paths that a diff names.
func changed(d plugin.DiffResponse) []string { return slices.Sorted(maps.Keys(d.DetailedDiff)) }

// refresh reads the resource into the state, and says whether it is there.
func (e *engine) refresh(r *custom) bool {
	e.t.Helper()
	response, err := e.provider.Read(e.t.Context(), plugin.ReadRequest{
		URN: r.urn, ID: r.id, Inputs: r.inputs, State: r.outputs,
	})
	require.NoError(e.t, err)
	if response.ID == "" {
		return false
	}
	r.inputs, r.outputs = response.Inputs, response.Outputs
	return true
}

func (e *engine) delete(r *custom) {
	e.t.Helper()
	require.NoError(e.t, e.tryDelete(r, 30))
}

func (e *engine) tryDelete(r *custom, timeout float64) error {
	e.t.Helper()
	_, err := e.provider.Delete(e.t.Context(), plugin.DeleteRequest{
		URN: r.urn, ID: r.id, Inputs: r.inputs, Outputs: r.outputs, Timeout: timeout,
	})
	return err
}

// plain is what a state holds in plain text, which a state file would show.
func plain(m resource.PropertyMap) string {
	var text strings.Builder
	var walk func(v resource.PropertyValue)
	walk = func(v resource.PropertyValue) {
		switch {
		case v.IsSecret():
		case v.IsObject():
			for k, e := range v.ObjectValue() {
				fmt.Fprintf(&text, "%s: ", k)
				walk(e)
			}
		case v.IsArray():
			for _, e := range v.ArrayValue() {
				walk(e)
			}
		default:
			fmt.Fprintln(&text, v.V)
		}
	}
	walk(resource.NewObjectProperty(m))
	return text.String()
}

// at finds a value in properties, through secrets.
func at(m resource.PropertyMap, path string) any {
	p, err := resource.ParsePropertyPath(path)
	if err != nil {
		return err
	}
	v := resource.NewObjectProperty(m)
	for _, step := range p {
		for v.IsSecret() {
			v = v.SecretValue().Element
		}
		var ok bool
		if v, ok = (resource.PropertyPath{step}).Get(v); !ok {
			return nil
		}
	}
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v.V
}
