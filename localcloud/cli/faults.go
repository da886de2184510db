package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/faults"
)

// faultsHelp explains the syntax of a fault plan.
var faultsHelp = `A plan is SEED, SEED:KIND=RATE,... or off. The seed, a whole number, chooses the resources whose first attempts fail. A
rate, from 0 to 1, is the share of the resources that a kind hits; all=RATE sets the rate of every kind. The kinds are
` + faults.Names() + `.`

func faultsCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "faults PLAN",
		Short: "Inject faults into requests and operations",
		Long: `Inject faults into requests to Google's API and the Kubernetes APIs, and into Google's operations.

` + faultsHelp + `

` + "`localcloud status --json`" + ` counts the faults of each kind.`,
		Example: `  localcloud faults 7                     # every kind, at its usual rate
  localcloud faults 7:all=0,quota=0.2     # exceeded quotas only
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
