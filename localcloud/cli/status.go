package cli

import (
	"context"
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
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/loadbalancer"
)

func statusCommand(o *options) *cobra.Command {
	var asJSON, leftovers, watch bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the local cloud's state",
		Long: `Show the local cloud's state: the site's address; each region's control plane, machines and pods; each instance's health,
its cause, and its share of the traffic.

The exit status is 0 if every control plane and every node is ready, 1 if one is not or something is lost, and 3 if no
local cloud is running. Pods that are not ready do not count: they belong to the program.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := o.status(c.Context())
			if errors.Is(err, daemon.ErrNotRunning) {
				return exitError{exitNotRunning, err}
			}
			if err != nil {
				return err
			}
			if watch {
				return watchStatus(c.Context(), o, c.OutOrStdout())
			}
			switch {
			case leftovers:
				return showLeftovers(c.OutOrStdout(), s)
			case asJSON:
				encoder := json.NewEncoder(c.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(s)
			default:
				_, err = io.WriteString(c.OutOrStdout(), statusText(o.home, s))
			}
			if err == nil && !s.Healthy() {
				return exitError{status: 1}
			}
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print everything as JSON")
	command.Flags().BoolVar(&watch, "watch", false, "keep the state on the screen until you press Ctrl-C")
	command.Flags().BoolVar(&leftovers, "leftovers", false,
		"list the existing resources, one per line; exit with 1 if there are any")
	command.MarkFlagsMutuallyExclusive("json", "leftovers", "watch")
	return command
}

// status asks the daemon for its status. It looks the daemon up each time, because it may have been restarted.
func (o *options) status(ctx context.Context) (daemon.Status, error) {
	record, err := o.daemon()
	if err != nil {
		return daemon.Status{}, err
	}
	return record.Status(ctx)
}

// statusText formats a status as text.
func statusText(h home.Home, s daemon.Status) string {
	text := new(strings.Builder)
	fmt.Fprintf(text, "The local cloud has been running since %s (process %d, version %s, state in %s).\n",
		s.Started.Local().Format(time.DateTime), s.PID, s.Version, h)
	fmt.Fprintf(text, "Google resources: %d\n", len(s.Resources))
	if len(s.Faults) > 0 {
		var counts []string
		for _, kind := range slices.Sorted(maps.Keys(s.Faults)) {
			counts = append(counts, fmt.Sprintf("%s %d", kind, s.Faults[kind]))
		}
		fmt.Fprintf(text, "Injected faults: %s\n", strings.Join(counts, ", "))
	}
	if s.Problem != "" {
		fmt.Fprintf(text, "Problem: %s\n", s.Problem)
	}
	for _, what := range s.Failures.List() {
		fmt.Fprintf(text, "Lost: %s\n", what)
	}
	for _, f := range s.LoadBalancers.FrontEnds {
		fmt.Fprintf(text, "Site: %s\n", f.URL)
		if f.Problem != "" {
			fmt.Fprintf(text, "  %s\n", f.Problem)
		}
	}
	if s.RealWordPress != nil {
		fmt.Fprintf(text, "The real WordPress %s\n", s.RealWordPress)
	}
	if p := s.LoadBalancers.Problem; p != "" {
		fmt.Fprintf(text, "Load balancers: %s\n", p)
	}
	if len(s.Clusters) == 0 {
		fmt.Fprintln(text, "Clusters: none")
		return text.String()
	}
	fmt.Fprintln(text)
	writeClusters(text, s)
	for _, service := range s.LoadBalancers.Services {
		writeService(text, service)
	}
	return text.String()
}

func writeClusters(text io.Writer, s daemon.Status) {
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REGION\tCLUSTER\tCONTROL PLANE\tNODES\tPODS\tPD\tTIKV\tTIDB\tSYNCTHING\tWORDPRESS")
	for _, c := range s.Clusters {
		plane, nodes, pods := "ready", c.Nodes.String(), c.Pods.String()
		if !c.Ready {
			plane, nodes, pods = "not ready", "?", "?"
		} else if restarts := c.Restarts(); restarts > 0 {
			plane = fmt.Sprintf("ready (%d restarts)", restarts)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s", c.Region(), c.Cluster.Name, plane, nodes, pods)
		for _, kind := range []string{"pd", "tikv", "tidb", "syncthing", "wordpress"} {
			fmt.Fprintf(table, "\t%s", workload(c, kind))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush()
	for _, c := range s.Clusters {
		if c.Problem != "" {
			fmt.Fprintf(text, "%s: %s\n", c.Cluster.Name, c.Problem)
		}
	}
}

// workload summarises the pods of a kind: how many are ready, or a single pod's state unless it is WordPress's.
func workload(c daemon.ClusterStatus, kind string) string {
	ready, word := 0, ""
	var of []string
	for _, p := range c.Workloads {
		if p.State.Kind != kind {
			continue
		}
		of = append(of, p.Name)
		if word = p.State.Word; word == "" {
			word = p.Reason
		}
		if p.Ready {
			ready++
		}
	}
	switch {
	case len(of) == 0:
		return "-"
	case len(of) == 1 && kind != "wordpress":
		return word
	}
	return fmt.Sprintf("%d/%d", ready, len(of))
}

// writeService shows a backend service: each instance's health, its cause, and its share of the traffic.
func writeService(text io.Writer, s loadbalancer.ServiceStatus) {
	fmt.Fprintf(text, "\nBackend service: %s\nHealth check: %s\nRequests: %d, %.1f a second; %d without an answer\n",
		s.Name, s.HealthCheck, s.Requests, s.Rate, s.Failed)
	if s.Denied > 0 || s.Previewed > 0 {
		fmt.Fprintf(text, "Security policy: %d denied; %d would be, but for preview\n", s.Denied, s.Previewed)
	}
	fmt.Fprintln(text)
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REGION\tINSTANCE\tHEALTH\tTRAFFIC\tREASON")
	groups := slices.Clone(s.Groups)
	slices.SortFunc(groups, func(a, b loadbalancer.GroupStatus) int { return strings.Compare(a.Zone, b.Zone) })
	for _, g := range groups {
		for _, i := range g.Instances {
			health := "unhealthy"
			if i.Healthy {
				health = "healthy"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%.0f %%\t%s\n", g.Region, i.Name, health, 100*i.Share, i.Reason)
		}
		if len(g.Instances) == 0 {
			fmt.Fprintf(table, "%s\t(none)\t\t\t\n", g.Region)
		}
	}
	_ = table.Flush()
}

func showLeftovers(out io.Writer, s daemon.Status) error {
	// A zone of Cloud DNS is there before the stack (`localcloud dns zone`).
	s.Resources = slices.DeleteFunc(s.Resources, func(r daemon.Resource) bool { return r.Type == "gcp:dns/managedZone:ManagedZone" })
	for _, r := range s.Resources {
		fmt.Fprintf(out, "%s %s\n", r.Type, r.ID)
	}
	// A cluster without a resource would be a bug in the local cloud.
	for _, c := range s.Clusters {
		if !slices.ContainsFunc(s.Resources, func(r daemon.Resource) bool { return r.ID == c.Cluster.ID }) {
			fmt.Fprintf(out, "a control plane %s\n", c.Cluster.ID)
		}
	}
	if n := len(s.Resources); n > 0 || len(s.Clusters) > 0 {
		return exitError{1, fmt.Errorf("%d resources and %d clusters are left: run `pulumi destroy` again", n, len(s.Clusters))}
	}
	_, err := fmt.Fprintln(out, "No resource is left in the local cloud.")
	return err
}
