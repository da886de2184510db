package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func checksCommand(o *options) *cobra.Command {
	var pace int
	command := &cobra.Command{
		Use:   "checks --pace N",
		Short: "Speed the load balancer's health checks up, to match the machines",
		Long: `Speed the load balancer's health checks and draining up N times, until the local cloud stops.

Machines run ten times as fast as real ones; health checks run in real time. A stopping pod fails its health check for 60
seconds, which take 6 here. Use --pace 10 to see what visitors notice of a stopping pod, and --pace 1 to see what they
notice of a loss.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			record, err := o.daemon()
			if err != nil {
				return err
			}
			if err := record.SetCheckPace(c.Context(), pace); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "Health checks now run %d times as fast as declared.\n", pace)
			return nil
		},
	}
	command.Flags().IntVar(&pace, "pace", 1, "how many times as fast as declared, from 1 to 100")
	return command
}
