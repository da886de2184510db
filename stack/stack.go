// Package stack is the graph: what the system is made of, and what waits for what.
package stack

import (
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Program is the program for pulumi.Run. Its option sees the stack's whole configuration, which the context only gives
// key by key, so that a misspelt key is an error and not a default.
func Program() (pulumi.RunFunc, pulumi.RunOption) {
	var run pulumi.RunInfo
	deploy := func(ctx *pulumi.Context) error {
		config, err := regions.LoadRun(&run)
		if err != nil {
			return err
		}
		return Deploy(ctx, config)
	}
	return deploy, func(info *pulumi.RunInfo) { run = *info }
}

// Deploy declares the system. It reads as its story: a network over all regions, a cluster in each, one address for
// all; then the database through all regions together, and the rest in each region on its own.
func Deploy(ctx *pulumi.Context, config *regions.Config) error {
	s := &system{ctx: ctx, config: config}
	for _, chapter := range []func() error{
		s.foundations,
		s.clusters,
		s.entrance,
		s.secrets,
		s.database,
		s.sites,
	} {
		if err := chapter(); err != nil {
			return err
		}
	}
	s.export()
	return nil
}
