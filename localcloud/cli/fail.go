package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
)

// lossKind is a kind of failure, with the usage and the description of its commands.
type lossKind struct {
	kind daemon.Kind
	use  string
	what string
}

var lossKinds = []lossKind{
	{daemon.Region, "region REGION...", "regions: their machines are gone at once, their Kubernetes APIs cannot be reached, their disks stay"},
	{daemon.Zone, "zone ZONE...", "zones: their machines, and the control planes of the clusters in them"},
	{daemon.Node, "node NODE...", "machines, by the names of their nodes"},
	{daemon.ControlPlane, "control-plane [CLUSTER, REGION or ZONE]...", "Kubernetes APIs; the machines and the pods on them go on. Without a name, all of them"},
}

func failCommand(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "fail",
		Short: "Lose a region, a zone, a node or a Kubernetes API",
		Long: `Lose a part of the local cloud, as a cloud would: at once, without a word to what runs there.

What is lost stays lost, over a restart of the local cloud too, until localcloud heal brings it back.`,
		Example: `  localcloud fail region europe-west2
  localcloud fail node gke-geo-europe-west1-main-1a2b3c4d-grp-x0y1
  localcloud status
  localcloud heal`,
		Args: cobra.NoArgs,
	}
	for _, k := range lossKinds {
		command.AddCommand(changeCommand(o, daemon.Record.Fail, k.kind, k.use, "Lose "+k.what, nil))
	}
	return command
}

func partitionCommand(o *options) *cobra.Command {
	c := changeCommand(o, daemon.Record.Fail, daemon.Partition, "partition REGION REGION",
		"Cut the network between two regions", nil)
	c.Long = `Cut the network between two regions: no packet passes between their pods and machines. Visitors, image registries and
the Kubernetes APIs reach both. localcloud heal partition REGION REGION mends it.`
	return c
}

func healCommand(o *options) *cobra.Command {
	command := changeCommand(o, daemon.Record.Heal, daemon.Everything, "heal",
		"Bring back what was lost, or a part of it", cobra.NoArgs)
	command.Long = `Bring back everything that was lost, or only what a command below names; a command without a name means all of its kind.

It returns once the Kubernetes APIs answer. Machines boot meanwhile, and their pods start again: see localcloud status.`
	command.AddCommand(changeCommand(o, daemon.Record.Heal, daemon.Everything, "all", "Bring back everything", cobra.NoArgs))
	for _, k := range lossKinds {
		command.AddCommand(changeCommand(o, daemon.Record.Heal, k.kind, k.use, "Bring back "+k.what, nil))
	}
	command.AddCommand(changeCommand(o, daemon.Record.Heal, daemon.Partition, "partition [REGION REGION]",
		"Mend the network between two regions, or everywhere", nil))
	return command
}

// changeCommand makes a command that loses or heals something and prints the result.
func changeCommand(o *options, do func(daemon.Record, context.Context, daemon.Kind, ...string) ([]string, error),
	kind daemon.Kind, use, short string, args cobra.PositionalArgs,
) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  args, // nil: the daemon checks the names
		RunE: func(c *cobra.Command, names []string) error {
			record, err := o.daemon()
			if err != nil {
				return err
			}
			said, err := do(record, c.Context(), kind, names...)
			if err != nil {
				return err
			}
			for _, sentence := range said {
				fmt.Fprintln(c.OutOrStdout(), sentence)
			}
			return nil
		},
	}
}
