package components

import (
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/wal"

	"geo-wordpress/localcloud/controlplane"
)

// etcdCommand runs a single-member etcd. It serves clients on a Unix socket, protected by its directory's permissions,
// and listens on nothing else: it has no peers.
func etcdCommand() *cobra.Command {
	var dataDir, socket string
	command := &cobra.Command{
		Use:           controlplane.Etcd,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			return runEtcd(dataDir, socket)
		},
	}
	command.Flags().StringVar(&dataDir, "data-dir", "", "directory of the data")
	command.Flags().StringVar(&socket, "socket", "", "Unix socket to serve clients on")
	for _, flag := range []string{"data-dir", "socket"} {
		_ = command.MarkFlagRequired(flag)
	}
	return command
}

func runEtcd(dataDir, socket string) error {
	config := embed.NewConfig()
	config.Dir = dataDir
	config.Logger = "zap"
	config.LogLevel = "warn"
	config.LogOutputs = []string{embed.StdErrLogOutput}
	config.ListenClientUrls = []url.URL{{Scheme: "unix", Path: socket}}
	config.ListenPeerUrls = nil
	// Nobody dials these two URLs, but a member must have some.
	nowhere := []url.URL{{Scheme: "http", Host: "localhost:2379"}}
	config.AdvertiseClientUrls = nowhere
	config.AdvertisePeerUrls = nowhere
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// A sole member waits only for its own election. At the default of 1 s that is most of its start.
	config.TickMs, config.ElectionMs = 10, 100
	// With fsync, three members that share a busy disk time out while a compiler runs. Without it, writes survive a
	// killed process, but not a power failure.
	config.UnsafeNoFsync = true
	// The WAL is preallocated, two segments at a time; at 64 MB each, they would be most of a small cluster's disk.
	wal.SegmentSizeBytes = 8 << 20
	// kube-apiserver compacts the history itself, every five minutes.

	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer server.Close()

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	select {
	case <-signals:
		return nil
	case <-server.Server.StopNotify():
		return fmt.Errorf("etcd stopped unexpectedly")
	case err := <-server.Err():
		return fmt.Errorf("etcd: %w", err)
	}
}
