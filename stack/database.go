package stack

import (
	"geo-wordpress/components/tidb"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tiers of the database, in the order in which they need each other.
var tiers = []func(*tidb.Part, *pulumi.Context, ...pulumi.Resource) (pulumi.Resource, error){
	(*tidb.Part).PlacementDriver,
	(*tidb.Part).TiKV,
	(*tidb.Part).TiDB,
}

// database goes through the regions tier by tier, each server after the one before it is ready: PD in every region,
// then TiKV in every region, then TiDB, then the Job that makes the database.
//
// The chain is for what comes later: a change of PD or TiKV rolls through one region at a time, and of three voters no two
// restart at once (see tidb.Part's gates: a StatefulSet's own end is not waited for when it changes). And no server waits for
// one that the chain has not reached yet, however few resources the engine works on at a time.
func (s *system) database() (err error) {
	for _, r := range s.regions {
		r.database, err = tidb.New(s.ctx, "tidb-"+r.Name, tidb.Args{
			Config:      s.config,
			Region:      r.Region,
			Cluster:     r.cluster,
			Namespace:   r.namespaces.database,
			Storage:     r.storage,
			Credentials: s.credentials,
			Priority:    r.priority,
		})
		if err != nil {
			return err
		}
	}
	last := s.machines // or the first region's servers would change while the last one's machines do
	for _, tier := range tiers {
		for _, r := range s.regions {
			server, err := tier(r.database, s.ctx, last...)
			if err != nil {
				return err
			}
			last = []pulumi.Resource{server}
		}
	}
	if s.initialized, err = s.regions[0].database.Initialize(s.ctx, last...); err != nil {
		return err
	}
	for _, r := range s.regions {
		if err := r.gate.Arm(s.ctx, s.initialized); err != nil {
			return err
		}
	}
	return nil
}
