package stack

import (
	"geo-wordpress/components/monitoring"
	"geo-wordpress/components/tidb"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// watch declares what watches the system, if it is to be watched. It comes last: Google refuses an alert on a metric of which it
// has no sample yet.
func (s *system) watch() error {
	if s.config.Monitoring == nil {
		return nil
	}
	after := append([]pulumi.Resource{}, s.serving...)
	var clusters []monitoring.Cluster
	for _, r := range s.regions {
		collection, err := monitoring.NewCollection(s.ctx, "collection-"+r.Name, monitoring.RegionArgs{
			Cluster: r.cluster, Database: r.namespaces.database, Files: r.namespaces.files, WordPress: r.namespaces.wordpress,
			// The collectors call addresses, and every server's certificate also has this name.
			DatabaseTLS: &monitoring.TLS{Secret: tidb.Certificates, ServerName: "localhost"},
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
		Address: s.loadBalancer.Address, Home: s.loadBalancer.Home, After: []pulumi.Resource{collected},
	})
	return err
}
