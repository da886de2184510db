package software

import (
	"fmt"
	"maps"
	"slices"
)

// State is how a program is, in its operators' words.
type State struct {
	// Kind is pd, tikv, tidb, nfs, syncthing, wordpress, or empty for any other.
	Kind string `json:"kind,omitempty"`
	// Word is what it is doing. Of a PD or a TiKV it is leader, follower, election, no quorum or no majority, once it
	// has found the others.
	Word string `json:"word,omitempty"`
	// Peers are the hosts of the peers that it is connected with, in order.
	Peers []string `json:"peers,omitempty"`
}

// StateOf says how a program is; nil has no state.
func StateOf(p Program) State {
	if p == nil {
		return State{}
	}
	switch p := innermost(p).(type) {
	case *pd:
		return State{Kind: "pd", Word: p.word()}
	case *tikv:
		return State{Kind: "tikv", Word: p.word()}
	case *tidb:
		if p.listening {
			return State{Kind: "tidb", Word: "up"}
		}
		return State{Kind: "tidb", Word: "waits for the database"}
	case *NFSServer:
		if p.Serves() {
			return State{Kind: "nfs", Word: "exports"}
		}
		return State{Kind: "nfs", Word: "starts"}
	case *syncthing:
		hosts := map[string]bool{}
		for device, connected := range p.connected {
			if connected {
				hosts[p.peers[device].host] = true
			}
		}
		if len(p.peers) == 0 && p.process.Adopted {
			return State{Kind: "syncthing", Word: "peers unknown"} // its volumes' files were lost with the model of them
		}
		return State{Kind: "syncthing", Word: fmt.Sprintf("%d of %d peers", len(hosts), len(p.peers)),
			Peers: slices.Sorted(maps.Keys(hosts))}
	case *wordpress:
		if p.up {
			return State{Kind: "wordpress", Word: "serves"}
		}
		return State{Kind: "wordpress", Word: "starts"}
	}
	return State{}
}

func (d *pd) word() string {
	switch {
	case d.serving && d.leader == d:
		return "leader"
	case d.serving:
		return "follower"
	case !d.electionEnds.IsZero():
		return "election"
	}
	return "no quorum"
}

func (k *tikv) word() string {
	if k.stopping() {
		return "stops"
	}
	if !k.up || k.cluster == nil {
		return "waits for PD"
	}
	leads := 0
	for _, g := range k.cluster.groups {
		switch serves := g.serves(k.cluster); {
		case serves && g.leader == k:
			leads++
		case !serves && g.home == k.advertise.String() && g.candidate(k.cluster) == nil:
			return "no majority"
		case !serves && g.home == k.advertise.String():
			return "election"
		}
	}
	if leads == 0 {
		return "follower"
	}
	return "leader"
}
