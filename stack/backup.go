package stack

import (
	"geo-wordpress/components/backup"
	"geo-wordpress/components/cluster"
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

// restored declares, if the site is made from a backup, each region's file server and the Job that fills it, one region after
// the other, and then all Syncthings. It returns the last Job and the Syncthings, for which WordPress waits: a Job that unpacked
// files later would overwrite what has been edited since, and Syncthing would carry that to all regions.
func (s *system) restored(before []pulumi.Resource) (last, copied []pulumi.Resource, err error) {
	if s.restore == nil {
		return before, nil, nil
	}
	done := s.initialized
	for _, r := range s.regions {
		if err := s.files(r, before); err != nil {
			return nil, nil, err
		}
		done, err = s.restore.In(s.ctx, "restore-"+r.Name, restore.RegionArgs{
			Region:    r.Region,
			Cluster:   r.cluster,
			Namespace: r.namespaces.wordpress,
			Files:     r.files,
			Priority:  r.priority,
			SiteURL:   s.textURL(),
			After:     []pulumi.Resource{done},
		})
		if err != nil {
			return nil, nil, err
		}
		before = []pulumi.Resource{done}
	}
	for _, r := range s.regions {
		daemon, err := s.synchronised(r, done)
		if err != nil {
			return nil, nil, err
		}
		copied = append(copied, daemon.Runs)
	}
	return before, copied, nil
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
func (s *system) backedUp(r *region) error {
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
		Files:       r.files,
		Credentials: s.credentials,
		Authority:   s.certificates.Authority,
		Priority:    r.priority,
		SiteURL:     s.loadBalancer.SiteURL,
		Database:    s.reader,
	})
}
