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
	stores       map[string]*store // by advertised address
	bootstrapped bool              // TiDB's system tables exist
	maxReplicas  int
	groups       map[string]*raftGroup // by the address of their home store
	stepped      time.Time
}

func newCluster() *tidbCluster {
	return &tidbCluster{stores: map[string]*store{}, groups: map[string]*raftGroup{}}
}

// empty says whether the cluster knows neither stores nor a database.
func (c *tidbCluster) empty() bool { return len(c.stores) == 0 && !c.bootstrapped }

type store struct {
	address   software.HostPort
	labels    map[string]string
	heartbeat time.Time
	node      *tikv
}

// step advances the groups to now, at most once per moment.
func (c *tidbCluster) step(now time.Time, pace software.Pace) {
	if !now.After(c.stepped) {
		return
	}
	c.stepped = now
	addresses := slices.Sorted(maps.Keys(c.stores))
	for _, address := range addresses {
		if c.groups[address] == nil {
			c.groups[address] = c.split(address)
		}
	}
	for i, address := range addresses {
		g := c.groups[address]
		g.step(now, pace, c)
		if g.lostAt.IsZero() {
			g.place(now, c, addresses, i)
		}
	}
}

// split creates the group of a new store. All data is on the existing stores, if there are any.
func (c *tidbCluster) split(address string) *raftGroup {
	for _, other := range slices.Sorted(maps.Keys(c.groups)) {
		g := c.groups[other]
		return &raftGroup{home: address, replicas: slices.Clone(g.replicas), leader: g.leader, lostAt: g.lostAt, electsAt: g.electsAt}
	}
	return &raftGroup{home: address, replicas: []string{address}, leader: c.stores[address].node}
}

// node returns the store that runs, or ran, at an address.
func (c *tidbCluster) node(address string) *tikv {
	if s := c.stores[address]; s != nil {
		return s.node
	}
	return nil
}

// whole returns the leaders of all regions, or an error if a region has none.
func (c *tidbCluster) whole() (leaders []*tikv, err error) {
	for _, address := range slices.Sorted(maps.Keys(c.groups)) {
		g := c.groups[address]
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
	c.groups = from.groups
	for address, s := range from.stores {
		if c.stores[address] == nil {
			c.stores[address] = s
		}
	}
}
