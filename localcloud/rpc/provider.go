package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// session is the provider of one connection.
type session struct {
	log      *slog.Logger
	provider plugin.Provider
	server   pulumirpc.ResourceProviderServer
	calls    sync.RWMutex // held for reading by each call
	closed   bool
}

func newSession(provider plugin.Provider, log *slog.Logger) *session {
	log.Debug("session opened")
	return &session{log: log, provider: provider, server: adapt(provider)}
}

// close closes the provider after all its calls have returned.
func (s *session) close() {
	s.calls.Lock()
	defer s.calls.Unlock()
	if err := s.provider.Close(); err != nil {
		s.log.Warn("close", "error", err)
	}
	s.closed = true
	s.log.Debug("session closed")
}

// attached is the server of a provider that the engine attaches to instead of starting it.
type attached struct {
	pulumirpc.ResourceProviderServer
}

func adapt(provider plugin.Provider) pulumirpc.ResourceProviderServer {
	return &attached{plugin.NewProviderServer(provider)}
}

// Attach is the engine's second call, with the address of its own server, which no provider here needs.
func (*attached) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Diff completes the detailed diff of the SDK's server.
func (a *attached) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	response, err := a.ResourceProviderServer.Diff(ctx, request)
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
