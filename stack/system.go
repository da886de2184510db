package stack

import (
	"slices"
	"time"

	"geo-wordpress/components/backup"
	"geo-wordpress/components/certificates"
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/credentials"
	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/components/namespace"
	"geo-wordpress/components/network"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/priority"
	"geo-wordpress/components/project"
	"geo-wordpress/components/restore"
	"geo-wordpress/components/storage"
	"geo-wordpress/components/syncthing"
	"geo-wordpress/components/tidb"
	"geo-wordpress/components/wordpress"
	"geo-wordpress/config"
	"geo-wordpress/regions"
	"geo-wordpress/shield"
	"geo-wordpress/sizing"
	"geo-wordpress/state"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// system is what has been declared so far.
type system struct {
	ctx    *pulumi.Context
	config *config.Config
	last   *state.State
	now    time.Time

	project *project.Project
	network *network.Network
	regions []*region

	loadBalancer *loadbalancer.LoadBalancer
	credentials  *credentials.Credentials
	certificates *certificates.Certificates
	identities   map[string]*syncthing.Identity // by region name
	purged       []pulumi.Resource              // the Jobs that take the lost regions out of the database
	replicated   pulumi.Resource                // the Job that places the data; nil while a region is lost or leaves
	initialized  pulumi.Resource                // the Job that creates the database; no WordPress starts before it
	machines     []pulumi.Resource              // the last region's gate so far, after its machines
	backup       *backup.Backup                 // nil without backups
	reader       pulumi.Resource                // the Job that creates the database user who dumps
	restore      *restore.Restore               // nil unless the site is made from a backup
	serving      []pulumi.Resource              // the regions' WordPress, each after the one before
}

// region is what has been declared of one region.
type region struct {
	regions.Region
	storage    *storage.Storage
	cluster    *cluster.Cluster
	namespaces struct {
		database, files, wordpress *namespace.Namespace
	}
	priority *priority.Classes
	gate     *tidb.Gate
	database *tidb.Part
	files    *nfs.Server
}

// foundations declares the APIs and the network.
func (s *system) foundations() (err error) {
	s.project, err = project.New(s.ctx, "project", project.Args{
		ManageServices: s.config.ManageServices,
		Storage:        s.config.Backup != nil || s.config.Restore != nil,
		Certificates:   s.config.Domain != "",
	})
	if err != nil {
		return err
	}
	s.network, err = network.New(s.ctx, "network", network.Args{Project: s.project, Regions: s.config.Regions})
	return err
}

// clusters declares each region's disks, machines and namespaces, and the gate that the next region's machines wait
// for.
//
// Like the database's chain, this one is for later updates: machines are replaced in one region at a time. The cost is
// that the first update creates the node pools one after the other.
func (s *system) clusters() (err error) {
	for _, each := range regions.Standing(s.config.Regions) {
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
			Least:   s.last.Least[r.Name],
			Disks:   r.storage.Disks(),
			After:   s.machines,
		})
		if err != nil {
			return err
		}
		if err = r.storage.Class(s.ctx, r.cluster); err != nil {
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
		r.priority, err = priority.New(s.ctx, "priority-"+r.Name, priority.Args{Cluster: r.cluster, Growth: s.config.Growth})
		if err != nil {
			return err
		}
		r.gate, err = tidb.NewGate(s.ctx, "gate-"+r.Name, tidb.GateArgs{
			Config:    s.config,
			Region:    each,
			Cluster:   r.cluster,
			Namespace: r.namespaces.database,
			Priority:  r.priority,
		})
		if err != nil {
			return err
		}
		s.machines = []pulumi.Resource{r.gate.Open}
	}
	return nil
}

// entrance declares the load balancer over all regions. Nothing waits for it: a region's WordPress only needs the
// address, and the health check finds that WordPress once it serves.
func (s *system) entrance() (err error) {
	var backends []loadbalancer.Backend
	for _, r := range s.regions {
		least := s.config.Replicas
		backends = append(backends, loadbalancer.Backend{
			Region: r.Region, Cluster: r.cluster, RequestsPerMachine: sizing.GrowingRequestsPerMachine(
				least.WordPress, s.config.Growth.Most(least).WordPress, r.Nodes, max(r.Nodes, r.MostNodes)),
		})
	}
	s.loadBalancer, err = loadbalancer.New(s.ctx, "loadbalancer", loadbalancer.Args{
		Project:  s.project,
		Backends: backends,
		CDN:      s.config.CDN,
		Shield:   shield.Rules(s.config.Shield, s.config.XMLRPC, s.config.InstallFrom),

		Domain:      s.config.Domain,
		Aliases:     s.config.Aliases,
		Zone:        s.config.DNSZone,
		IPv6:        s.config.IPv6,
		HSTSSeconds: s.config.HSTSSeconds,
		Last:        s.last.Entrance,

		FollowLeaders: s.config.PrimaryRegion != "",
		After:         s.purged,
	})
	return err
}

// routes declares the load balancer's listeners. With a primary region, what writes is sent there once the leaders are there.
func (s *system) routes() error {
	if s.config.PrimaryRegion == "" || s.replicated == nil {
		return s.loadBalancer.Route(s.ctx)
	}
	first := s.regions[0]
	lead, err := tidb.Lead(s.ctx, "leaders-"+first.Name, first.operations(s), s.replicated)
	if err != nil {
		return err
	}
	return s.loadBalancer.Route(s.ctx, lead)
}

// secrets declares the credentials that all regions share, the certificates of the database, and the identity of each
// region's Syncthing.
func (s *system) secrets() (err error) {
	s.credentials, err = credentials.New(s.ctx, "credentials", credentials.Args{
		Admin:  s.config.Site != nil,
		Backup: s.config.Backup != nil,
	})
	if err != nil {
		return err
	}
	s.certificates, err = certificates.New(s.ctx, "certificates", certificates.Args{
		Regions: regions.Standing(s.config.Regions),
		Names:   func(r regions.Region) []string { return tidb.ServerNames(s.config, r) },
		Now:     s.now,
	})
	if err != nil {
		return err
	}
	s.identities = map[string]*syncthing.Identity{}
	for _, r := range s.config.Regions { // the others know a lost region's Syncthing, and know it again when it is back
		s.identities[r.Name], err = syncthing.NewIdentity(s.ctx, "identity-"+r.Name)
		if err != nil {
			return err
		}
	}
	return nil
}

// sites declares each region's files and WordPress, one region after the other, after all machines. A change that
// breaks the first region's site never reaches the second's.
func (s *system) sites() error {
	before, copied, err := s.restored(s.machines)
	if err != nil {
		return err
	}
	for _, r := range s.regions {
		if s.restore == nil {
			if err := s.files(r, before); err != nil {
				return err
			}
			if _, err := s.synchronised(r); err != nil {
				return err
			}
		}
		site, err := wordpress.New(s.ctx, "wordpress-"+r.Name, wordpress.Args{
			Config:      s.config,
			Region:      r.Region,
			Cluster:     r.cluster,
			Namespace:   r.namespaces.wordpress,
			Files:       r.files,
			Credentials: s.credentials,
			Authority:   s.certificates.Authority,
			SiteURL:     s.loadBalancer.SiteURL,
			URLs:        s.loadBalancer.URLs,
			After:       slices.Concat(s.loadBalancer.Ready, before, copied),
			Priority:    r.priority,
			Database:    s.initialized,
		})
		if err != nil {
			return err
		}
		if err := s.backedUp(r); err != nil {
			return err
		}
		before = []pulumi.Resource{site.Serves}
		s.serving = append(s.serving, site.Serves)
	}
	return nil
}

// files declares a region's file server.
func (s *system) files(r *region, before []pulumi.Resource) (err error) {
	r.files, err = nfs.New(s.ctx, "nfs-"+r.Name, nfs.Args{
		Config:         s.config,
		Region:         r.Region,
		Cluster:        r.cluster,
		Namespace:      r.namespaces.files,
		ClaimNamespace: r.namespaces.wordpress,
		Storage:        r.storage,
		Priority:       r.priority,
		After:          before,
	})
	return err
}

// synchronised declares what keeps a region's files and the others' alike.
func (s *system) synchronised(r *region, before ...pulumi.Resource) (*syncthing.Syncthing, error) {
	return syncthing.New(s.ctx, "syncthing-"+r.Name, syncthing.Args{
		Config:     s.config,
		Region:     r.Region,
		Cluster:    r.cluster,
		Namespace:  r.namespaces.files,
		Files:      r.files,
		Priority:   r.priority,
		Identities: s.identities,
		After:      before,
	})
}

// redirects makes port 80 redirect to HTTPS, once WordPress uses HTTPS in every region.
func (s *system) redirects() error {
	last := s.serving[len(s.serving)-1]
	if err := s.loadBalancer.Serve(s.ctx, last); err != nil {
		return err
	}
	return s.loadBalancer.Redirect(s.ctx, last)
}
