package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/faults"
)

// faultsHelp explains the syntax of a fault plan.
var faultsHelp = `A plan is SEED or SEED:KIND=RATE,..., or off. The seed, a whole number, says which resources are hit, on their first
tries; a rate, from 0 to 1, how many of them. all=RATE sets every kind's. The kinds are
` + faults.Names() + `.`

func faultsCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "faults PLAN",
		Short: "Make requests and operations go wrong, by a seed",
		Long: `Make requests to the Google API and to the Kubernetes APIs, and Google's operations, go wrong, by a seed.

` + faultsHelp + `

` + "`localcloud status --json`" + ` counts the faults of each kind.`,
		Example: `  localcloud faults 7                     # every kind, as often as usual
  localcloud faults 7:all=0,quota=0.2     # of quotas only
  localcloud faults off`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := faults.Parse(args[0]); err != nil {
				return exitError{exitUsage, err}
			}
			record, err := o.daemon()
			if err != nil {
				return err
			}
			if err := record.InjectFaults(c.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "Faults: %s\n", args[0])
			return nil
		},
	}
}
