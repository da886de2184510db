// Store is one store that speaks TiKV's protocol: the one that TiDB's own tests run on, as a program with TiKV's flags.
// It registers with the Placement Drivers and serves several TiDBs, as one TiKV that holds all data. It lacks Raft and so
// replication, and BACKUP. Of TiKV's configuration file it reads the section security.
//
// After a clean end, and no other, its data is complete: it keeps the locks of transactions in memory, and forgets them.
// Therefore stop the TiDBs first.
package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"geo-wordpress/tools/tidb/unistore/config"
	"geo-wordpress/tools/tidb/unistore/pd"
	"geo-wordpress/tools/tidb/unistore/server"
	"geo-wordpress/tools/tidb/unistore/tikv"
	"github.com/pingcap/kvproto/pkg/deadlock"
	"github.com/pingcap/kvproto/pkg/tikvpb"
	"github.com/pingcap/log"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
)

func main() {
	if err := run(); err != nil {
		log.Error("the store ends", zap.Error(err))
		os.Exit(1)
	}
}

func run() error {
	addr := flag.String("addr", "", "`host:port` to listen on")
	advertised := flag.String("advertise-addr", "", "`host:port` that TiDB connects to")
	status := flag.String("status-addr", "", "`host:port` to listen on for /status")
	advertisedStatus := flag.String("advertise-status-addr", "", "`host:port` of /status for others")
	pds := flag.String("pd", "", "the Placement Drivers' `host:port,...`")
	data := flag.String("data-dir", "", "`directory` of the data")
	labels := flag.String("labels", "", "the store's labels, `key=value,...`")
	configured := flag.String("config", "", "TiKV's configuration `file`, of which the section security is read")
	flag.Parse()
	if *addr == "" || *advertised == "" || *status == "" || *pds == "" || *data == "" || *configured == "" || flag.NArg() > 0 {
		return errors.New("--addr, --advertise-addr, --status-addr, --pd, --data-dir and --config are required, and no arguments are")
	}
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)

	certificates, err := readSecurity(*configured)
	if err != nil {
		return err
	}
	server, toPD, err := certificates.settings()
	if err != nil {
		return err
	}
	pd.Credentials = credentials.NewTLS(toPD)
	self, err := newIdentity(*labels, *advertisedStatus)
	if err != nil {
		return err
	}
	client := &driver{Client: connect(strings.Split(*pds, ",")), self: self}
	store, err := open(*data, *advertised, client)
	if err != nil {
		return err
	}
	safe := &safeTimes{Server: store, driver: client}
	go safe.advance()
	failed := make(chan error, 2)
	go func() { failed <- serve(safe, *addr, server) }()
	go func() { failed <- serveStatus(*status, server) }()
	log.Info("the store serves", zap.String("address", *advertised))
	select {
	case err = <-failed:
	case <-ends:
	}
	store.Stop()
	return err
}

// connect waits for a leader of the Placement Drivers: the first TiKV may start before there is one.
func connect(pds []string) pd.Client {
	for {
		client, err := pd.NewClient(pds, "store")
		if err == nil {
			return client
		}
		log.Warn("waiting for the Placement Drivers", zap.Error(err))
	}
}

// open opens the data, and registers the store with the Placement Drivers. It bootstraps their cluster if it is new. In a
// cluster with data a new store stays empty, so that tests can register several stores, and remove them.
func open(data, address string, client *driver) (*tikv.Server, error) {
	conf := config.DefaultConf
	conf.Server.Raft = false
	conf.Server.StoreAddr = address
	conf.Engine.DBPath = data
	if err := os.MkdirAll(filepath.Join(data, "kv"), 0o755); err != nil {
		return nil, err
	}
	marker := filepath.Join(data, "empty")
	if _, err := os.Stat(marker); err == nil {
		client.empty = true
	}
	store, err := server.New(&conf, client)
	if err == nil && client.empty {
		err = os.WriteFile(marker, nil, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", data, err)
	}
	go client.report()
	return store, nil
}

// serve serves TiDB. After a lost connection TiDB does not use a store again until its health service says that it
// serves.
func serve(store *safeTimes, address string, security *tls.Config) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	// TiDB pings more often than gRPC permits by default.
	pings := keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}
	s := grpc.NewServer(append(inTwoPhases(), grpc.Creds(credentials.NewTLS(security)),
		grpc.KeepaliveEnforcementPolicy(pings), grpc.MaxRecvMsgSize(1<<30), grpc.MaxSendMsgSize(1<<30))...)
	tikvpb.RegisterTikvServer(s, store)
	deadlock.RegisterDeadlockServer(s, store)
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	return s.Serve(listener)
}

func serveStatus(address string, security *tls.Config) error {
	http.HandleFunc("/status", func(http.ResponseWriter, *http.Request) {})
	s := http.Server{Addr: address, TLSConfig: security.Clone()}
	return s.ListenAndServeTLS("", "")
}
