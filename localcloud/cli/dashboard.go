package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/dashboard"
)

func dashboardCommand(o *options) *cobra.Command {
	var port int
	command := &cobra.Command{
		Use:   "dashboard",
		Short: "Serve a page that shows the cloud as it is",
		Long: `Serve a page that shows the cloud as it is, until interrupted: the load balancer, the regions behind it, each instance's
health and traffic, the database's and the files' parts, and what is lost. It updates by itself.

It listens on 127.0.0.1 only.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			h, err := o.find()
			if err != nil {
				return err
			}
			if _, err := daemon.Find(h); err != nil {
				return err
			}
			source := func(ctx context.Context) (daemon.Status, error) { return status(ctx, h) }
			listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				return fmt.Errorf("the dashboard: %w; --port takes another, and 0 any", err)
			}
			server := &http.Server{Handler: dashboard.Handler(source), ReadHeaderTimeout: 10 * time.Second}
			defer context.AfterFunc(c.Context(), func() { _ = server.Close() })()
			fmt.Fprintf(c.OutOrStdout(), "The dashboard is at http://%s until you press Ctrl-C.\n", listener.Addr())
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
	}
	command.Flags().IntVar(&port, "port", 0, "the port to listen on; 0 takes any that is free")
	return command
}
