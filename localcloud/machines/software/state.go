package software

import (
	"fmt"
	"maps"
	"slices"
)

// State is the state of a program, in an operator's terms.
type State struct {
	// Kind is pd, tikv, tidb, nfs, syncthing, wordpress, or empty for any other.
	Kind string `json:"kind,omitempty"`
	// Word says what the program is doing. For a PD or TiKV that has found its peers, it is leader, follower, election,
	// no quorum or no majority.
	Word string `json:"word,omitempty"`
	// Peers are the hosts of the peers that it is connected to, in order.
	Peers []string `json:"peers,omitempty"`
}

// StateOf returns a program's state; nil has none.
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
			return State{Kind: "syncthing", Word: "peers unknown"} // the restart lost its modelled files
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
