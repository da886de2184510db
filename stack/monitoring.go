package stack

import (
	"slices"

	"geo-wordpress/components/monitoring"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// watch declares what watches the system, if it is to be watched. It comes last: Google refuses an alert on a metric of which it
// has no sample yet.
func (s *system) watch() error {
	if s.config.Monitoring == nil {
		return nil
	}
	after := slices.Clone(s.serving)
	if s.reader != nil {
		after = append(after, s.reader) // until then the site may not read when the newest backup was taken
	}
	var clusters []monitoring.Cluster
	for _, r := range s.regions {
		collection, err := monitoring.NewCollection(s.ctx, "collection-"+r.Name, monitoring.RegionArgs{
			Cluster: r.cluster, Database: r.namespaces.database, Files: r.namespaces.files, WordPress: r.namespaces.wordpress,
		})
		if err != nil {
			return err
		}
		after = append(after, collection.Objects...)
		clusters = append(clusters, monitoring.Cluster{Region: r.Region, Cluster: r.cluster})
	}
	collected, err := monitoring.Collected(s.ctx, "collected-"+s.regions[0].Name, monitoring.CollectedArgs{
		Config: s.config, Cluster: s.regions[0].cluster, Namespace: s.regions[0].namespaces.wordpress,
		Priority: s.regions[0].priority, After: after,
	})
	if err != nil {
		return err
	}
	_, err = monitoring.New(s.ctx, "monitoring", monitoring.Args{
		Config: s.config, Project: s.project, Clusters: clusters,
		Address: s.loadBalancer.Address, Home: s.loadBalancer.Home, CertificatesUntil: s.certificates.Until, After: []pulumi.Resource{collected},
	})
	return err
}
