package stack

import (
	"geo-wordpress/components/tidb"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tiers of the database, in order of dependency.
var tiers = []func(*tidb.Part, *pulumi.Context, ...pulumi.Resource) (pulumi.Resource, error){
	(*tidb.Part).PlacementDriver,
	(*tidb.Part).TiKV,
	(*tidb.Part).TiDB,
}

// tikv is TiKV's place among the tiers.
const tikv = 1

// database declares the database tier by tier through all regions, each server after the previous one is ready: PD in
// every region, then TiKV in every region, then TiDB, then the Job that creates the database.
//
// The chain is for later updates: a change of PD or TiKV rolls through one region at a time, and no two of three voters
// restart at once (see tidb.Part's gates: Pulumi does not wait for a changed StatefulSet). It also means that no server
// waits for a later one, however low the engine's parallelism.
func (s *system) database() (err error) {
	for _, r := range s.regions {
		r.database, err = tidb.New(s.ctx, "tidb-"+r.Name, tidb.Args{
			Config:      s.config,
			Region:      r.Region,
			Cluster:     r.cluster,
			Namespace:   r.namespaces.database,
			Storage:     r.storage,
			Credentials: s.credentials,
			Certificate: s.certificates.Of(r.Region),
			Authority:   s.certificates.Authority,
			Priority:    r.priority,
			Exists:      len(s.last.Databases) > 0,
		})
		if err != nil {
			return err
		}
	}
	last := s.machines // the first region's servers must not change while the last one's machines do
	for i, tier := range tiers {
		for _, r := range s.regions {
			server, err := tier(r.database, s.ctx, last...)
			if err != nil {
				return err
			}
			last = []pulumi.Resource{server}
		}
		if i == tikv {
			if err := s.replication(last...); err != nil {
				return err
			}
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
