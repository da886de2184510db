package software

import (
	"errors"
	"fmt"
	"time"
)

// The numbers of MySQL's errors that matter here.
const (
	mysqlConnect  = 2002 // the connection is refused, or not answered in time
	mysqlGone     = 2006 // no answer within the client's read timeout
	tidbPDTimeout = 9001 // no timestamp
	tidbNoLeader  = 9005 // a region is unavailable
)

// How long TiDB's statements try before they fail (tikv/client-go's TsoMaxBackoff and getMaxBackoff). As the elections
// that they wait for, they are not divided by the pace.
const (
	tidbTimestampPatience = 15 * time.Second
	tidbReadPatience      = 20 * time.Second
)

// sqlServer is implemented by programs that speak MySQL's protocol.
type sqlServer interface {
	// sql says what becomes of a statement that reads from everywhere: nil, an error at once, or a pause.
	sql() error
}

// pause is a statement that has no answer yet: it hangs until the database is whole again, or until TiDB gives it up.
type pause struct {
	code  int           // of the error that it ends with
	gives time.Duration // after how long it does
	why   error
}

func (p *pause) Error() string { return fmt.Sprintf("ERROR %d: %v", p.code, p.why) }
func (p *pause) Unwrap() error { return p.why }

// Timeout and Temporary make it a net.Error that whoever connects waits for.
func (p *pause) Timeout() bool   { return true }
func (p *pause) Temporary() bool { return true }

// query asks a database for something that needs all of it.
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

// outcome is how a client with timeouts fares that has waited for some time: still waiting, or an error's number, 0 for
// success.
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
