package database

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// etcdHealthInterval is how long a member must have been connected before etcd counts it as connected.
const etcdHealthInterval = 5 * time.Second

// commit replaces the list of members, on the disks of all members that the leader is connected with.
func (d *pd) commit(members []member) {
	for _, m := range append(d.leader.connected(), d.leader) { // the leader last: its log is the others' source
		log := d.leader.log.with(slices.Clone(members))
		log.Own = m.log.Own
		m.keep(log)
	}
}

// learn takes over a longer log of the same cluster.
func (d *pd) learn(other *pd) {
	if other.log.Index <= d.log.Index {
		return
	}
	own, listed := d.log.find(d.log.Own), other.log.find(d.log.Own)
	if own != nil && listed != nil && len(own.ClientURLs) == 0 && len(listed.ClientURLs) > 0 {
		d.Fail(2, fmt.Sprintf("tocommit(%d) is out of range [lastIndex(%d)]. Was the raft log corrupted, truncated, or lost?",
			other.log.Index, d.log.Index))
		return
	}
	if own != nil && listed == nil {
		d.Process.Log("the member has been permanently removed from the cluster: the data-dir used by this member must be removed")
	}
	log := other.log
	log.Own, log.Members = d.log.Own, slices.Clone(log.Members)
	d.keep(log)
}

// publish tells the cluster the member's name and client URLs.
func (d *pd) publish() {
	m := d.leader.log.find(d.log.Own)
	if m == nil || m.Name == d.name && slices.Equal(m.ClientURLs, d.clientURLs) {
		return
	}
	members := slices.Clone(d.leader.log.Members)
	for i := range members {
		if members[i].ID == d.log.Own {
			members[i].Name, members[i].ClientURLs = d.name, d.clientURLs
		}
	}
	d.commit(members)
}

// add lists a new member, as etcd's member add does.
func (d *pd) add(url string) (uint64, error) {
	members, started := d.leader.log.Members, 0
	for _, m := range members {
		if slices.Contains(m.PeerURLs, url) {
			return 0, fmt.Errorf("etcdserver: Peer URLs already exists")
		}
		if m.Name != "" {
			started++
		}
	}
	if n := len(members) + 1; started < n/2+1 && !(started == 1 && n == 2) {
		return 0, fmt.Errorf("etcdserver: re-configuration failed due to not enough started members")
	}
	if d.leader.longConnected() < len(members) {
		return 0, fmt.Errorf("etcdserver: unhealthy cluster")
	}
	m := member{ID: hash(url, d.token, d.leader.log.Index), PeerURLs: []string{url}}
	d.commit(append(slices.Clone(members), m))
	d.Process.Log("added member %d at %s", m.ID, url)
	return m.ID, nil
}

// longConnected counts the members, this one included, that have been connected for a while.
func (d *pd) longConnected() int {
	n := 1
	for _, other := range d.connected() {
		if since := d.since[other.log.Own]; d.now.Sub(since) >= d.Process.Pace.Of(etcdHealthInterval) {
			n++
		}
	}
	return n
}

// remove removes a member, as etcd's member remove does.
func (d *pd) remove(id uint64) error {
	var kept []member
	started := 0
	for _, m := range d.leader.log.Members {
		if m.ID == id {
			continue
		}
		kept = append(kept, m)
		if m.Name != "" {
			started++
		}
	}
	if len(kept) == len(d.leader.log.Members) {
		return errNoMember
	}
	if started < len(kept)/2+1 {
		return fmt.Errorf("etcdserver: re-configuration failed due to not enough started members")
	}
	if d.leader.sees[id] != nil && d.leader.longConnected()-1 < 1+len(kept)/2 {
		return fmt.Errorf("etcdserver: unhealthy cluster")
	}
	d.Process.Log("removed member %d", id)
	d.commit(kept)
	return nil
}

var errNoMember = fmt.Errorf("etcdserver: member not found")

// peerAPI answers etcd's peers. Unlike clients, they get answers without a quorum.
func (d *pd) peerAPI(r software.Request) software.Response {
	if r.Path != "/members" || !d.started {
		return software.Response{Status: http.StatusNotFound}
	}
	text, _ := json.Marshal(d.log.Members)
	return software.Response{Status: http.StatusOK, Body: string(text) + "\n"}
}

// etcdAPI answers etcd's own requests of clients, in JSON. They hang without a quorum.
func (d *pd) etcdAPI(r software.Request) software.Response {
	var body struct {
		ID       string   `json:"ID"`
		PeerURLs []string `json:"peerURLs"`
	}
	if r.Method != http.MethodPost || json.Unmarshal([]byte(r.Body), &body) != nil {
		return software.Response{Status: http.StatusNotFound}
	}
	var err error
	switch {
	case !d.serving:
		return software.Response{}
	case r.Path == "/v3/cluster/member/add" && len(body.PeerURLs) == 1:
		_, err = d.add(body.PeerURLs[0])
	case r.Path == "/v3/cluster/member/remove":
		var id uint64
		if id, err = strconv.ParseUint(body.ID, 10, 64); err == nil {
			err = d.remove(id)
		}
	default:
		return software.Response{Status: http.StatusNotFound}
	}
	return answered(err, `{"header":{}}`)
}

// deleteMember answers PD's own request to remove a member, by name or ID.
func (d *pd) deleteMember(r software.Request) software.Response {
	name, named := strings.CutPrefix(r.Path, "/pd/api/v1/members/name/")
	id, err := strconv.ParseUint(strings.TrimPrefix(r.Path, "/pd/api/v1/members/id/"), 10, 64)
	if named {
		err = nil
		i := slices.IndexFunc(d.leader.log.Members, func(m member) bool { return m.Name == name })
		if i < 0 {
			return software.Response{Status: http.StatusNotFound, Body: fmt.Sprintf("%q\n", "not found, pd: "+name)}
		}
		id = d.leader.log.Members[i].ID
	}
	if err == nil {
		err = d.remove(id)
	}
	return answered(err, fmt.Sprintf("%q\n", fmt.Sprintf("removed, pd: %s", r.Path[strings.LastIndex(r.Path, "/")+1:])))
}

func answered(err error, body string) software.Response {
	switch {
	case err == errNoMember:
		return software.Response{Status: http.StatusNotFound, Body: err.Error()}
	case err != nil:
		return software.Response{Status: http.StatusInternalServerError, Body: err.Error()}
	}
	return software.Response{Status: http.StatusOK, Body: body}
}
