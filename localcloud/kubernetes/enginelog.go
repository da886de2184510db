package kubernetes

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/client-go/rest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// engineLog is the way to the people who watch the engine: messages, and a line of progress per resource. Without an
// engine (in tests, say) it is silent. A message that cannot be delivered is no reason to fail an operation.
type engineLog struct {
	log *slog.Logger

	mutex      sync.Mutex
	address    string
	connection *grpc.ClientConn
	client     pulumirpc.EngineClient
	last       map[resource.URN]string // the line that each resource shows
}

func (e *engineLog) connect(address string) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if address == "" || address == e.address {
		return nil
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("the engine's address %q cannot be used: %w", address, err)
	}
	if e.connection != nil {
		_ = e.connection.Close()
	}
	e.address, e.connection, e.client = address, connection, pulumirpc.NewEngineClient(connection)
	e.last = map[resource.URN]string{}
	return nil
}

func (e *engineLog) close() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.connection == nil {
		return nil
	}
	err := e.connection.Close()
	e.connection, e.client, e.address = nil, nil, ""
	return err
}

// progress replaces the resource's line, if it is another.
func (e *engineLog) progress(ctx context.Context, urn resource.URN, line string) {
	e.mutex.Lock()
	same := e.last[urn] == line
	if e.last != nil {
		e.last[urn] = line
	}
	e.mutex.Unlock()
	if !same {
		e.send(ctx, &pulumirpc.LogRequest{
			Severity: pulumirpc.LogSeverity_INFO, Urn: string(urn), Message: line, Ephemeral: true,
		})
	}
}

func (e *engineLog) warn(ctx context.Context, urn resource.URN, message string) {
	e.send(ctx, &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_WARNING, Urn: string(urn), Message: message,
	})
}

func (e *engineLog) send(ctx context.Context, req *pulumirpc.LogRequest) {
	e.mutex.Lock()
	client := e.client
	e.mutex.Unlock()
	if client == nil {
		return
	}
	// What is said last, after a cancellation, must still get through.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := client.Log(ctx, req); err != nil {
		e.log.Debug("the engine did not take a message", "urn", req.GetUrn(), "error", err)
	}
}

type urnKey struct{}

func withURN(ctx context.Context, urn resource.URN) context.Context {
	return context.WithValue(ctx, urnKey{}, urn)
}

// warnings passes the API server's warnings (deprecated versions, fields it would rather not see) to the engine.
func (p *provider) warnings(suppress bool) rest.WarningHandlerWithContext {
	if suppress {
		return rest.NoWarnings{}
	}
	return warningHandler{p.engine}
}

type warningHandler struct{ engine *engineLog }

// HandleWarningHeaderWithContext takes the warnings of requests that concern a resource; discovery's are nobody's.
func (w warningHandler) HandleWarningHeaderWithContext(ctx context.Context, code int, _ string, message string) {
	urn, ok := ctx.Value(urnKey{}).(resource.URN)
	if code == 299 && message != "" && ok { // 299: miscellaneous persistent warning, the only one that is used
		w.engine.warn(ctx, urn, message)
	}
}
