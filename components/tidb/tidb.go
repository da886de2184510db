// Package tidb declares one region's part of the database: a Placement Driver, a TiKV store and the TiDB servers. The
// parts of all regions form one cluster, which Raft replicates and which survives the loss of any one region.
package tidb

import (
	"geo-wordpress/components/certificates"
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/credentials"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/priority"
	"geo-wordpress/components/storage"
	"geo-wordpress/config"
	"geo-wordpress/ports"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the servers: the label of their pods, their StatefulSet or Deployment, and their Service.
const (
	PD   = "pd"
	TiKV = "tikv"
	TiDB = "tidb"
	// initializer is the Job that creates the database and its users.
	initializer = "database-init"
)

// Database and User are WordPress's database and database user. Reader is the user that dumps the database for a backup.
const (
	Database = "wordpress"
	User     = "wordpress"
	Reader   = "backup"
)

// unprivileged is the user that the servers run as. Their images run as root by default; they only need a directory.
const unprivileged = 1000

// Args configure one region's part of the database.
type Args struct {
	Config      *config.Config
	Region      regions.Region
	Cluster     *cluster.Cluster
	Namespace   *namespace.Namespace
	Storage     *storage.Storage
	Credentials *credentials.Credentials
	// Certificate is the servers', Authority the certificate in PEM that vouches for it.
	Certificate certificates.Server
	Authority   pulumi.StringInput
	Priority    *priority.Classes
	// Exists says that the database exists already: a Placement Driver that is new joins it.
	Exists bool
}

// Part is one region's part of the database.
//
// New declares what the servers need. PlacementDriver, TiKV and TiDB declare the servers; each returns what to wait for
// until its server is ready. They are separate because each tier goes through all regions before the next: see the
// stack package.
type Part struct {
	pulumi.ResourceState

	args Args
	name string

	pdData, tikvData *corev1.PersistentVolumeClaim
	config, founders *corev1.ConfigMap
	secret           *corev1.Secret
	tls              *corev1.Secret    // see certificate
	ready            []pulumi.Resource // what must exist before a pod starts
}

// New declares the configuration, the volumes, the Services and the network policies of the region's servers.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Part, error) {
	p := &Part{args: args, name: name}
	if err := ctx.RegisterComponentResource("geo-wordpress:tidb:Part", name, p, opts...); err != nil {
		return nil, err
	}
	p.ready = append(p.ready, args.Namespace.Policies()...)
	for _, step := range []func(*pulumi.Context) error{p.volumes, p.configuration, p.record, p.services, p.policies} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{})
}

// Address is host:port of the database for a region's WordPress.
func Address(config *config.Config, region regions.Region) string {
	return address(config, region, TiDB, ports.TiDB)
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

// peers are the other regions.
func (p *Part) peers() []regions.Region { return regions.Peers(p.args.Config.Regions, p.args.Region) }
