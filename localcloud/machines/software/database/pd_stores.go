package database

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"geo-wordpress/localcloud/machines/software"
)

// storesAPI answers PD's requests about stores, replicas and the leader.
func (d *pd) storesAPI(path string, r software.Request) software.Response {
	name := strings.TrimPrefix(path, "/pd/api/v1/")
	post := r.Method == http.MethodPost
	switch kind, rest, _ := strings.Cut(name, "/"); {
	case name == "stores":
		return software.Response{Status: http.StatusOK, Body: d.stores()}
	case kind == "store" && r.Method == http.MethodDelete:
		return d.deleteStore(rest, strings.Contains(r.Path, "force"))
	case name == "config/replicate" && post:
		return d.configureReplicas(r.Body)
	case name == "config/replicate":
		return software.Response{Status: http.StatusOK, Body: indented(map[string]any{"max-replicas": d.cluster.maxReplicas})}
	case name == "config/placement-rule/"+placementGroup && post:
		return d.placeLeaders(r.Body)
	case name == "config/placement-rule/"+placementGroup && r.Method == http.MethodDelete:
		d.cluster.primary = ""
		return software.Response{Status: http.StatusOK, Body: `"Delete group and rules successfully."`}
	case name == "regions/count":
		return software.Response{Status: http.StatusOK, Body: indented(map[string]any{"count": len(d.cluster.groups), "regions": nil})}
	case kind == "regions" && strings.HasPrefix(rest, "check/"):
		return d.checkRegions(strings.TrimPrefix(rest, "check/"))
	case name == "leader":
		i := slices.IndexFunc(d.memberList(), func(m pdMember) bool { return m.MemberID == d.leader.log.Own })
		return software.Response{Status: http.StatusOK, Body: indented(d.memberList()[i])}
	case name == "leader/resign" && post:
		return d.resign()
	}
	return software.Response{Status: http.StatusNotFound, Body: "404 page not found\n"}
}

// stores returns the stores as PD does, in indented JSON, without tombstones.
func (d *pd) stores() string {
	type label struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	type meta struct {
		ID        uint64  `json:"id"`
		Address   string  `json:"address"`
		Labels    []label `json:"labels,omitempty"`
		Destroyed bool    `json:"physically_destroyed,omitempty"`
		StateName string  `json:"state_name"`
	}
	type status struct {
		LeaderCount int `json:"leader_count"`
		RegionCount int `json:"region_count"`
	}
	type entry struct {
		Store  meta   `json:"store"`
		Status status `json:"status"`
	}
	list := []entry{}
	for id, s := range d.cluster.stores {
		if s.tombstone {
			continue
		}
		m := meta{ID: id, Address: s.address.String(), Destroyed: s.destroyed, StateName: s.state(d.now)}
		for key, value := range s.labels {
			m.Labels = append(m.Labels, label{key, value})
		}
		slices.SortFunc(m.Labels, func(a, b label) int { return strings.Compare(a.Key, b.Key) })
		list = append(list, entry{m, status{d.cluster.leaders(id), d.cluster.count(id)}})
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.Store.ID, b.Store.ID) })
	return indented(map[string]any{"count": len(list), "stores": list})
}

func (d *pd) deleteStore(text string, destroyed bool) software.Response {
	id, err := strconv.ParseUint(text, 10, 64)
	s := d.cluster.stores[id]
	switch {
	case err != nil:
		return software.Response{Status: http.StatusBadRequest, Body: err.Error()}
	case s == nil:
		return software.Response{Status: http.StatusNotFound, Body: fmt.Sprintf("store %d not found", id)}
	case s.tombstone:
		return software.Response{Status: http.StatusGone, Body: fmt.Sprintf("store %d has been removed", id)}
	}
	if err := d.cluster.takeOffline(s, destroyed, d.now); err != nil {
		return software.Response{Status: http.StatusBadRequest, Body: err.Error()}
	}
	return software.Response{Status: http.StatusOK, Body: `"The store is set as Offline."`}
}

func (d *pd) configureReplicas(body string) software.Response {
	config := struct {
		MaxReplicas    int    `json:"max-replicas"`
		IsolationLevel string `json:"isolation-level"`
	}{MaxReplicas: d.cluster.maxReplicas, IsolationLevel: "region"}
	switch err := json.Unmarshal([]byte(body), &config); {
	case err != nil || config.MaxReplicas < 1:
		return software.Response{Status: http.StatusBadRequest, Body: fmt.Sprintf("%q", body)}
	case config.IsolationLevel != "region":
		return software.Response{Status: http.StatusInternalServerError, Body: "the isolation-level must be one of location-labels"}
	case len(d.cluster.stores) == 0:
		return software.Response{Status: http.StatusInternalServerError, Body: "TiKV cluster not bootstrapped, please start TiKV first"}
	}
	d.cluster.maxReplicas = config.MaxReplicas
	return software.Response{Status: http.StatusOK, Body: `"The config is updated."`}
}

// checkRegions counts the regions in an undesired state.
func (d *pd) checkRegions(state string) software.Response {
	c, n := d.cluster, 0
	on := func(g *raftGroup, wrong func(*store) bool) bool {
		return slices.ContainsFunc(g.replicas, func(id uint64) bool { return wrong(c.stores[id]) })
	}
	for _, g := range c.groups {
		wrong, known := map[string]bool{
			"miss-peer":    len(g.replicas) < c.maxReplicas,
			"extra-peer":   len(g.replicas) > c.maxReplicas,
			"pending-peer": !g.copied.IsZero(),
			"learner-peer": !g.copied.IsZero(),
			"down-peer":    on(g, func(s *store) bool { return !s.up() }),
			"offline-peer": on(g, func(s *store) bool { return s.offline }),
		}[state]
		if !known {
			return software.Response{Status: http.StatusNotFound, Body: "404 page not found\n"}
		}
		if wrong {
			n++
		}
	}
	return software.Response{Status: http.StatusOK, Body: indented(map[string]any{"count": n, "regions": nil})}
}

// resign hands the leadership to another member.
func (d *pd) resign() software.Response {
	old := d.leader
	for _, next := range old.connected() {
		if next.serving && next.leads {
			d.handOver(old, next)
			return software.Response{Status: http.StatusOK, Body: `"The resign command is submitted."`}
		}
	}
	return software.Response{Status: http.StatusInternalServerError, Body: "no other member can lead"}
}
