package machines

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// dialAgain is the retry interval for an API server that refuses connections.
const dialAgain = 200 * time.Millisecond

// patientDial connects to an API server, and retries while the server refuses connections. If it failed, client-go's
// watches would back off for up to a minute after the server is back. (A lost network does not answer either.)
func patientDial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	for {
		connection, err := dialer.DialContext(ctx, network, address)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return connection, err
		}
		if err := sleep(ctx, dialAgain); err != nil {
			return nil, err
		}
	}
}
