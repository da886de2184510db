package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
)

// lossKind is a kind of part, with the usage and the description of its commands.
type lossKind struct {
	kind daemon.Kind
	use  string
	what string
}

var lossKinds = []lossKind{
	{daemon.Region, "region REGION...", "regions with their machines and Kubernetes APIs; disks stay"},
	{daemon.Zone, "zone ZONE...", "zones with their machines and Kubernetes APIs; disks stay"},
	{daemon.Node, "node NODE...", "machines, by the names of their nodes"},
	{daemon.ControlPlane, "control-plane [CLUSTER, REGION or ZONE]...", "Kubernetes APIs, all of them without a name; machines and their pods keep running"},
}

func failCommand(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "fail",
		Short: "Take away a region, a zone, a node or a Kubernetes API",
		Long: `Take away a part of the local cloud at once, without notice to the software there, as a real failure does.

The part stays lost, even if the local cloud restarts, until ` + "`localcloud heal`" + ` restores it.`,
		Example: `  localcloud fail region europe-west2
  localcloud fail node gke-geo-europe-west1-main-1a2b3c4d-grp-x0y1
  localcloud status
  localcloud heal`,
		Args: cobra.NoArgs,
	}
	for _, k := range lossKinds {
		command.AddCommand(changeCommand(o, daemon.Record.Fail, k.kind, k.use, "Take away "+k.what, nil))
	}
	return command
}

func partitionCommand(o *options) *cobra.Command {
	c := changeCommand(o, daemon.Record.Fail, daemon.Partition, "partition REGION REGION",
		"Cut the network between two regions", nil)
	c.Long = `Cut the network between two regions: no packet passes between their pods and machines. Visitors, image registries and
Kubernetes APIs still reach both. ` + "`localcloud heal partition REGION REGION`" + ` restores the network.`
	return c
}

func healCommand(o *options) *cobra.Command {
	command := changeCommand(o, daemon.Record.Heal, daemon.Everything, "heal",
		"Restore everything that was taken away, or a part of it", cobra.NoArgs)
	command.Long = `Restore everything that was taken away, or the part that a command below names. Without a name, a command restores
everything of its kind.

The command returns once the Kubernetes APIs answer. Machines then still boot and restart their pods: see
` + "`localcloud status`."
	command.AddCommand(changeCommand(o, daemon.Record.Heal, daemon.Everything, "all", "Restore everything", cobra.NoArgs))
	for _, k := range lossKinds {
		command.AddCommand(changeCommand(o, daemon.Record.Heal, k.kind, k.use, "Restore "+k.what, nil))
	}
	command.AddCommand(changeCommand(o, daemon.Record.Heal, daemon.Partition, "partition [REGION REGION]",
		"Restore the network between two regions, or everywhere", nil))
	return command
}

// changeCommand makes a command that takes away or restores parts of the cloud and prints what changed.
func changeCommand(o *options, do func(daemon.Record, context.Context, daemon.Kind, ...string) ([]string, error),
	kind daemon.Kind, use, short string, args cobra.PositionalArgs,
) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  args, // nil for any: the daemon checks the names
		RunE: func(c *cobra.Command, names []string) error {
			record, err := o.daemon()
			if err != nil {
				return err
			}
			changes, err := do(record, c.Context(), kind, names...)
			if err != nil {
				return err
			}
			for _, sentence := range changes {
				fmt.Fprintln(c.OutOrStdout(), sentence)
			}
			return nil
		},
	}
}
