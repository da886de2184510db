package database

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// Client is how a MySQL client connects: TLS is its side of the connection, nil without.
type Client struct{ TLS *software.Identity }

// phpAuthority matches where a PHP script has its authority from, phpTLS that it asks for TLS.
var (
	phpAuthority = regexp.MustCompile(`ssl_set\(\s*null,\s*null,\s*getenv\(\s*'([A-Z_]+)'\s*\),\s*null,\s*null\s*\)`)
	phpTLS       = regexp.MustCompile(`real_connect\([^;{]*,\s*MYSQLI_CLIENT_SSL\s*\)`)
)

// ScriptClient is how a PHP script connects that uses mysqli itself. PHP verifies a server with the authority that ssl_set
// names. It does so without one only if told to.
func ScriptClient(script string, env map[string]string, files *software.Filesystem) (Client, error) {
	found := phpAuthority.FindStringSubmatch(script)
	if found == nil || !phpTLS.MatchString(script) {
		return Client{}, nil
	}
	return FileClient(env[found[1]], files)
}

// FileClient verifies the server with the authority in a file; without the name of one it connects without TLS.
func FileClient(name string, files *software.Filesystem) (Client, error) {
	if name == "" {
		return Client{}, nil
	}
	own, err := software.ReadIdentity(files, name, "", "")
	return Client{own}, err
}

// refusal is the error of a connection that is not made: an error number, and why.
type refusal struct {
	code int
	why  error
}

func (r *refusal) Error() string { return fmt.Sprintf("ERROR %d: %v", r.code, r.why) }
func (r *refusal) Unwrap() error { return r.why }

// connect connects a client to a TiDB.
func connect(network software.Network, server software.HostPort, client Client) (*tidb, error) {
	t, err := software.Connect[*tidb](network, server)
	if err != nil {
		return nil, err
	}
	if client.TLS != nil {
		if err := software.Handshake(client.TLS, t, server.Port, server.Host); err != nil {
			return nil, &refusal{mysqlConnect, err}
		}
		return t, nil
	}
	if t.cluster != nil && t.cluster.usersNeedTLS {
		return nil, &refusal{mysqlDenied, fmt.Errorf("access denied to %s: the user must connect with TLS", server)}
	}
	return t, nil
}

// needsTLS says whether every user of a file of statements must connect with TLS.
func needsTLS(statements string) bool {
	users := false
	for _, line := range strings.Split(statements, "\n") {
		if !strings.HasPrefix(line, "CREATE USER") && !strings.HasPrefix(line, "ALTER USER") {
			continue
		}
		if users = strings.HasSuffix(strings.TrimSpace(line), " REQUIRE SSL;"); !users {
			return false
		}
	}
	return users
}

// Identity is the SQL port's certificate, and the status port's, as they were at the start.
func (t *tidb) Identity(port int) (*software.Identity, time.Time) {
	if port == t.sqlAddress.Port {
		return t.sqlTLS, t.now
	}
	return t.clusterTLS, t.now
}
