package kubeclient

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// dialInterval is the retry interval for an API server that refuses connections.
const dialInterval = 200 * time.Millisecond

// retryDial connects to an API server, and retries while the server refuses connections. If it failed, client-go's
// watches would back off for up to a minute after the server is back. (A lost network does not answer either.)
func retryDial(ctx context.Context, network, address string) (connection net.Conn, err error) {
	var dialer net.Dialer
	err = wait.PollUntilContextCancel(ctx, dialInterval, true, func(ctx context.Context) (bool, error) {
		connection, err = dialer.DialContext(ctx, network, address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return false, nil
		}
		return true, err
	})
	return connection, err
}
