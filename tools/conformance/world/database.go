package world

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"io"
	"log"
	"time"

	"geo-wordpress/components/tidb"
	"geo-wordpress/regions"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"

	"github.com/go-sql-driver/mysql"
)

// StartStore starts the one store that holds all data: the first region's TiKV, with the substitute for its program.
func (w *World) StartStore() *kubelet.Pod { return w.Start(w.Stack.Regions[0].Name, "tikv") }

// Certificate returns the files of a region's database servers: ca.crt, tls.crt and tls.key.
func (w *World) Certificate(region *declared.Region) map[string][]byte {
	w.t.Helper()
	for key, secret := range region.Secrets {
		if key.Name == tidb.Certificates {
			return secret.Data
		}
	}
	w.t.Fatalf("%s has no Secret %s", region.Name, tidb.Certificates)
	return nil
}

// Verifying returns the TLS settings of a client that has no certificate, and verifies a server's of a region.
func (w *World) Verifying(region *declared.Region, service string) *tls.Config {
	w.t.Helper()
	key, _ := region.Service(service)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.Certificate(region)["ca.crt"])
	return &tls.Config{RootCAs: roots, ServerName: regions.ServiceDNS(service, key.Namespace, region.Region)}
}

// Database opens a TiDB's SQL port as a user, without selecting a database.
func (w *World) Database(tidb *kubelet.Pod, user, password string) *sql.DB {
	w.t.Helper()
	return w.DatabaseWith(w.Verifying(tidb.Region, "tidb"), tidb, user, password)
}

// DatabaseWith is Database with other TLS settings, or with none.
func (w *World) DatabaseWith(settings *tls.Config, tidb *kubelet.Pod, user, password string) *sql.DB {
	w.t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", tidb.Network.Address.String()+":4000"
	config.User, config.Passwd = user, password
	config.Timeout = 5 * time.Second
	config.TLS = settings
	// The driver complains about connections that tests break on purpose.
	_ = mysql.SetLogger(log.New(io.Discard, "", 0))
	connector, err := mysql.NewConnector(config)
	if err != nil {
		w.t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	w.t.Cleanup(func() { _ = db.Close() })
	return db
}
