package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

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
	listener net.Listener

	mutex    sync.Mutex
	closed   bool
	sessions map[*grpc.Server]struct{}
	running  sync.WaitGroup
}

// Listen starts a server.
func Listen(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
	if err != nil {
		return nil, fmt.Errorf("the %s provider cannot listen on port %d: %w", o.Name, o.Port, err)
	}
	s := &Server{options: o, listener: listener, sessions: map[*grpc.Server]struct{}{}}
	s.running.Add(1)
	go s.accept()
	return s, nil
}

// Port is the port that the server listens on.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Close stops accepting connections and waits for the calls under way. If the context ends first, Close cancels them
// and does not wait for their handlers.
func (s *Server) Close(ctx context.Context) error {
	s.mutex.Lock()
	s.closed = true
	var sessions []*grpc.Server
	for session := range s.sessions {
		sessions = append(sessions, session)
	}
	s.mutex.Unlock()

	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	for _, session := range sessions {
		go session.GracefulStop()
	}
	done := make(chan struct{})
	go func() { s.running.Wait(); close(done) }()
	select {
	case <-done:
		return err
	case <-ctx.Done():
	}
	for _, session := range sessions {
		go session.Stop()
	}
	return errors.Join(err, fmt.Errorf("%s provider: calls were cut off: %w", s.options.Name, ctx.Err()))
}

func (s *Server) accept() {
	defer s.running.Done()
	for {
		connection, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Possibly transient, such as a lack of file descriptors; the existing sessions must continue.
			s.options.Log.Error("accept", "provider", s.options.Name, "error", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		s.serve(connection)
	}
}

// serve gives a connection a provider, and a gRPC server that serves only this connection.
func (s *Server) serve(connection net.Conn) {
	log := s.options.Log.With("provider", s.options.Name, "peer", connection.RemoteAddr().String())

	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		_ = connection.Close()
		return
	}
	provider, err := makeProvider(s.options.Provider)
	if err != nil {
		log.Error("no session", "error", err)
		_ = connection.Close()
		return
	}
	session := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessageSize),
		grpc.MaxSendMsgSize(maxMessageSize),
		// The engine's client may ping every second, also between calls.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		// A provider is closed only after all its calls have returned.
		grpc.WaitForHandlers(true),
		grpc.UnaryInterceptor(recoverPanic(log)),
	)
	pulumirpc.RegisterResourceProviderServer(session, adapt(provider))
	s.sessions[session] = struct{}{}
	s.running.Add(1)
	log.Debug("session opened")
	go func() {
		defer s.running.Done()
		lone := newLoneListener(connection)
		_ = session.Serve(lone) // Ends with the connection; the error says nothing else.
		session.Stop()
		closeProvider(provider, log)
		s.mutex.Lock()
		delete(s.sessions, session)
		s.mutex.Unlock()
		log.Debug("session closed")
	}()
}
