package stack

import (
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/credentials"
	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/network"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/project"
	"geo-wordpress/components/storage"
	"geo-wordpress/components/syncthing"
	"geo-wordpress/components/tidb"
	"geo-wordpress/components/wordpress"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// system is what has been declared so far.
type system struct {
	ctx    *pulumi.Context
	config *regions.Config

	project *project.Project
	network *network.Network
	regions []*region

	loadBalancer *loadbalancer.LoadBalancer
	credentials  *credentials.Credentials
	identities   map[string]*syncthing.Identity // by region name
	initialized  pulumi.Resource                // the database's Job, before which no WordPress starts
}

// region is what has been declared of one region.
type region struct {
	regions.Region
	storage    *storage.Storage
	cluster    *cluster.Cluster
	namespaces struct {
		database, files, wordpress *namespace.Namespace
	}
	database *tidb.Part
}

// foundations are the APIs and the network.
func (s *system) foundations() (err error) {
	s.project, err = project.New(s.ctx, "project", project.Args{ManageServices: s.config.ManageServices})
	if err != nil {
		return err
	}
	s.network, err = network.New(s.ctx, "network", network.Args{Project: s.project, Regions: s.config.Regions})
	return err
}

// clusters are each region's disks, machines and namespaces.
func (s *system) clusters() (err error) {
	for _, each := range s.config.Regions {
		r := &region{Region: each}
		s.regions = append(s.regions, r)

		r.storage, err = storage.New(s.ctx, "storage-"+r.Name, storage.Args{
			Project: s.project,
			Region:  each,
			Sizes:   s.config.Disks,
			Protect: s.config.ProtectData,
		})
		if err != nil {
			return err
		}
		r.cluster, err = cluster.New(s.ctx, "cluster-"+r.Name, cluster.Args{
			Config:  s.config,
			Region:  each,
			Project: s.project,
			Network: s.network,
			Disks:   r.storage.Disks(),
		})
		if err != nil {
			return err
		}
		for _, n := range []struct {
			namespace **namespace.Namespace
			role      string
			name      string
			level     namespace.Level
		}{
			{&r.namespaces.database, "database", s.config.Namespaces.Database, namespace.Restricted},
			// The NFS server opens files by handle and raises its own limits.
			{&r.namespaces.files, "files", s.config.Namespaces.Files, namespace.Privileged},
			{&r.namespaces.wordpress, "wordpress", s.config.Namespaces.WordPress, namespace.Restricted},
		} {
			*n.namespace, err = namespace.New(s.ctx, "namespace-"+r.Name+"-"+n.role, namespace.Args{
				Cluster: r.cluster,
				Name:    n.name,
				Level:   n.level,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// entrance is the load balancer over all regions. Nothing waits for it: a region's WordPress only needs the address,
// and its health check finds that WordPress in its own time.
func (s *system) entrance() (err error) {
	var backends []loadbalancer.Backend
	for _, r := range s.regions {
		backends = append(backends, loadbalancer.Backend{Region: r.Region, Cluster: r.cluster})
	}
	s.loadBalancer, err = loadbalancer.New(s.ctx, "loadbalancer", loadbalancer.Args{
		Project:  s.project,
		Backends: backends,
		Domain:   s.config.Domain,
	})
	return err
}

// secrets are what all regions share, and who each region's Syncthing is.
func (s *system) secrets() (err error) {
	s.credentials, err = credentials.New(s.ctx, "credentials", credentials.Args{Admin: s.config.Site != nil})
	if err != nil {
		return err
	}
	s.identities = map[string]*syncthing.Identity{}
	for _, r := range s.regions {
		s.identities[r.Name], err = syncthing.NewIdentity(s.ctx, "identity-"+r.Name)
		if err != nil {
			return err
		}
	}
	return nil
}

// sites are each region's files and WordPress, side by side.
func (s *system) sites() error {
	for _, r := range s.regions {
		files, err := nfs.New(s.ctx, "nfs-"+r.Name, nfs.Args{
			Config:         s.config,
			Region:         r.Region,
			Cluster:        r.cluster,
			Namespace:      r.namespaces.files,
			ClaimNamespace: r.namespaces.wordpress,
			Storage:        r.storage,
		})
		if err != nil {
			return err
		}
		_, err = syncthing.New(s.ctx, "syncthing-"+r.Name, syncthing.Args{
			Config:     s.config,
			Region:     r.Region,
			Cluster:    r.cluster,
			Namespace:  r.namespaces.files,
			Files:      files,
			Identities: s.identities,
		})
		if err != nil {
			return err
		}
		_, err = wordpress.New(s.ctx, "wordpress-"+r.Name, wordpress.Args{
			Config:      s.config,
			Region:      r.Region,
			Cluster:     r.cluster,
			Namespace:   r.namespaces.wordpress,
			Files:       files,
			Credentials: s.credentials,
			SiteURL:     s.loadBalancer.SiteURL,
			Database:    s.initialized,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
