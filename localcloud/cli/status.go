package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"geo-wordpress/localcloud/daemon"
)

func statusCommand(o *options) *cobra.Command {
	var asJSON, leftovers bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Show how the local cloud is",
		Long: `Show how the local cloud is: its clusters, and how many Google resources exist.

The exit status is 0 when every control plane and every node is ready, 1 when one is not, and 3 when the local cloud does
not run. Pods that are not ready do not count: they are the program's.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			h, err := o.find()
			if err != nil {
				return err
			}
			record, err := daemon.Find(h)
			if errors.Is(err, daemon.ErrNotRunning) {
				return exitError{exitNotRunning, err}
			}
			if err != nil {
				return err
			}
			s, err := record.Status(c.Context())
			if err != nil {
				return err
			}
			switch {
			case leftovers:
				return showLeftovers(c.OutOrStdout(), s)
			case asJSON:
				encoder := json.NewEncoder(c.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(s)
			default:
				err = showStatus(c.OutOrStdout(), h.Dir(), s)
			}
			if err == nil && !s.Healthy() {
				return exitError{status: 1}
			}
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print everything as JSON")
	command.Flags().BoolVar(&leftovers, "leftovers", false,
		"print the resources that exist, one a line; exit with 1 if there are any")
	command.MarkFlagsMutuallyExclusive("json", "leftovers")
	return command
}

func showStatus(out io.Writer, home string, s daemon.Status) error {
	text := new(strings.Builder)
	fmt.Fprintf(text, "The local cloud runs since %s (process %d, version %s).\n",
		s.Started.Local().Format(time.DateTime), s.PID, s.Version)
	fmt.Fprintf(text, "State in %s\n", home)
	var providers []string
	for _, name := range slices.Sorted(maps.Keys(s.Providers)) {
		providers = append(providers, fmt.Sprintf("%s on port %d", name, s.Providers[name]))
	}
	fmt.Fprintf(text, "Providers: %s\n", strings.Join(providers, ", "))
	fmt.Fprintf(text, "Google resources: %d\n", len(s.Resources))
	if len(s.Faults) > 0 {
		var counts []string
		for _, kind := range slices.Sorted(maps.Keys(s.Faults)) {
			counts = append(counts, fmt.Sprintf("%s %d", kind, s.Faults[kind]))
		}
		fmt.Fprintf(text, "Faults so far: %s\n", strings.Join(counts, ", "))
	}
	if s.Problem != "" {
		fmt.Fprintf(text, "Problem: %s\n", s.Problem)
	}
	for _, what := range s.Failures.List() {
		fmt.Fprintf(text, "Lost: %s\n", what)
	}
	if len(s.Clusters) == 0 {
		fmt.Fprintln(text, "Clusters: none")
		_, err := io.WriteString(out, text.String())
		return err
	}
	fmt.Fprintln(text)
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLUSTER\tLOCATION\tENDPOINT\tCONTROL PLANE\tNODES\tPODS")
	for _, c := range s.Clusters {
		plane, nodes, pods := "ready", c.Nodes.String(), c.Pods.String()
		if !c.Ready {
			plane, nodes, pods = "not ready", "?", "?"
		} else if restarts := c.Restarts(); restarts > 0 {
			plane = fmt.Sprintf("ready (%d restarts)", restarts)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Cluster.Name, c.Cluster.Location, c.Endpoint, plane, nodes, pods)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, c := range s.Clusters {
		if c.Problem != "" {
			fmt.Fprintf(text, "%s: %s\n", c.Cluster.Name, c.Problem)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func showLeftovers(out io.Writer, s daemon.Status) error {
	for _, r := range s.Resources {
		fmt.Fprintf(out, "%s %s\n", r.Type, r.ID)
	}
	// A cluster that no resource stands for would be a fault of the local cloud's own.
	for _, c := range s.Clusters {
		if !slices.ContainsFunc(s.Resources, func(r daemon.Resource) bool { return r.ID == c.Cluster.ID }) {
			fmt.Fprintf(out, "a control plane %s\n", c.Cluster.ID)
		}
	}
	if n := len(s.Resources); n > 0 || len(s.Clusters) > 0 {
		return exitError{1, fmt.Errorf("%d resources and %d clusters are left", n, len(s.Clusters))}
	}
	_, err := fmt.Fprintln(out, "Nothing is left in the local cloud.")
	return err
}
