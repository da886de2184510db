package world

import (
	"crypto/tls"
	"database/sql"
	"io"
	"log"
	"time"

	"geo-wordpress/tools/conformance/kubelet"

	"github.com/go-sql-driver/mysql"
)

// StartStore starts the one store that holds all data: the first region's TiKV, with the substitute for its program.
func (w *World) StartStore() *kubelet.Pod { return w.Start(w.Stack.Regions[0].Name, "tikv") }

// Database opens a TiDB's SQL port as a user, without selecting a database.
func (w *World) Database(tidb *kubelet.Pod, user, password string) *sql.DB {
	w.t.Helper()
	return w.DatabaseWith(Verifying(tidb.Region, "tidb"), tidb, user, password)
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
