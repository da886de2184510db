package database

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// Delays after the loss of a leader. They are not divided by the pace, because the load balancer's health check, which
// must distinguish such a pause from a failure, runs in real time.
const (
	// A follower without heartbeats from its leader starts an election after 10 ticks of a second, plus a random delay
	// of up to the same (raft-base-tick-interval, raft-election-timeout-ticks).
	raftElectionLeast  = 10 * time.Second
	raftElectionSpread = 10 * time.Second
	// TiDB detects a dead connection after grpc-keepalive-time plus grpc-keepalive-timeout, 10 + 3 seconds. A faster
	// election does not help it.
	storeNoticed = 13 * time.Second
	// raftRebalance is how long a store must be back before PD moves leaders to it again, without a pause.
	raftRebalance = 10 * time.Second
	// replicaCopy is how long new replicas take. Real ones take as long as their size and PD's limits demand. It is divided
	// by the pace.
	replicaCopy  = 10 * time.Second
	raftHandover = 500 * time.Millisecond // after a graceful stop of the leader; this is divided by the pace
)

// raftGroup stands for the regions of the key space whose leader is normally on one store. (A TiDB region is a key
// range.)
type raftGroup struct {
	home     uint64   // the ID of that store
	replicas []uint64 // the IDs of the voting stores
	leader   *tikv
	lostAt   time.Time // when the leader was lost; zero while it leads
	electsAt time.Time // when the next election ends
	restored time.Time // since when the home store could lead again
	copied   time.Time // when the replicas that PD wants are all there; zero if nothing moves
}

// leads says whether a store runs and is connected, both ways, with a majority of a group's replicas, itself included.
func (g *raftGroup) leads(k *tikv, c *tidbCluster) bool {
	if k == nil || !slices.Contains(g.replicas, k.id) || c.node(k.id) != k || !k.runs() {
		return false
	}
	votes := 0
	for _, id := range g.replicas {
		if other := c.node(id); other == k || k.connected(other) {
			votes++
		}
	}
	return votes > len(g.replicas)/2
}

// serves says whether the group has a leader. A leader that is stopping serves until another takes over.
func (g *raftGroup) serves(c *tidbCluster) bool {
	return g.leads(g.leader, c) && (g.lostAt.IsZero() || g.leader.Stopping())
}

// step elects a leader for a group that has none.
func (g *raftGroup) step(now time.Time, pace software.Pace, c *tidbCluster) {
	steppedDown := !g.lostAt.IsZero() && now.Sub(g.lostAt) >= raftElectionLeast
	if g.leads(g.leader, c) && !g.leader.Stopping() && !steppedDown {
		g.lostAt, g.electsAt = time.Time{}, time.Time{}
		return
	}
	if g.lostAt.IsZero() {
		g.lostAt = now
	}
	candidate := g.candidate(c)
	if candidate == nil { // no majority, so no election
		g.electsAt = time.Time{}
		return
	}
	if g.electsAt.IsZero() {
		takes := max(raftElectionLeast+lot(c.stores[g.home].address.String(), now, raftElectionSpread), storeNoticed-now.Sub(g.lostAt))
		switch {
		case candidate.Process.Adopted && g.leader == nil:
			takes = 0
		case g.leader != nil && g.leader.Stopping() && (g.leads(g.leader, c) || g.leader.stopped()):
			takes = pace.Of(raftHandover)
		}
		g.electsAt = now.Add(takes)
	}
	if now.Before(g.electsAt) {
		return
	}
	candidate.Process.Log("leads the regions of %s, %s after they lost their leader", c.stores[g.home].address, now.Sub(g.lostAt).Round(100*time.Millisecond))
	g.leader, g.lostAt, g.electsAt = candidate, time.Time{}, time.Time{}
}

// candidate returns a replica that can be elected, nil if there is none.
func (g *raftGroup) candidate(c *tidbCluster) *tikv {
	for _, id := range g.replicas {
		if k := c.node(id); k != nil && !k.Stopping() && g.leads(k, c) {
			return k
		}
	}
	return nil
}

// place is PD's scheduling of a group that has a leader. It puts a replica on each desired store, if all of these are
// reachable, which takes a while, and moves the leader to the primary region's store, or else back to its home store.
func (g *raftGroup) place(now time.Time, pace software.Pace, c *tidbCluster, standing []uint64) {
	to := g.home
	if i := slices.IndexFunc(standing, func(id uint64) bool { return c.stores[id].labels["region"] == c.primary }); i >= 0 && c.primary != "" {
		to = standing[i]
	}
	home := max(slices.Index(standing, to), 0)
	var want []uint64
	for i := range min(c.maxReplicas, len(standing)) {
		want = append(want, standing[(home+i)%len(standing)])
	}
	reached := func(id uint64) bool {
		k := c.node(id)
		return k == g.leader || k != nil && !k.Stopping() && g.leader.connected(k)
	}
	whole := !slices.ContainsFunc(want, func(id uint64) bool { return !reached(id) })
	for _, id := range g.replicas { // without a store to replace it, a replica stays
		if len(want) < c.maxReplicas && !slices.Contains(want, id) {
			want = append(want, id)
		}
	}
	missing := func(in []uint64) func(uint64) bool {
		return func(id uint64) bool { return !slices.Contains(in, id) }
	}
	switch adds := slices.ContainsFunc(want, missing(g.replicas)); {
	case !whole || !adds && !slices.ContainsFunc(g.replicas, missing(want)):
		g.copied = time.Time{}
	case adds && g.copied.IsZero():
		g.copied = now.Add(pace.Of(replicaCopy))
	case !now.Before(g.copied):
		g.replicas, g.copied = want, time.Time{}
		if !slices.Contains(want, g.leader.id) { // the leader moves before its replica is removed
			g.leader = c.node(want[0])
		}
	}
	if g.leader.id == to || !slices.Contains(g.replicas, to) || !reached(to) {
		g.restored = time.Time{}
		return
	}
	if g.restored.IsZero() {
		g.restored = now
	}
	if now.Sub(g.restored) >= raftRebalance {
		g.leader, g.restored = c.node(to), time.Time{}
	}
}

// lot returns a pseudo-random duration below limit, which depends only on its arguments.
func lot(name string, at time.Time, limit time.Duration) time.Duration {
	h := fnv.New32a()
	fmt.Fprint(h, name, at.UnixNano())
	return limit * time.Duration(h.Sum32()%1000) / 1000
}
