package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
)

func failCommand(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "fail",
		Short: "Make a part of the local cloud fail",
		Long:  "Make a part of the local cloud fail, as a part of a cloud would. `localcloud heal` brings it back.",
		Args:  cobra.NoArgs,
	}
	command.AddCommand(overControlPlanes(o, "Take Kubernetes control planes down: their APIs cannot be reached",
		"fails", daemon.Record.FailControlPlanes))
	return command
}

func healCommand(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "heal",
		Short: "Bring back what was made to fail",
		Args:  cobra.NoArgs,
	}
	command.AddCommand(overControlPlanes(o, "Bring Kubernetes control planes back, and wait until they answer",
		"is back", daemon.Record.HealControlPlanes))
	return command
}

func overControlPlanes(o *options, short, done string,
	do func(daemon.Record, context.Context, ...string) ([]string, error),
) *cobra.Command {
	return &cobra.Command{
		Use:   "control-plane [REGION or ZONE]...",
		Short: short,
		Long:  short + ". Without a place, all of them.",
		RunE: func(c *cobra.Command, places []string) error {
			h, err := o.find()
			if err != nil {
				return err
			}
			record, err := daemon.Find(h)
			if err != nil {
				return err
			}
			clusters, err := do(record, c.Context(), places...)
			if err != nil {
				return err
			}
			if len(clusters) == 0 {
				return fmt.Errorf("there is no cluster: `pulumi up` makes some")
			}
			fmt.Fprintf(c.OutOrStdout(), "The control plane of %s %s.\n", strings.Join(clusters, ", "), done)
			return nil
		},
	}
}
