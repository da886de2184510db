package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func checksCommand(o *options) *cobra.Command {
	var pace int
	command := &cobra.Command{
		Use:   "checks --pace N",
		Short: "Have the load balancer's health checks keep pace with the machines",
		Long: `Have the time between the load balancer's health checks, and that of draining, pass N times as fast.

The machines' times pass ten times as fast as real ones, those of the health checks as they are declared. A pod that stops
warns the load balancer for 60 seconds, which here are 6: so what visitors notice of a pod that stops is seen with --pace 10,
and what they notice of a loss with --pace 1. It holds until the local cloud stops.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			record, err := o.daemon()
			if err != nil {
				return err
			}
			if err := record.SetCheckPace(c.Context(), pace); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "Health checks pass %d times as fast.\n", pace)
			return nil
		},
	}
	command.Flags().IntVar(&pace, "pace", 1, "how many times as fast, from 1 to 100")
	return command
}
