package cli

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func objectsCommand(o *options) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "objects [BUCKET]",
		Short: "List what is in the buckets of Cloud Storage",
		Long: `List the objects of a bucket of Cloud Storage, or of all buckets: each with its size in bytes and its age.

The list does not depend on the policies of the buckets: it is what their project's owner sees.`,
		Example: `  localcloud objects
  localcloud objects my-backups --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, arguments []string) error {
			bucket := ""
			if len(arguments) == 1 {
				bucket = arguments[0]
			}
			record, err := o.daemon()
			if err != nil {
				return err
			}
			found, err := record.Objects(c.Context(), bucket)
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(c.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(found)
			}
			table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, object := range found {
				fmt.Fprintf(table, "gs://%s/%s\t%d\t%s\n", object.Bucket, object.Name, object.Size,
					time.Since(object.Created).Round(time.Second))
			}
			return table.Flush()
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print everything as JSON")
	return command
}
