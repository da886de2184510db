package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"geo-wordpress/localcloud/cloud"
)

// attached is the server of a provider that the engine attaches to instead of starting it.
type attached struct {
	pulumirpc.ResourceProviderServer
	provider plugin.Provider
}

func adapt(provider plugin.Provider) pulumirpc.ResourceProviderServer {
	return &attached{ResourceProviderServer: plugin.NewProviderServer(provider), provider: provider}
}

// Attach is the engine's second call, with the address of its own server, which Handshake has already given the
// provider. The engine gives up on a provider that does not answer, so this answers for providers that do not need it.
func (a *attached) Attach(ctx context.Context, request *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	if _, ok := a.provider.(plugin.GrpcProvider); ok {
		return a.ResourceProviderServer.Attach(ctx, request)
	}
	return &emptypb.Empty{}, nil
}

// Diff and DiffConfig complete the detailed diff of the SDK's server.
func (a *attached) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	response, err := a.ResourceProviderServer.Diff(ctx, request)
	return detail(response), err
}

func (a *attached) DiffConfig(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	response, err := a.ResourceProviderServer.DiffConfig(ctx, request)
	return detail(response), err
}

// detail fixes three gaps in the SDK's server. It sets HasDetailedDiff, without which the engine ignores the detailed
// diff. It marks deletions that replace the resource. It adds the top-level properties that the engine looks for among
// the changes; the server lists only full paths.
func detail(response *pulumirpc.DiffResponse) *pulumirpc.DiffResponse {
	if response == nil {
		return nil
	}
	response.HasDetailedDiff = len(response.GetDetailedDiff()) > 0
	for _, path := range response.GetReplaces() {
		if d := response.GetDetailedDiff()[path]; d.GetKind() == pulumirpc.PropertyDiff_DELETE {
			d.Kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		}
	}
	for _, changed := range slices.Sorted(maps.Keys(response.GetDetailedDiff())) {
		path, err := resource.ParsePropertyPath(changed)
		if err != nil || len(path) == 0 {
			continue
		}
		if top, ok := path[0].(string); ok && !slices.Contains(response.Diffs, top) {
			response.Diffs = append(response.Diffs, top)
		}
	}
	return response
}

// GetPluginInfo returns an empty version for a provider that states none.
func (a *attached) GetPluginInfo(ctx context.Context, _ *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	info, err := a.provider.GetPluginInfo(ctx)
	switch {
	case status.Code(err) == codes.Unimplemented:
		return &pulumirpc.PluginInfo{}, nil
	case err != nil:
		return nil, err
	case info.Version == nil:
		return &pulumirpc.PluginInfo{}, nil
	}
	return &pulumirpc.PluginInfo{Version: info.Version.String()}, nil
}

func makeProvider(factory cloud.Provider) (provider plugin.Provider, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("making the provider panicked: %v\n%s", reason, debug.Stack())
		}
	}()
	return factory(), nil
}

func closeProvider(provider plugin.Provider, log *slog.Logger) {
	defer func() {
		if reason := recover(); reason != nil {
			log.Error("panic while closing", "panic", reason, "stack", string(debug.Stack()))
		}
	}()
	if err := provider.Close(); err != nil && status.Code(err) != codes.Unimplemented {
		log.Warn("close", "error", err)
	}
}

// recoverPanic turns a panic in a call into an error of that call alone. The error gives the reason, the log the stack.
// Requests are not logged: they contain secrets.
func recoverPanic(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(
		ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
	) (response any, err error) {
		defer func() {
			if reason := recover(); reason != nil {
				log.Error("panic", "method", info.FullMethod, "panic", fmt.Sprint(reason), "stack", string(debug.Stack()))
				err = status.Errorf(codes.Internal, "%s panicked: %v (the local cloud's log has the stack)", info.FullMethod, reason)
			}
		}()
		return handler(ctx, request)
	}
}
