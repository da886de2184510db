// Package tidb declares one region's part of the database: a Placement Driver, a TiKV store and the TiDB servers. The
// parts of all regions form one cluster, which Raft keeps alike and which outlives the loss of any one of them.
package tidb

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/credentials"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/priority"
	"geo-wordpress/components/storage"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the parts: of their pods' label, their StatefulSets or Deployment, and their Services.
const (
	PD   = "pd"
	TiKV = "tikv"
	TiDB = "tidb"
	// initializer is the Job that makes the database and its users.
	initializer = "database-init"
)

// Database and User are what WordPress connects to and as.
const (
	Database = "wordpress"
	User     = "wordpress"
)

// unprivileged is the user that the servers run as. Their images run as root by default; they only need a directory.
const unprivileged = 1000

// Args configure one region's part of the database.
type Args struct {
	Config      *regions.Config
	Region      regions.Region
	Cluster     *cluster.Cluster
	Namespace   *namespace.Namespace
	Storage     *storage.Storage
	Credentials *credentials.Credentials
	Priority    *priority.Classes
}

// Part is one region's part of the database.
//
// New declares what the servers need; PlacementDriver, TiKV and TiDB declare the servers, each with a wait until it is
// ready. They are apart because the tiers go through all regions one by one: see the stack package.
type Part struct {
	pulumi.ResourceState

	args Args
	name string

	pdData, tikvData *corev1.PersistentVolumeClaim
	config           *corev1.ConfigMap
	secret           *corev1.Secret
	ready            []pulumi.Resource // what must stand before a pod starts
}

// New declares the configuration, the volumes, the names and the network policies of the region's servers.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Part, error) {
	p := &Part{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:tidb:Part", name, p, opts...); err != nil {
		return nil, err
	}
	p.ready = append(p.ready, args.Namespace.Policies()...)
	for _, step := range []func(*pulumi.Context) error{p.volumes, p.configuration, p.services, p.policies} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{})
}

// Address is where a region's WordPress finds the database, host:port.
func Address(config *regions.Config, region regions.Region) string {
	return address(config, region, TiDB, regions.TiDBPort)
}

// volumes declares the claims on the region's disks.
func (p *Part) volumes(ctx *pulumi.Context) (err error) {
	claim := func(disk *storage.Disk, role string) (*corev1.PersistentVolumeClaim, error) {
		return disk.Claim(ctx, p.name+"-"+role, p.args.Cluster, p, storage.ClaimArgs{
			Namespace: p.args.Namespace.Name,
			Claim:     role + "-data",
		})
	}
	if p.pdData, err = claim(p.args.Storage.PD, PD); err != nil {
		return err
	}
	p.tikvData, err = claim(p.args.Storage.TiKV, TiKV)
	return err
}

// peers are the regions but this one.
func (p *Part) peers() []regions.Region { return p.args.Config.Peers(p.args.Region) }
