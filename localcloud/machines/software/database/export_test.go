package database

import (
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// LongestElection is longer than any election takes.
const LongestElection = raftElectionLeast + raftElectionSpread + time.Second

const (
	RaftElectionLeast    = raftElectionLeast
	RaftRebalance        = raftRebalance
	TiDBTimestampTimeout = tidbTimestampTimeout
	TiDBPDTimeout        = tidbPDTimeout
	TiDBTiKVTimeout      = tidbTiKVTimeout
	PDQuorumTimeout      = pdQuorumTimeout
)

type Pause = pause

// LeaderOf returns the address of the store that leads the regions of a home store, as another store knows it.
func LeaderOf(store software.Program, home string) string {
	c := store.(*tikv).cluster
	for id, g := range c.groups {
		if c.stores[id].address.String() == home {
			return g.leader.advertise.String()
		}
	}
	return ""
}

// SQL returns the result of a statement on a TiDB server.
func SQL(server software.Program) error { return server.(*tidb).sql() }

// LeaderOfPD returns the leader that a Placement Driver follows.
func LeaderOfPD(member software.Program) software.Program { return member.(*pd).leader }

// SameCluster says whether two Placement Drivers share their cluster's state.
func SameCluster(one, other software.Program) bool { return one.(*pd).cluster == other.(*pd).cluster }

// StoreID returns the ID under which PD knows a store.
func StoreID(store software.Program) uint64 { return store.(*tikv).id }
