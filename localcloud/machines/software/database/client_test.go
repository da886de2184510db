package database_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

const (
	tlsConfig = "initialize-sql-file = \"/etc/tidb/init.sql\"\n[security]\nssl-cert = \"/etc/tls/tls.crt\"\nssl-key = \"/etc/tls/tls.key\"\n"
	users     = "CREATE USER 'a'@'%' IDENTIFIED BY 'p' REQUIRE SSL;\nALTER USER 'root'@'%' IDENTIFIED BY 'p' REQUIRE SSL;\n"
	// php is what a script must say to verify the server.
	php = "$db->ssl_set( null, null, getenv( 'CA' ), null, null ); $db->real_connect( $host, 'a', 'p', '', 4000, null, MYSQLI_CLIENT_SSL );"
)

// A TiDB with a certificate serves clients that verify it, and only those if its users say so.
func TestClientsVerifyTiDB(t *testing.T) {
	right, wrong := softwaretest.NewAuthority(t), softwaretest.NewAuthority(t)
	later := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		server        map[string]string
		client        map[string]string
		users, script string
		refused       string
	}{
		"verified":          {right.Files("d", later, "tidb"), right.Files("c", later), users, php, ""},
		"a client without":  {right.Files("d", later, "tidb"), right.Files("c", later), users, "<?php", "must connect with TLS"},
		"no flag":           {right.Files("d", later, "tidb"), right.Files("c", later), users, "$db->ssl_set( null, null, getenv( 'CA' ), null, null );", "must connect with TLS"},
		"users without TLS": {right.Files("d", later, "tidb"), right.Files("c", later), "CREATE USER 'a'@'%' IDENTIFIED BY 'p';\n", "<?php", ""},
		"another authority": {right.Files("d", later, "tidb"), wrong.Files("c", later), users, php, "unknown authority"},
		"another name":      {right.Files("d", later, "other"), right.Files("c", later), users, php, "valid for other"},
		"expired":           {right.Files("d", time.Now().Add(-time.Minute), "tidb"), right.Files("c", later), users, php, "has expired"},
		"a server without":  {nil, right.Files("c", later), users, php, "TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			w := softwaretest.New(t)
			w.Regions(3, 3)
			p := softwaretest.TiDB(t, 3, "--config=/etc/tidb/tidb.toml")
			config := tlsConfig
			if c.server == nil {
				config = config[:len("initialize-sql-file = \"/etc/tidb/init.sql\"\n")]
			}
			p.Files = softwaretest.With(softwaretest.With(softwaretest.Disk("/data"), "/etc/tls", c.server), "/etc/tidb",
				map[string]string{"tidb.toml": config, "init.sql": c.users})
			tidb := w.Place("tidb", p)
			w.Pass(time.Minute)
			require.Nil(t, tidb.Program.Exit(), tidb.Logs)
			files := softwaretest.With(softwaretest.Disk("/data"), "/ca", c.client)
			client, err := database.ScriptClient(c.script, map[string]string{"CA": "/ca/ca.crt"}, files)
			require.NoError(t, err)
			err = database.Query(w.View(tidb), software.HostPort{Host: "tidb", Port: 4000}, client)
			if c.refused == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.refused)
			}
		})
	}
}

// A key that does not fit ends the server at its start.
func TestTiDBNeedsTheKeyOfItsCertificate(t *testing.T) {
	w := softwaretest.New(t)
	w.Regions(3, 3)
	a := softwaretest.NewAuthority(t)
	files := a.Files("d", time.Now().Add(time.Hour), "tidb")
	files["tls.key"] = a.Files("d", time.Now().Add(time.Hour), "tidb")["tls.key"]
	p := softwaretest.TiDB(t, 3, "--config=/etc/tidb/tidb.toml")
	p.Files = softwaretest.With(softwaretest.With(softwaretest.Disk("/data"), "/etc/tls", files), "/etc/tidb",
		map[string]string{"tidb.toml": tlsConfig, "init.sql": users})
	tidb := w.Place("tidb", p)
	require.NotNil(t, tidb.Program.Exit())
	require.Contains(t, tidb.Logs[0], "private key does not match")
}
