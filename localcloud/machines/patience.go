package machines

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// dialAgain is how often an API server that refuses connections is tried.
const dialAgain = 200 * time.Millisecond

// patientDial connects to an API server, and while that is down waits for it, rather than fail: client-go's watches
// would back off for up to a minute after it is back. (A network whose far end is lost gives no answer either.)
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
