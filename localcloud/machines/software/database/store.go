package database

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// store is what PD knows of a TiKV.
type store struct {
	id        uint64
	address   software.HostPort
	labels    map[string]string
	heartbeat time.Time
	node      *tikv
	// A store that is offline gives its replicas away, and then becomes a tombstone. The replicas of a destroyed one are
	// replaced without it.
	offline, destroyed, tombstone bool
}

// up says whether PD counts the store as Up, if it is not offline.
func (s *store) up() bool { return s.node.up && s.node.Exit() == nil && !s.node.Stopping() }

// state is the store's state as PD names it.
func (s *store) state(now time.Time) string {
	switch silent := now.Sub(s.heartbeat); {
	case s.tombstone:
		return "Tombstone"
	case s.offline:
		return "Offline"
	case silent >= pdDown:
		return "Down"
	case !s.up() || silent >= pdDisconnected:
		return "Disconnected"
	}
	return "Up"
}

// identFile is the file below the data directory that holds a store's ID.
const identFile = "store-ident"

// register makes a TiKV a store, or finds the one that its disk belongs to, and checks what PD checks.
func (c *tidbCluster) register(k *tikv) error {
	name := path.Join(k.dataDir, identFile)
	if content, err := k.Process.Files.Read(name); k.id == 0 && err == nil {
		k.id, _ = strconv.ParseUint(strings.TrimSpace(string(content)), 10, 64)
	}
	var there *store // the store at its address
	for _, s := range c.stores {
		if s.address == k.advertise && !s.tombstone && !s.destroyed {
			there = s
		}
	}
	if k.id == 0 && there != nil && k.Process.Adopted { // its disk has an ID, but the model's files are lost
		k.id = there.id
	}
	own := c.stores[k.id]
	switch {
	case own != nil && own.tombstone && !k.up: // one that runs goes on
		return fmt.Errorf("store %d has been removed: StoreTombstone", k.id)
	case there != nil && there.id != k.id:
		return fmt.Errorf("failed to start node: duplicated store address: id:%d address:%q, already registered by id:%d", k.id, k.advertise, there.id)
	case own != nil:
		return nil
	}
	if k.id == 0 {
		k.id = 1
		for id := range c.stores {
			k.id = max(k.id, id+1)
		}
		if err := k.Process.Files.Write(name, strconv.AppendUint(nil, k.id, 10)); err != nil {
			return err
		}
	}
	c.stores[k.id] = &store{id: k.id, address: k.advertise}
	return nil
}

// standing are the IDs of the stores on which PD places replicas.
func (c *tidbCluster) standing() (ids []uint64) {
	for id, s := range c.stores {
		if !s.offline && !s.tombstone {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uint64) int {
		return strings.Compare(c.stores[a].address.String(), c.stores[b].address.String())
	})
	return ids
}

// bury makes tombstones of the offline stores without replicas. Other stores lead their regions from then on.
func (c *tidbCluster) bury() {
	for id, s := range c.stores {
		if s.offline && !s.tombstone && c.count(id) == 0 {
			s.tombstone = true
			if len(c.groups) > 1 {
				delete(c.groups, id)
			}
		}
	}
}

// count counts the groups with a replica on a store.
func (c *tidbCluster) count(id uint64) (n int) {
	for _, g := range c.groups {
		if slices.Contains(g.replicas, id) {
			n++
		}
	}
	return n
}

// takeOffline removes a store, as PD does.
func (c *tidbCluster) takeOffline(s *store, destroyed bool, now time.Time) error {
	up := 0
	for _, other := range c.stores {
		if other.state(now) == "Up" {
			up++
		}
	}
	switch {
	case s.offline && s.destroyed == destroyed:
		return nil
	case s.destroyed:
		return fmt.Errorf("store %d has been physically destroyed", s.id)
	case !s.offline && !destroyed && up-1 < c.maxReplicas:
		return fmt.Errorf("can not remove store %d since the number of up stores would be %d while need %d", s.id, up-1, c.maxReplicas)
	}
	s.offline, s.destroyed = true, destroyed
	return nil
}
