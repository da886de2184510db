package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// defaultProject is the project of the committed dev stack.
const defaultProject = "geo-wordpress-dev"

func dnsCommand(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "dns",
		Short: "Set DNS records by hand, or create a zone in Cloud DNS",
		Long: `Set records in the simulated public DNS as at any DNS provider, or create a public zone in Cloud DNS, which a stack with
the key dnsZone then uses.

Only Certificate Manager reads the records: it issues a certificate once the CNAME of its authorisation exists. Programs on
this machine do not resolve the names; see ` + "`curl --connect-to`.",
		Example: `  localcloud dns set _acme-challenge.www.example.com CNAME 1a2b.3.authorize.certificatemanager.goog.
  localcloud dns set www.example.com A
  localcloud dns zone example-com example.com`,
		Args: cobra.NoArgs,
	}
	command.AddCommand(&cobra.Command{
		Use:   "set NAME TYPE [DATA...]",
		Short: "Set the records of a name and type; without data, remove them",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, arguments []string) error {
			record, err := o.daemon()
			if err != nil {
				return err
			}
			return record.SetRecord(c.Context(), arguments[0], strings.ToUpper(arguments[1]), arguments[2:]...)
		},
	})
	var project string
	zone := &cobra.Command{
		Use:   "zone NAME DOMAIN",
		Short: "Create a public zone in Cloud DNS, as gcloud dns managed-zones create does",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, arguments []string) error {
			record, err := o.daemon()
			if err != nil {
				return err
			}
			if err := record.CreateZone(c.Context(), project, arguments[0], arguments[1]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "created the zone %s for %s in the project %s\n", arguments[0], arguments[1], project)
			return err
		},
	}
	zone.Flags().StringVar(&project, "project", defaultProject, "the stack's gcp:project")
	command.AddCommand(zone)
	return command
}
