package database

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// tidbCluster is the state that a quorum of PDs and the stores' data persist.
type tidbCluster struct {
	stores       map[uint64]*store // by ID, tombstones included
	bootstrapped bool              // TiDB's system tables exist
	site         bool              // WordPress is installed
	usersNeedTLS bool              // as the statements of the first start say
	maxReplicas  int
	primary      string                // the value of the label region where the leaders are to be; empty for everywhere
	priorities   map[uint64]int        // of PD's members, to lead, by ID
	groups       map[uint64]*raftGroup // by the ID of their home store
	stepped      time.Time
}

func newCluster() *tidbCluster {
	return &tidbCluster{stores: map[uint64]*store{}, groups: map[uint64]*raftGroup{}, priorities: map[uint64]int{}}
}

// empty says whether the cluster knows neither stores nor a database.
func (c *tidbCluster) empty() bool { return len(c.stores) == 0 && !c.bootstrapped }

// step advances the groups to now, at most once per moment.
func (c *tidbCluster) step(now time.Time, pace software.Pace) {
	if !now.After(c.stepped) {
		return
	}
	c.stepped = now
	standing := c.standing()
	for _, id := range standing {
		if c.groups[id] == nil {
			c.groups[id] = c.split(id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		g := c.groups[id]
		g.step(now, pace, c)
		if g.lostAt.IsZero() && len(standing) > 0 {
			g.place(now, pace, c, standing)
		}
	}
	c.bury()
}

// split creates the group of a new store. All data is on the existing stores, if there are any.
func (c *tidbCluster) split(id uint64) *raftGroup {
	for _, other := range slices.Sorted(maps.Keys(c.groups)) {
		g := c.groups[other]
		return &raftGroup{home: id, replicas: slices.Clone(g.replicas), leader: g.leader, lostAt: g.lostAt, electsAt: g.electsAt}
	}
	return &raftGroup{home: id, replicas: []uint64{id}, leader: c.stores[id].node}
}

// node returns the process that is, or was, a store.
func (c *tidbCluster) node(id uint64) *tikv {
	if s := c.stores[id]; s != nil {
		return s.node
	}
	return nil
}

// whole returns the leaders of all regions, or an error if a region has none.
func (c *tidbCluster) whole() (leaders []*tikv, err error) {
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		g, address := c.groups[id], c.stores[id].address
		if !g.serves(c) {
			if g.candidate(c) == nil {
				return nil, fmt.Errorf("no TiKV store that a majority of the stores follows: the regions of %s have no leader", address)
			}
			return nil, fmt.Errorf("the regions of %s elect a leader", address)
		}
		if !slices.Contains(leaders, g.leader) {
			leaders = append(leaders, g.leader)
		}
	}
	if len(leaders) == 0 {
		return nil, fmt.Errorf("PD knows no TiKV store yet")
	}
	return leaders, nil
}

// inherit takes over the state that the stores keep, after all PDs have lost theirs.
func (c *tidbCluster) inherit(from *tidbCluster) {
	if from == nil || from == c || len(c.groups) > 0 {
		return
	}
	c.groups, c.stores, c.maxReplicas, c.primary, c.site, c.usersNeedTLS = from.groups, from.stores, from.maxReplicas, from.primary, from.site, from.usersNeedTLS
}
