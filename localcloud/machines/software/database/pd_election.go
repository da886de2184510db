package database

import (
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// connect connects to the other members, and determines whether there is a quorum.
func (d *pd) connect(network software.Network) {
	before := d.since
	d.sees, d.since = map[uint64]*pd{}, map[uint64]time.Time{}
	for _, m := range slices.Clone(d.log.Members) {
		if m.ID == d.log.Own {
			continue
		}
		other, err := d.peerAt(network, m)
		if err != nil || !other.started || other.log.Cluster != d.log.Cluster {
			continue
		}
		d.learn(other)
		if other.log.Own == m.ID {
			d.sees[m.ID], d.since[m.ID] = other, d.now
			if since, ok := before[m.ID]; ok {
				d.since[m.ID] = since
			}
		}
	}
	d.leads = d.log.find(d.log.Own) != nil && len(d.connected())+1 > len(d.log.Members)/2
}

// connected lists the members that are connected with this one in both directions.
func (d *pd) connected() []*pd {
	var both []*pd
	for _, other := range d.sees {
		if other.sees[d.log.Own] == d && other.Exit() == nil && !other.Stopping() {
			both = append(both, other)
		}
	}
	slices.SortFunc(both, func(a, b *pd) int { return strings.Compare(a.name, b.name) })
	return both
}

// elect determines the leader. Members connected to the same majority elect the same one.
func (d *pd) elect(now time.Time) {
	connected := d.connected()
	if !d.leads && !slices.ContainsFunc(connected, func(o *pd) bool { return o.leads }) {
		if d.serving {
			d.Process.Log("lost the quorum: it reaches %d of %d members, itself included", len(connected)+1, len(d.log.Members))
		}
		d.serving, d.leader, d.electionEnds = false, nil, time.Time{}
		return
	}
	if d.serving && d.leader != nil && (d.leader == d || slices.Contains(connected, d.leader)) && d.leader.leads {
		d.electionEnds = time.Time{}
		return
	}
	if d.outvoted(connected) {
		d.serving, d.electionEnds = false, time.Time{}
		return
	}
	var elected *pd
	for _, candidate := range append([]*pd{d}, connected...) {
		established := candidate.serving && candidate.leader == candidate && candidate != d
		if candidate.leads && (elected == nil || established || !elected.serving && candidate.name < elected.name) {
			elected = candidate
		}
	}
	if d.electionEnds.IsZero() {
		takes := d.Process.Pace.Of(pdElection)
		switch {
		case d.Process.Adopted && !d.serving && d.leader == nil:
			takes = 0
		case d.leader != nil && d.leader.Stopping():
			takes = d.Process.Pace.Of(pdHandover)
		case d.leader != nil:
			takes = pdFailover + lot(d.leader.name, now, pdFailoverSpread)
		case elected.serving && elected.leader == elected: // joins an established leader
			takes = d.Process.Pace.Of(pdHandover)
		}
		d.electionEnds = now.Add(takes)
	}
	if now.Before(d.electionEnds) {
		d.serving = false
		return
	}
	d.serving, d.electionEnds = true, time.Time{}
	if d.leader != elected {
		d.leader = elected
		d.Process.Log("serves the API: %s leads, %d of %d members are connected", elected.name, len(connected)+1, len(d.log.Members))
	}
	if elected != d {
		if elected.cluster.empty() && !d.cluster.empty() {
			elected.cluster = d.cluster // a leader that restarted on its disk knows its peers' state
		}
		d.cluster = elected.cluster
	}
}

// outvoted says whether a connected member follows a leader that this one does not reach. etcd's pre-vote then fails:
// this one starts no election, and has no leader.
func (d *pd) outvoted(connected []*pd) bool {
	return slices.ContainsFunc(connected, func(o *pd) bool {
		return o.serving && o.leader != nil && o.leader != d && o.leader.leads && o.leader.Exit() == nil &&
			!slices.Contains(connected, o.leader) && (o.leader == o || slices.Contains(o.connected(), o.leader))
	})
}
