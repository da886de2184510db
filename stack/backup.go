package stack

import (
	"geo-wordpress/components/backup"
	"geo-wordpress/components/cluster"
	"geo-wordpress/components/nfs"
	"geo-wordpress/components/restore"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// backups declares where backups go, and who reads the one that the site is made from.
func (s *system) backups() (err error) {
	var clusters []*cluster.Cluster
	for _, r := range s.regions {
		clusters = append(clusters, r.cluster)
	}
	if s.config.Backup != nil {
		if s.reader, err = s.regions[0].database.Reader(s.ctx, s.initialized); err != nil {
			return err
		}
		s.backup, err = backup.New(s.ctx, "backup", backup.Args{Config: s.config, Project: s.project, Clusters: clusters})
		if err != nil {
			return err
		}
	}
	if s.config.Restore != nil {
		s.restore, err = restore.New(s.ctx, "restore", restore.Args{
			Config: s.config, Project: s.project, Clusters: clusters, Credentials: s.credentials,
			Authority: s.certificates.Authority,
		})
	}
	return err
}

// restored declares the Job that makes a region's site from a backup, if there is one, and returns what the region's
// WordPress waits for.
func (s *system) restored(r *region, files *nfs.Server, before pulumi.Resource) (pulumi.Resource, error) {
	if s.restore == nil {
		return before, nil
	}
	return s.restore.In(s.ctx, "restore-"+r.Name, restore.RegionArgs{
		Region:    r.Region,
		Cluster:   r.cluster,
		Namespace: r.namespaces.wordpress,
		Files:     files,
		Priority:  r.priority,
		SiteURL:   s.textURL(),
		After:     []pulumi.Resource{before},
	})
}

// textURL is the site's URL in the texts that a restore writes: the one at which the site stays. WordPress, which takes its own
// from the configuration, moves there in a later update.
func (s *system) textURL() pulumi.StringOutput {
	if s.config.Domain != "" {
		return pulumi.String("https://" + s.config.Domain).ToStringOutput()
	}
	return s.loadBalancer.SiteURL
}

// backedUp declares a region's part of the backups, if there are any.
func (s *system) backedUp(r *region, files *nfs.Server) error {
	if s.backup == nil {
		return nil
	}
	if err := s.backup.Snapshots(s.ctx, "backup-"+r.Name, r.Region, r.storage); err != nil {
		return err
	}
	return s.backup.In(s.ctx, "backup-"+r.Name, backup.RegionArgs{
		Region:      r.Region,
		Cluster:     r.cluster,
		Namespace:   r.namespaces.wordpress,
		Files:       files,
		Credentials: s.credentials,
		Authority:   s.certificates.Authority,
		Priority:    r.priority,
		SiteURL:     s.loadBalancer.SiteURL,
		Database:    s.reader,
	})
}
