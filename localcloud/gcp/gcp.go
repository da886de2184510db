package gcp

import (
	"errors"
	"log/slog"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/faults"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/container"
	"geo-wordpress/localcloud/gcp/iam"
	"geo-wordpress/localcloud/gcp/provider"
	"geo-wordpress/times"
)

// Options configure the stand-in.
type Options struct {
	// Dir is the state directory.
	Dir           string
	ControlPlanes cloud.ControlPlanes
	Machines      cloud.Machines
	// Log receives progress messages; nil discards them.
	Log *slog.Logger
	// Faults injects faults into requests and operations; nil injects none.
	Faults *faults.Injector
	// Times scales Google's durations of operations; 0 adds no delay.
	Times times.Scale
	// Clock is the clock on which operations wait; nil is the wall clock.
	Clock times.Clock
}

// API is the cloud itself, shared by all provider connections.
type API struct {
	*api.API
	compute.Disks
	rules ruleCache
}

var _ cloud.Facts = (*API)(nil)

// Open opens or creates the state in a directory. Only one process can have it open.
func Open(o Options) (*API, error) {
	if o.ControlPlanes == nil || o.Machines == nil {
		return nil, errors.New("the Google API stand-in needs control planes and machines")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	engine := &container.Engine{ControlPlanes: o.ControlPlanes, Machines: o.Machines}
	a, err := api.Open(api.Options{Dir: o.Dir, Kinds: slices.Concat(compute.Kinds(), engine.Kinds(), iam.Kinds()),
		Log: o.Log, Faults: o.Faults, Times: o.Times, Clock: o.Clock})
	if err != nil {
		return nil, err
	}
	return &API{API: a, Disks: compute.Disks{API: a}}, nil
}

// Provider returns a provider for one connection, with its own project, region and zone.
func (a *API) Provider() plugin.Provider { return provider.New(a.API) }
