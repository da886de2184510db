package software

import (
	"errors"
	"fmt"
	"time"
)

// The MySQL error numbers that matter here.
const (
	mysqlConnect  = 2002 // the connection is refused, or times out
	mysqlGone     = 2006 // no answer within the client's read timeout
	tidbPDTimeout = 9001 // no timestamp
	tidbNoLeader  = 9005 // a region is unavailable
)

// How long TiDB's statements retry before they fail (tikv/client-go's TsoMaxBackoff and getMaxBackoff). Like the
// elections that they wait for, they are not divided by the pace.
const (
	tidbTimestampPatience = 15 * time.Second
	tidbReadPatience      = 20 * time.Second
)

// sqlServer is implemented by programs that speak MySQL's protocol.
type sqlServer interface {
	// sql returns the result of a statement that reads from all regions: nil, an immediate error, or a pause.
	sql() error
}

// pause is the error of a statement that hangs until the database recovers, or until TiDB gives up.
type pause struct {
	code  int           // of the error with which TiDB gives up
	gives time.Duration // after how long TiDB gives up
	why   error
}

func (p *pause) Error() string { return fmt.Sprintf("ERROR %d: %v", p.code, p.why) }
func (p *pause) Unwrap() error { return p.why }

// Timeout and Temporary make it a net.Error for which a client waits.
func (p *pause) Timeout() bool   { return true }
func (p *pause) Temporary() bool { return true }

// query runs a statement that needs the whole database.
func query(network Network, address hostPort) error {
	remote, err := network.Dial(address.host, address.port)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	server, ok := innermost(remote.Program).(sqlServer)
	if !ok {
		return fmt.Errorf("%s: %w", address, errNoDatabase)
	}
	return server.sql()
}

var errNoDatabase = errors.New("what answers there is no database")

// outcome returns the result of a statement for a client with timeouts that has waited for some time: still waiting, or
// an error number, 0 for success.
func outcome(err error, waited, connect, read time.Duration) (waiting bool, code int) {
	var paused *pause
	switch {
	case err == nil:
		return false, 0
	case errors.As(err, &paused):
		if paused.gives <= read {
			return waited < paused.gives, paused.code
		}
		return waited < read, mysqlGone
	case quick(err):
		return false, mysqlConnect
	}
	return waited < connect, mysqlConnect
}
