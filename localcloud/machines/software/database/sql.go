package database

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// The MySQL error numbers that matter here.
const (
	mysqlDenied     = 1045
	mysqlConnect    = 2002 // the connection is refused, times out, or its TLS fails
	mysqlGone       = 2006 // no answer within the client's read timeout
	tidbNoTimestamp = 9001 // no timestamp
	tidbNoLeader    = 9005 // a region is unavailable
)

// How long TiDB's statements retry before they fail (tikv/client-go's TsoMaxBackoff and getMaxBackoff). Like the
// elections that they wait for, they are not divided by the pace.
const (
	tidbTimestampTimeout = 15 * time.Second
	tidbReadTimeout      = 20 * time.Second
)

// pause is the error of a statement that hangs until the database recovers, or until TiDB gives up.
type pause struct {
	code  int           // of the error with which TiDB gives up
	after time.Duration // how long TiDB waits before it gives up
	why   error
}

func (p *pause) Error() string { return fmt.Sprintf("ERROR %d: %v", p.code, p.why) }
func (p *pause) Unwrap() error { return p.why }

// Timeout and Temporary make it a net.Error for which a client waits.
func (p *pause) Timeout() bool   { return true }
func (p *pause) Temporary() bool { return true }

// Address reads host[:port] from an environment variable, or from the file named by NAME_FILE, as the WordPress image
// does.
func Address(p *software.Process, name string) (software.HostPort, error) {
	value := p.Env[name]
	if file := p.Env[name+"_FILE"]; file != "" {
		if value != "" {
			return software.HostPort{}, fmt.Errorf("both %s and %s_FILE are set (but are exclusive)", name, name)
		}
		content, err := p.Files.Read(file)
		if err != nil {
			return software.HostPort{}, fmt.Errorf("%s_FILE: %w", name, err)
		}
		value = strings.TrimSpace(string(content))
	}
	value = cmp.Or(value, "mysql") // the image's default
	if !strings.Contains(value, ":") {
		value += ":3306"
	}
	address, err := software.ParseHostPort(value)
	if err != nil {
		return software.HostPort{}, fmt.Errorf("%s: %w", name, err)
	}
	return address, nil
}

// Query runs a statement that reads from all regions. Its result is nil, an immediate error, or a timeout.
func Query(network software.Network, server software.HostPort, client Client) error {
	t, err := connect(network, server, client)
	if err != nil {
		return err
	}
	return t.sql()
}

// Install installs WordPress's site, and says whether there was one. The statements before must have succeeded.
func Install(network software.Network, server software.HostPort, client Client) (already bool) {
	t, err := connect(network, server, client)
	if err != nil || t.sql() != nil {
		return false
	}
	already, t.cluster.site = t.cluster.site, true
	return already
}

// Installed says whether there is a site. It knows that also while the database pauses: the question is the caller's.
func Installed(network software.Network, server software.HostPort) bool {
	t, err := software.Connect[*tidb](network, server)
	return err == nil && t.cluster != nil && t.cluster.site
}

// Leads says whether a region's stores lead at least half as many regions of the key space as those of the region that leads
// most, as a TiDB knows from PD (information_schema.tikv_store_status). The value is that of the stores' label region.
func Leads(network software.Network, server software.HostPort, client Client, region string) (bool, error) {
	t, err := connect(network, server, client)
	if err != nil {
		return false, err
	}
	if t.leaders == nil {
		return false, errors.New("PD does not tell")
	}
	most := 0
	for _, n := range t.leaders {
		most = max(most, n)
	}
	return 2*t.leaders[region] >= most, nil
}

// Outcome returns the result of a statement for a client with timeouts that has waited for some time: still waiting, or
// an error number, 0 for success.
func Outcome(err error, waited, connect, read time.Duration) (waiting bool, code int) {
	var paused *pause
	var refused *refusal
	switch {
	case err == nil:
		return false, 0
	case errors.As(err, &paused):
		if paused.after <= read {
			return waited < paused.after, paused.code
		}
		return waited < read, mysqlGone
	case errors.As(err, &refused):
		return false, refused.code
	case software.TimedOut(err):
		return waited < connect, mysqlConnect
	}
	return false, mysqlConnect
}
