// Package storage declares a region's persistent disks, and the volumes through which pods use them.
//
// Disks are resources of the graph, not provisioned by a cluster: the data outlives pods, machines and clusters, can be
// protected, and is destroyed only on purpose.
package storage

import (
	"geo-wordpress/components/project"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure a region's disks.
type Args struct {
	Project *project.Project
	Region  regions.Region
	Sizes   config.Disks
	Protect bool // refuse to destroy them
}

// Storage is the disks of one region, all in the region's zone.
type Storage struct {
	pulumi.ResourceState

	PD, TiKV, Files *Disk

	name  string
	class pulumi.Resource
}

// Disk is one persistent disk, for one pod.
type Disk struct {
	*compute.Disk
	storage *Storage
	region  regions.Region
	sizeGiB int
}

// New declares the disks.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Storage, error) {
	s := &Storage{name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:storage:Storage", name, s, opts...); err != nil {
		return nil, err
	}
	for _, d := range []struct {
		disk    **Disk
		role    string
		sizeGiB int
	}{
		{&s.PD, "pd", args.Sizes.PD},
		{&s.TiKV, "tikv", args.Sizes.TiKV},
		{&s.Files, "files", args.Sizes.Files},
	} {
		disk, err := compute.NewDisk(ctx, name+"-"+d.role, &compute.DiskArgs{
			Description: pulumi.Sprintf("geo-wordpress: %s in %s", d.role, args.Region.Name),
			Zone:        pulumi.String(args.Region.Zone),
			// Raft commits wait for fsync, so they need a balanced disk's SSD latency.
			Type: pulumi.String("pd-balanced"),
			Size: pulumi.Int(d.sizeGiB), // grows in place
		}, pulumi.Parent(s), args.Project.Ready(), pulumi.Protect(args.Protect))
		if err != nil {
			return nil, err
		}
		*d.disk = &Disk{Disk: disk, storage: s, region: args.Region, sizeGiB: d.sizeGiB}
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

// Disks are all of the region's disks. The machines depend on them, so a destroy deletes the machines first and no disk
// is attached any more.
func (s *Storage) Disks() []pulumi.Resource {
	return []pulumi.Resource{s.PD.Disk, s.TiKV.Disk, s.Files.Disk}
}
