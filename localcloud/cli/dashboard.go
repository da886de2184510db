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

	"geo-wordpress/localcloud/dashboard"
)

func dashboardCommand(o *options) *cobra.Command {
	var port int
	command := &cobra.Command{
		Use:   "dashboard",
		Short: "Serve a page that shows the local cloud's state",
		Long: `Serve a page that shows the local cloud's state until you press Ctrl-C: the load balancer, the regions behind it, each
instance's health and traffic, the database, the files, and what is lost. The page updates itself.

The server listens on 127.0.0.1 only.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := o.daemon(); err != nil {
				return err
			}
			listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				return fmt.Errorf("the dashboard cannot listen: %w: choose another --port, or 0 for any free one", err)
			}
			server := &http.Server{Handler: dashboard.Handler(o.status), ReadHeaderTimeout: 10 * time.Second}
			defer context.AfterFunc(c.Context(), func() { _ = server.Close() })()
			fmt.Fprintf(c.OutOrStdout(), "The dashboard is at http://%s until you press Ctrl-C.\n", listener.Addr())
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
	}
	command.Flags().IntVar(&port, "port", 0, "port to listen on; 0 takes any free one")
	return command
}
