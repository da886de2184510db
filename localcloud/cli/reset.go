package cli

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func resetCommand(o *options) *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use:   "reset",
		Short: "Stop the local cloud and remove its state",
		Long: `Stop the local cloud and remove its state, including the Pulumi stacks in it.

The command removes no directory that is not a local cloud's home.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			h, progress := o.home, c.ErrOrStderr()
			exists, err := h.Exists()
			if err != nil {
				return err
			}
			if !exists {
				fmt.Fprintf(progress, "%s holds no local cloud.\n", h)
				return nil
			}
			if !yes {
				fmt.Fprintf(progress, "Remove %s with all its resources and Pulumi stacks? [y/N] ", h)
				answer, _ := bufio.NewReader(c.InOrStdin()).ReadString('\n')
				if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
					return fmt.Errorf("nothing was removed: answer y, or use --yes")
				}
			}
			if err := stop(c.Context(), h, progress); err != nil {
				return err
			}
			lock, err := h.Lock()
			if err != nil {
				return err
			}
			defer lock.Release()
			if err := h.Remove(); err != nil {
				return err
			}
			fmt.Fprintf(progress, "Removed %s.\n", h)
			return nil
		},
	}
	command.Flags().BoolVarP(&yes, "yes", "y", false, "remove without asking")
	return command
}
