package database

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"path"
	"slices"

	"geo-wordpress/localcloud/machines/software"
)

// member is a member as etcd lists it. Its name and client URLs are empty until it has started and published itself; a
// founder's name is known before.
type member struct {
	ID         uint64   `json:"id"`
	PeerURLs   []string `json:"peerURLs"`
	Name       string   `json:"name,omitempty"`
	ClientURLs []string `json:"clientURLs,omitempty"`
}

// membership is what a member's log says of its cluster. It is on the member's disk.
type membership struct {
	Cluster uint64
	Own     uint64 // the member's own ID
	Index   int    // of the last change
	Members []member
}

// walFile holds the membership, below the data directory, where etcd has its log.
const walFile = "member/wal/0000000000000000-0000000000000000.wal"

// load reads the log, and says whether there is one.
func (d *pd) load() bool {
	content, err := d.Process.Files.Read(path.Join(d.dataDir, walFile))
	return err == nil && json.Unmarshal(content, &d.log) == nil && d.log.Cluster != 0
}

// keep writes the log.
func (d *pd) keep(log membership) {
	d.log = log
	content, err := json.Marshal(log)
	name := path.Join(d.dataDir, walFile)
	if err == nil {
		if err = d.Process.Files.Mkdir(path.Dir(name)); err == nil {
			err = d.Process.Files.Write(name, content)
		}
	}
	if err != nil {
		d.Fail(1, fmt.Sprintf("write WAL: %v", err))
	}
}

// find returns the member with an ID, nil if there is none.
func (l membership) find(id uint64) *member {
	if i := slices.IndexFunc(l.Members, func(m member) bool { return m.ID == id }); i >= 0 {
		return &l.Members[i]
	}
	return nil
}

// with returns the log after one more change.
func (l membership) with(members []member) membership {
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.ID, b.ID) })
	return membership{l.Cluster, l.Own, l.Index + 1, members}
}

// founding returns the log of a new cluster's member. All founders derive the same IDs from the same list.
func founding(own string, token string, founders []member) membership {
	l := membership{}
	var ids []any
	for _, m := range founders {
		m.ID = hash(m.PeerURLs[0], token)
		l.Members = append(l.Members, m)
		if m.Name == own {
			l.Own = m.ID
		}
	}
	slices.SortFunc(l.Members, func(a, b member) int { return cmp.Compare(a.ID, b.ID) })
	for _, m := range l.Members {
		ids = append(ids, m.ID)
	}
	l.Cluster = hash(ids...)
	return l
}

func hash(values ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, values...)
	return h.Sum64()
}

// at is the address that a member's peers connect to.
func (m member) at() software.HostPort {
	address, _ := parseURL(m.PeerURLs[0])
	return address
}
