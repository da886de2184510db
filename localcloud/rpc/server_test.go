package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blang/semver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// fake is a provider that answers an invoke with its configuration.
type fake struct {
	plugin.UnimplementedProvider
	region string
	block  chan struct{}
	closed *atomic.Int32
	busy   atomic.Int32
}

func (f *fake) Configure(_ context.Context, r plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	f.region = r.Inputs["region"].StringValue()
	return plugin.ConfigureResponse{}, nil
}

func (f *fake) Invoke(ctx context.Context, r plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	f.busy.Add(1)
	defer f.busy.Add(-1)
	switch r.Tok {
	case "fake:index:panic":
		panic("the sky falls")
	case "fake:index:wait":
		select {
		case <-f.block:
		case <-ctx.Done():
			return plugin.InvokeResponse{}, ctx.Err()
		}
	case "fake:index:echo":
		return plugin.InvokeResponse{Properties: r.Args}, nil
	}
	return plugin.InvokeResponse{Properties: resource.PropertyMap{
		"region": resource.NewStringProperty(f.region),
	}}, nil
}

var detailed = plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: map[string]plugin.PropertyDiff{
	"gone":     {Kind: plugin.DiffDelete},
	"moved":    {Kind: plugin.DiffDeleteReplace},
	"spec.new": {Kind: plugin.DiffUpdateReplace},
}}

func (f *fake) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResult, error) {
	if r.ID == "same" {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	return detailed, nil
}

func (f *fake) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &semver.Version{Major: 4}}, nil
}

func (f *fake) Close() error {
	if f.busy.Load() != 0 {
		return errors.New("closed while a call runs")
	}
	f.closed.Add(1)
	return nil
}

type harness struct {
	*Server
	log    *safeBuffer
	made   atomic.Int32
	closed atomic.Int32
	block  chan struct{}
}

type safeBuffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.String()
}

func start(t *testing.T) *harness {
	t.Helper()
	h := &harness{log: new(safeBuffer), block: make(chan struct{})}
	server, err := Listen(Options{
		Name: "fake",
		Log:  slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Provider: func() plugin.Provider {
			h.made.Add(1)
			return &fake{closed: &h.closed, block: h.block}
		},
	})
	require.NoError(t, err)
	h.Server = server
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Close(ctx)
	})
	return h
}

func dial(t *testing.T, port int, options ...grpc.DialOption) (pulumirpc.ResourceProviderClient, *grpc.ClientConn) {
	t.Helper()
	options = append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions(),
	}, options...)
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), options...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return pulumirpc.NewResourceProviderClient(connection), connection
}

func configure(t *testing.T, client pulumirpc.ResourceProviderClient, region string) {
	t.Helper()
	args, err := structpb.NewStruct(map[string]any{"region": region})
	require.NoError(t, err)
	_, err = client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: args})
	require.NoError(t, err)
}

func TestEveryConnectionHasAProviderOfItsOwn(t *testing.T) {
	h := start(t)
	clients := map[string]pulumirpc.ResourceProviderClient{}
	for _, region := range []string{"a", "b", "c"} {
		clients[region], _ = dial(t, h.Port())
		configure(t, clients[region], region)
	}
	var wait sync.WaitGroup
	for region, client := range clients {
		for range 20 {
			wait.Add(1)
			go func() {
				defer wait.Done()
				response, err := client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "fake:index:region"})
				if assert.NoError(t, err) {
					assert.Equal(t, region, response.GetReturn().AsMap()["region"])
				}
			}()
		}
	}
	wait.Wait()
	assert.EqualValues(t, 3, h.made.Load())
	assert.Equal(t, 3, h.Sessions())
}

func TestEndOfAConnectionClosesItsProviderAlone(t *testing.T) {
	h := start(t)
	first, connection := dial(t, h.Port())
	second, _ := dial(t, h.Port())
	configure(t, first, "a")
	configure(t, second, "b")

	require.NoError(t, connection.Close())
	assert.Eventually(t, func() bool { return h.Sessions() == 1 && h.closed.Load() == 1 }, 10*time.Second, time.Millisecond)
	_, err := second.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "fake:index:region"})
	assert.NoError(t, err)
}

func TestLostConnectionCancelsItsCalls(t *testing.T) {
	h := start(t)
	client, connection := dial(t, h.Port())
	configure(t, client, "a")
	ended := make(chan error, 1)
	go func() {
		_, err := client.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "fake:index:wait"})
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond)
	require.NoError(t, connection.Close())
	require.Error(t, <-ended)
	assert.Eventually(t, func() bool { return h.closed.Load() == 1 }, 10*time.Second, time.Millisecond,
		"the provider's call must end with the connection, and the provider be closed after it")
	assert.NotContains(t, h.log.String(), "closed while a call runs")
}

func TestPanicIsAnErrorOfOneCall(t *testing.T) {
	h := start(t)
	client, _ := dial(t, h.Port())
	configure(t, client, "a")
	_, err := client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "fake:index:panic"})
	require.Error(t, err)
	assert.Equal(t, codes.Internal, status.Code(err))
	assert.Contains(t, err.Error(), "the sky falls")
	assert.NotContains(t, err.Error(), "goroutine", "the stack belongs in the log")
	assert.Contains(t, h.log.String(), "server_test.go")

	response, err := client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "fake:index:region"})
	require.NoError(t, err, "the session goes on")
	assert.Equal(t, "a", response.GetReturn().AsMap()["region"])
}

func TestLargeMessages(t *testing.T) {
	h := start(t)
	client, _ := dial(t, h.Port())
	configure(t, client, "a")
	const size = 20 << 20 // gRPC's own limit is 4 MiB
	args, err := structpb.NewStruct(map[string]any{"blob": strings.Repeat("x", size)})
	require.NoError(t, err)
	response, err := client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "fake:index:echo", Args: args})
	require.NoError(t, err)
	assert.Len(t, response.GetReturn().AsMap()["blob"], size)
}

func TestEngineAttaches(t *testing.T) {
	h := start(t)
	client, _ := dial(t, h.Port(), grpc.WithKeepaliveParams(keepalive.ClientParameters{
		Time: 10 * time.Second, PermitWithoutStream: true,
	}))
	_, err := client.Attach(t.Context(), &pulumirpc.PluginAttach{Address: "127.0.0.1:1"})
	require.NoError(t, err)
	info, err := client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Equal(t, "4.0.0", info.GetVersion())
	_, err = client.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{EngineAddress: "127.0.0.1:1"})
	assert.Equal(t, codes.Unimplemented, status.Code(err), "what the provider lacks stays visible")
}

func TestDetailedDiffReachesTheEngine(t *testing.T) {
	h := start(t)
	client, _ := dial(t, h.Port())
	request := &pulumirpc.DiffRequest{Urn: "urn:pulumi:dev::p::fake:index:Thing::thing"}
	response, err := client.Diff(t.Context(), request)
	require.NoError(t, err)
	assert.True(t, response.GetHasDetailedDiff())
	assert.ElementsMatch(t, []string{"moved", "spec.new"}, response.GetReplaces())
	for path, want := range map[string]pulumirpc.PropertyDiff_Kind{
		"gone":     pulumirpc.PropertyDiff_DELETE,
		"moved":    pulumirpc.PropertyDiff_DELETE_REPLACE,
		"spec.new": pulumirpc.PropertyDiff_UPDATE_REPLACE,
	} {
		assert.Equal(t, want, response.GetDetailedDiff()[path].GetKind(), path)
	}
	request.Id = "same"
	response, err = client.Diff(t.Context(), request)
	require.NoError(t, err)
	assert.False(t, response.GetHasDetailedDiff())
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, response.GetChanges())
}

func TestCloseWaitsForCallsUnderWay(t *testing.T) {
	h := start(t)
	client, _ := dial(t, h.Port())
	configure(t, client, "a")
	ended := make(chan error, 1)
	go func() {
		_, err := client.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "fake:index:wait"})
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond)
	closed := make(chan error, 1)
	go func() { closed <- h.Close(context.Background()) }()
	select {
	case <-closed:
		t.Fatal("Close returned while a call was under way")
	case <-time.After(50 * time.Millisecond):
	}
	close(h.block)
	require.NoError(t, <-ended)
	require.NoError(t, <-closed)
	assert.EqualValues(t, 1, h.closed.Load())
	assert.Zero(t, h.Sessions())
}

func TestCloseCutsCallsOffWhenTimeIsUp(t *testing.T) {
	h := start(t)
	client, _ := dial(t, h.Port())
	configure(t, client, "a")
	ended := make(chan error, 1)
	go func() {
		_, err := client.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "fake:index:wait"})
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, h.Close(ctx), context.DeadlineExceeded)
	require.Error(t, <-ended)
	assert.Eventually(t, func() bool { return h.closed.Load() == 1 }, 10*time.Second, time.Millisecond)
}

func TestTakenPortIsNamed(t *testing.T) {
	h := start(t)
	_, err := Listen(Options{Name: "other", Port: h.Port(), Provider: func() plugin.Provider { return nil }})
	require.Error(t, err)
	assert.Contains(t, err.Error(), fmt.Sprint(h.Port()))
	assert.Contains(t, err.Error(), "other")
}

// Sessions returns the number of open sessions.
func (h *harness) Sessions() int { return int(h.made.Load() - h.closed.Load()) }
