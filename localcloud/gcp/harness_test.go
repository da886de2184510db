package gcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
)

const project = "geo-project"

// hardware is a fake of the control planes and machines.
type hardware struct {
	mu       sync.Mutex
	planes   map[string]cloud.Cluster
	joined   map[string]bool
	pools    map[string]cloud.NodePool
	failWith error         // returned by the next Ensure or EnsureNodePool
	block    chan struct{} // Ensure waits for it, if set
	entered  chan string   // receives the ID of each cluster whose Ensure has begun, if set
}

func newHardware() *hardware {
	return &hardware{planes: map[string]cloud.Cluster{}, joined: map[string]bool{}, pools: map[string]cloud.NodePool{}}
}

func (h *hardware) failure() error {
	err := h.failWith
	h.failWith = nil
	return err
}

func (h *hardware) Ensure(ctx context.Context, c cloud.Cluster) (cloud.Access, error) {
	h.mu.Lock()
	block, entered := h.block, h.entered
	h.mu.Unlock()
	if entered != nil {
		entered <- c.ID
	}
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return cloud.Access{}, ctx.Err()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.failure(); err != nil {
		return cloud.Access{}, err
	}
	h.planes[c.ID] = c
	return cloud.Access{Endpoint: "127.0.0.1:6443", CACertificate: []byte("-----BEGIN CERTIFICATE-----\n")}, nil
}

func (h *hardware) Delete(_ context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.planes, id)
	return nil
}

func (h *hardware) Config(string) (*rest.Config, error) { return &rest.Config{}, nil }

func (h *hardware) AddCluster(_ context.Context, c cloud.Cluster, _ *rest.Config) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.joined[c.ID] = true
	return nil
}

func (h *hardware) RemoveCluster(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.joined, id)
	for pool, p := range h.pools {
		if p.Cluster == id {
			delete(h.pools, pool)
		}
	}
}

func (h *hardware) EnsureNodePool(_ context.Context, p cloud.NodePool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.failure(); err != nil {
		return err
	}
	if !h.joined[p.Cluster] {
		return fmt.Errorf("no cluster %s", p.Cluster)
	}
	h.pools[p.ID] = p
	return nil
}

func (h *hardware) DeleteNodePool(_ context.Context, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pools, id)
	return nil
}

func (h *hardware) Instances(id string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for i := range h.pools[id].Count {
		out = append(out, fmt.Sprintf("%s-%d", strings.TrimSuffix(h.pools[id].InstanceGroup, "-grp"), i))
	}
	return out
}

func (h *hardware) pool(id string) cloud.NodePool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pools[id]
}

func (h *hardware) set(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fn()
}

// everyAPI are the services that the stack needs.
var everyAPI = []string{api.Compute, api.Container, api.DNS, api.IAM, api.Storage}

func openAPI(t *testing.T, dir string, h *hardware, apis ...string) *API {
	t.Helper()
	return openWith(t, api.Options{Dir: dir}, h, apis...)
}

// openWith opens a cloud on the hardware, and enables APIs in the test's projects.
func openWith(t *testing.T, o api.Options, h *hardware, apis ...string) *API {
	t.Helper()
	a, err := Open(o, h, h)
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	require.NoError(t, a.Transact(func(tx *api.Tx) error {
		for _, service := range apis {
			if err := errors.Join(tx.Enable(project, service), tx.Enable("other-project", service)); err != nil {
				return err
			}
		}
		return nil
	}))
	return a
}

// engine talks to a provider over gRPC, as Pulumi's engine does.
type engine struct {
	t      *testing.T
	client pulumirpc.ResourceProviderClient
}

func connect(t *testing.T, a *API, config resource.PropertyMap) *engine {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, plugin.NewProviderServer(a.Provider()))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	e := &engine{t, pulumirpc.NewResourceProviderClient(conn)}
	if config == nil {
		config = resource.PropertyMap{"project": resource.NewStringProperty(project)}
	}
	_, err = e.client.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: e.marshal(config),
		AcceptSecrets: true, AcceptResources: true})
	require.NoError(t, err)
	return e
}

var marshalOptions = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

func urn(token, name string) string {
	return string(resource.NewURN("test", "geo", "", tokens.Type(token), name))
}

func (e *engine) marshal(m resource.PropertyMap) *structpb.Struct {
	e.t.Helper()
	s, err := plugin.MarshalProperties(m, marshalOptions)
	require.NoError(e.t, err)
	return s
}

func (e *engine) unmarshal(s *structpb.Struct) resource.PropertyMap {
	e.t.Helper()
	m, err := plugin.UnmarshalProperties(s, marshalOptions)
	require.NoError(e.t, err)
	return m
}

func (e *engine) check(token, name string, old, in resource.PropertyMap) (resource.PropertyMap, []string) {
	e.t.Helper()
	r, err := e.client.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn(token, name),
		Olds: e.marshal(old), News: e.marshal(in)})
	require.NoError(e.t, err)
	var failures []string
	for _, f := range r.Failures {
		failures = append(failures, f.Property+": "+f.Reason)
	}
	return e.unmarshal(r.Inputs), failures
}

func (e *engine) create(token, name string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	e.t.Helper()
	checked, failures := e.check(token, name, nil, in)
	require.Empty(e.t, failures, token)
	return e.createChecked(token, name, checked, false)
}

func (e *engine) createChecked(token, name string, in resource.PropertyMap, preview bool) (
	string, resource.PropertyMap, error,
) {
	e.t.Helper()
	r, err := e.client.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(token, name),
		Properties: e.marshal(in), Preview: preview})
	if err != nil {
		return "", nil, err
	}
	return r.Id, e.unmarshal(r.Properties), nil
}

func (e *engine) diff(token, name, id string, old, in, state resource.PropertyMap, ignored ...string) *pulumirpc.DiffResponse {
	e.t.Helper()
	r, err := e.client.Diff(context.Background(), &pulumirpc.DiffRequest{Urn: urn(token, name), Id: id,
		OldInputs: e.marshal(old), Olds: e.marshal(state), News: e.marshal(in), IgnoreChanges: ignored})
	require.NoError(e.t, err)
	return r
}

func (e *engine) update(token, name, id string, old, in resource.PropertyMap) (resource.PropertyMap, error) {
	e.t.Helper()
	return e.updateFrom(old, token, name, id, old, in)
}

// updateFrom updates a resource whose outputs were state.
func (e *engine) updateFrom(state resource.PropertyMap, token, name, id string, old, in resource.PropertyMap, ignored ...string) (
	resource.PropertyMap, error,
) {
	e.t.Helper()
	r, err := e.client.Update(context.Background(), &pulumirpc.UpdateRequest{Urn: urn(token, name), Id: id,
		OldInputs: e.marshal(old), Olds: e.marshal(state), News: e.marshal(in), IgnoreChanges: ignored})
	if err != nil {
		return nil, err
	}
	return e.unmarshal(r.Properties), nil
}

func (e *engine) read(token, name, id string, in resource.PropertyMap) (string, resource.PropertyMap, resource.PropertyMap) {
	e.t.Helper()
	r, err := e.client.Read(context.Background(), &pulumirpc.ReadRequest{Urn: urn(token, name), Id: id,
		Inputs: e.marshal(in)})
	require.NoError(e.t, err)
	return r.Id, e.unmarshal(r.Inputs), e.unmarshal(r.Properties)
}

func (e *engine) delete(token, name, id string) error {
	_, err := e.client.Delete(context.Background(), &pulumirpc.DeleteRequest{Urn: urn(token, name), Id: id})
	return err
}

// initFailed returns the detail that the engine reads from the error of a partly created resource.
func initFailed(err error) *pulumirpc.ErrorResourceInitFailed {
	for _, d := range status.Convert(err).Details() {
		if f, ok := d.(*pulumirpc.ErrorResourceInitFailed); ok {
			return f
		}
	}
	return nil
}

var errBroken = errors.New("the machine room is on fire")
