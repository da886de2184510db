package stack

import (
	"slices"

	"geo-wordpress/components/tidb"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// purges declares the Jobs that take the lost regions out of the database. Nothing else is declared of a lost region. The
// load balancer waits for the Jobs, so that a region that is lost by mistake stays as it is.
func (s *system) purges() error {
	for _, r := range s.config.Regions {
		if !r.Lost {
			continue
		}
		job, err := tidb.Purge(s.ctx, "purge-"+r.Name, s.regions[0].operations(s), r)
		if err != nil {
			return err
		}
		s.purged = append(s.purged, job)
	}
	return nil
}

// departures declares the Jobs that take the leaving regions out of the database, one after the other: each after the load
// balancer has no backend there, and after everything else. The engine then deletes the regions' resources.
func (s *system) departures() error {
	after := append(slices.Clone(s.loadBalancer.Services), s.initialized)
	for _, r := range s.config.Regions {
		if !r.Leaving {
			continue
		}
		job, err := tidb.Depart(s.ctx, "departure-"+r.Name, s.regions[0].operations(s), r, after...)
		if err != nil {
			return err
		}
		after = []pulumi.Resource{job}
	}
	return nil
}

// replication declares the Job that sets the number of replicas, once all stores are up. It waits for the copies, so it
// makes no sense while a region is lost; and it runs again when the region is back.
func (s *system) replication(stores ...pulumi.Resource) (err error) {
	for _, r := range s.config.Regions {
		if r.Lost || r.Leaving {
			return nil
		}
	}
	first := s.regions[0]
	s.replicated, err = tidb.Replicate(s.ctx, "replication-"+first.Name, first.operations(s), stores...)
	return err
}

// operations are the arguments of a Job in the region's database namespace.
func (r *region) operations(s *system) tidb.GateArgs {
	return tidb.GateArgs{Config: s.config, Region: r.Region, Cluster: r.cluster, Namespace: r.namespaces.database, Priority: r.priority}
}
