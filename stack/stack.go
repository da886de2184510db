// Package stack is the resource graph: the components of the system and their dependencies.
package stack

import (
	"time"

	"geo-wordpress/config"
	"geo-wordpress/state"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Program returns the arguments of pulumi.Run. The option sees the stack's whole configuration, which the context gives
// only key by key, so that a misspelt key is an error and not a silent default. clock is read once a run: the date decides
// which certificates are current.
func Program(clock func() time.Time) (pulumi.RunFunc, pulumi.RunOption) {
	var run pulumi.RunInfo
	deploy := func(ctx *pulumi.Context) error {
		last, err := state.Read(ctx)
		if err != nil {
			return err
		}
		loaded, err := config.LoadRun(&run, last)
		if err != nil {
			return err
		}
		if err := last.Certified(); err != nil {
			return err
		}
		return Deploy(ctx, loaded, last, clock())
	}
	return deploy, func(info *pulumi.RunInfo) { run = *info }
}

// Deploy declares the system: a network over all regions, a cluster in each, one address for all; then the database,
// tier by tier through all regions, and the sites, region by region. Changes that restart machines or pods go through
// the regions one by one: machines, then the database, then the sites. last is the state that it starts from, now the moment.
func Deploy(ctx *pulumi.Context, config *config.Config, last *state.State, now time.Time) error {
	s := &system{ctx: ctx, config: config, last: last, now: now}
	for _, chapter := range []func() error{
		s.foundations,
		s.clusters,
		s.purges,
		s.entrance,
		s.secrets,
		s.database,
		s.routes,
		s.backups,
		s.sites,
		s.redirects,
		s.departures,
		s.watch,
	} {
		if err := chapter(); err != nil {
			return err
		}
	}
	s.export()
	return nil
}
