package conformance_test

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"testing"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	"github.com/go-sql-driver/mysql"
)

// insecure is MySQL's error for a connection without TLS where it is required.
const insecure = 3159

// checkTLS checks who connects to a TiDB whose init Job has ended: nobody without TLS, and nobody who expects somebody else. The
// certificate is the declared one.
func checkTLS(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	t.Helper()
	password := w.Stack.Output("database", "password")
	ping := func(settings *tls.Config, user, password string) error {
		return w.DatabaseWith(settings, tidb, user, password).Ping()
	}
	for _, user := range []struct{ name, password string }{
		{"wordpress", password}, {"root", w.Stack.Output("database", "rootPassword")},
	} {
		var answer *mysql.MySQLError
		if err := ping(nil, user.name, user.password); !errors.As(err, &answer) || answer.Number != insecure && answer.Number != accessDenied {
			t.Errorf("%s without TLS: %v", user.name, err)
		}
		if err := ping(world.Verifying(tidb.Region, "tidb"), user.name, user.password); err != nil {
			t.Errorf("%s with TLS: %v", user.name, err)
		}
	}
	stranger := world.Verifying(tidb.Region, "tidb")
	stranger.RootCAs = x509.NewCertPool()
	stranger.RootCAs.AppendCertsFromPEM([]byte(newAuthority(t).PEM))
	var unknown x509.UnknownAuthorityError
	if err := ping(stranger, "wordpress", password); !errors.As(err, &unknown) {
		t.Errorf("a client of another authority: %v", err)
	}
	elsewhere := world.Verifying(w.Stack.Regions[1], "tidb")
	var name x509.HostnameError
	if err := ping(elsewhere, "wordpress", password); !errors.As(err, &name) {
		t.Errorf("a client that expects another region's server: %v", err)
	}
	// Even if somebody drops the users' own condition.
	root := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	must(t, root, "CREATE USER 'anybody'@'%' IDENTIFIED BY 'p'")
	defer must(t, root, "DROP USER 'anybody'@'%'")
	var answer *mysql.MySQLError
	if err := ping(nil, "anybody", "p"); !errors.As(err, &answer) || answer.Number != insecure {
		t.Errorf("a user of whom no TLS is required: %v", err)
	}
	var required string
	row := root.QueryRow("SELECT @@GLOBAL.require_secure_transport")
	if err := row.Scan(&required); err != nil && !errors.Is(err, sql.ErrNoRows) || required != "1" {
		t.Errorf("require_secure_transport is %q: %v", required, err)
	}
}
