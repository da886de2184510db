// Package project declares the Google APIs that the system uses.
package project

import (
	"slices"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// apis are the services whose resources the stack declares. serviceusage and cloudresourcemanager must be enabled
// already: without them no API can be enabled and no role granted.
var apis = []string{
	"compute.googleapis.com",
	"container.googleapis.com",
	"dns.googleapis.com", // GKE writes the clusters' zones into the project
	"iam.googleapis.com",
	"logging.googleapis.com",
	"monitoring.googleapis.com",
}

// Args configure the project.
type Args struct {
	// ManageServices enables the APIs; false leaves them to the project's owner.
	ManageServices bool
	// Storage adds Cloud Storage, for backups.
	Storage bool
	// Certificates adds Certificate Manager, for a domain.
	Certificates bool
}

// Project is the Google Cloud project with its APIs enabled. The rest of the graph depends on it.
type Project struct {
	pulumi.ResourceState

	services []*projects.Service
}

// New declares the project's services.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Project, error) {
	p := &Project{}
	if err := ctx.RegisterComponentResource("geo-wordpress:project:Project", name, p, opts...); err != nil {
		return nil, err
	}
	if args.ManageServices {
		needed := slices.Clone(apis)
		if args.Storage {
			needed = append(needed, "storage.googleapis.com")
		}
		if args.Certificates {
			needed = append(needed, "certificatemanager.googleapis.com")
		}
		for _, api := range needed {
			// A project outlives the stack, and others may use its APIs: destroying the stack leaves them on.
			service, err := projects.NewService(ctx, name+"-"+api, &projects.ServiceArgs{
				Service:          pulumi.String(api),
				DisableOnDestroy: pulumi.Bool(false),
			}, pulumi.Parent(p))
			if err != nil {
				return nil, err
			}
			p.services = append(p.services, service)
		}
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{})
}

// Ready is the option of resources that need the APIs enabled.
func (p *Project) Ready() pulumi.ResourceOption {
	resources := make([]pulumi.Resource, 0, len(p.services))
	for _, service := range p.services {
		resources = append(resources, service)
	}
	return pulumi.DependsOn(resources)
}
