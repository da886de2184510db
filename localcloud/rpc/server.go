package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"geo-wordpress/localcloud/cloud"
)

// maxMessageSize is the engine's message size limit, in bytes (sdk/go/common/util/rpcutil).
const maxMessageSize = 400 << 20

// Options configure a server.
type Options struct {
	// Name is the provider's package name, as in PULUMI_DEBUG_PROVIDERS.
	Name string
	// Port to listen on, on the loopback interface; 0 lets the system choose.
	Port int
	// Provider creates the provider of each connection.
	Provider cloud.Provider
	// Log receives the panics of providers and, at debug level, the sessions.
	Log *slog.Logger
}

// Server serves one kind of provider.
type Server struct {
	options  Options
	port     int
	server   *grpc.Server
	sessions sync.WaitGroup
}

// Listen starts a server.
func Listen(o Options) (*Server, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
	if err != nil {
		return nil, fmt.Errorf("the %s provider cannot listen on port %d: %w", o.Name, o.Port, err)
	}
	s := &Server{options: o, port: listener.Addr().(*net.TCPAddr).Port}
	s.server = grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessageSize),
		grpc.MaxSendMsgSize(maxMessageSize),
		// The engine's client may ping every second, also between calls.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.StatsHandler(connections{server: s}),
		grpc.UnaryInterceptor(recoverPanic(o.Log)),
	)
	s.server.RegisterService(perConnection(), nil)
	go func() {
		if err := s.server.Serve(listener); err != nil {
			o.Log.Error("provider server", "provider", o.Name, "error", err)
		}
	}()
	return s, nil
}

// Port is the port that the server listens on.
func (s *Server) Port() int { return s.port }

// Close stops accepting connections, and waits for the calls under way and the ends of their providers. If the context
// ends first, Close cancels the calls and does not wait for their handlers.
func (s *Server) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { s.server.GracefulStop(); s.sessions.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.server.Stop()
	return fmt.Errorf("%s provider: calls were cut off: %w", s.options.Name, ctx.Err())
}

// connections gives every connection its session.
type connections struct{ server *Server }

type sessionKey struct{}

// TagConn opens the session of a new connection. The contexts of the connection's calls have it.
func (c connections) TagConn(ctx context.Context, info *stats.ConnTagInfo) context.Context {
	o := c.server.options
	c.server.sessions.Add(1)
	session := newSession(o.Provider(), o.Log.With("provider", o.Name, "peer", info.RemoteAddr.String()))
	return context.WithValue(ctx, sessionKey{}, session)
}

// HandleConn closes the session of a connection that has ended.
func (c connections) HandleConn(ctx context.Context, event stats.ConnStats) {
	if _, ended := event.(*stats.ConnEnd); ended {
		go func() {
			defer c.server.sessions.Done()
			ctx.Value(sessionKey{}).(*session).close()
		}()
	}
}

// TagRPC does nothing.
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC does nothing.
func (connections) HandleRPC(context.Context, stats.RPCStats) {}

// perConnection describes a service whose calls go to the provider of their connection.
func perConnection() *grpc.ServiceDesc {
	service := pulumirpc.ResourceProvider_ServiceDesc
	service.HandlerType, service.Methods = nil, nil
	for _, method := range pulumirpc.ResourceProvider_ServiceDesc.Methods {
		call := method.Handler
		method.Handler = func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
			s := ctx.Value(sessionKey{}).(*session)
			s.calls.RLock()
			defer s.calls.RUnlock()
			if s.closed {
				return nil, status.Error(codes.Canceled, "the connection has ended")
			}
			return call(s.server, ctx, decode, intercept)
		}
		service.Methods = append(service.Methods, method)
	}
	return &service
}
