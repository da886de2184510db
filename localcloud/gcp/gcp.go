package gcp

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/certificatemanager"
	"geo-wordpress/localcloud/gcp/compute"
	"geo-wordpress/localcloud/gcp/container"
	"geo-wordpress/localcloud/gcp/dns"
	"geo-wordpress/localcloud/gcp/iam"
	"geo-wordpress/localcloud/gcp/monitoring"
	"geo-wordpress/localcloud/gcp/provider"
	"geo-wordpress/localcloud/gcp/storage"
)

// API is the cloud itself, shared by all provider connections.
type API struct {
	*api.API
	compute.Disks
	storage.Objects
	dns.Records
	rules ruleCache
}

var _ cloud.Facts = (*API)(nil)

// Open opens or creates the state in a directory. Only one process can have it open.
func Open(o api.Options, planes cloud.ControlPlanes, machines cloud.Machines) (*API, error) {
	engine := &container.Engine{ControlPlanes: planes, Machines: machines}
	a, err := api.Open(o, slices.Concat(compute.Kinds(), engine.Kinds(), certificatemanager.Kinds(), dns.Kinds(), iam.Kinds(), monitoring.Kinds(),
		storage.Kinds()))
	if err != nil {
		return nil, err
	}
	return &API{API: a, Disks: compute.Disks{API: a}, Objects: storage.Objects{API: a}, Records: dns.Records{API: a}}, nil
}

// Provider returns a provider for one connection, with its own project, region and zone.
func (a *API) Provider() plugin.Provider { return provider.New(a.API) }
