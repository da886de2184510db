package database

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// placementGroup is the only group of placement rules that the model knows, beside PD's own.
const placementGroup = "geo-wordpress"

// pdPriorityCheck is how often a member compares its priority with the leader's (leader-priority-check-interval).
const pdPriorityCheck = time.Minute

// placeLeaders takes the group's rules: one leader in the region of the label, and voters in the others. It refuses what PD
// refuses, and other rules, of which the model does not know what follows.
func (d *pd) placeLeaders(body string) software.Response {
	type constraint struct {
		Key    string
		Op     string
		Values []string
	}
	type rule struct {
		GroupID     string `json:"group_id"`
		ID          string
		Role        string
		Count       int
		Constraints []constraint `json:"label_constraints"`
	}
	var group struct {
		ID       string `json:"group_id"`
		Override bool   `json:"group_override"`
		Rules    []rule
	}
	refuse := func(format string, args ...any) software.Response {
		return software.Response{Status: http.StatusBadRequest, Body: fmt.Sprintf("%q", "[PD:placement:ErrRuleContent]"+fmt.Sprintf(format, args...))}
	}
	if err := json.Unmarshal([]byte(body), &group); err != nil {
		return refuse("%v", err)
	}
	if len(d.cluster.stores) == 0 {
		return software.Response{Status: http.StatusInternalServerError, Body: `"TiKV cluster not bootstrapped, please start TiKV first"`}
	}
	if !group.Override || len(group.Rules) != 2 || group.Rules[0].Role != "leader" || group.Rules[1].Role != "voter" {
		return refuse("the model knows two rules that override PD's own: a leader, then voters")
	}
	var values []string
	for i, r := range group.Rules {
		if r.GroupID != group.ID || r.ID == "" || r.Count <= 0 || len(r.Constraints) != 1 ||
			r.Constraints[0].Key != "region" || r.Constraints[0].Op != []string{"in", "notIn"}[i] || len(r.Constraints[0].Values) != 1 {
			return refuse("invalid rule content, rule '%s' from rule group '%s'", r.ID, r.GroupID)
		}
		values = append(values, r.Constraints[0].Values[0])
	}
	matches := func(s *store) bool { return !s.tombstone && s.labels["region"] == values[0] }
	known := false
	for _, s := range d.cluster.stores {
		known = known || matches(s)
	}
	switch total := group.Rules[0].Count + group.Rules[1].Count; {
	case values[0] != values[1] || group.Rules[0].Count != 1:
		return refuse("the model knows one leader in a region, and voters in the others")
	case !known:
		return refuse("rule '%s' from rule group '%s' can not match any store", group.Rules[0].ID, group.ID)
	case total != d.cluster.maxReplicas:
		return refuse("the model has one number of replicas: %d, not %d", d.cluster.maxReplicas, total)
	}
	d.cluster.primary = values[0]
	return software.Response{Status: http.StatusOK, Body: `"Update group and rules successfully."`}
}

// prioritize sets the priority of a member to lead.
func (d *pd) prioritize(name, body string) software.Response {
	var in struct {
		Priority *int `json:"leader-priority"`
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || in.Priority == nil {
		return software.Response{Status: http.StatusBadRequest, Body: `"bad format leader priority"`}
	}
	i := slices.IndexFunc(d.leader.log.Members, func(m member) bool { return m.Name == name })
	if i < 0 {
		return software.Response{Status: http.StatusNotFound, Body: fmt.Sprintf("%q", "not found, pd: "+name)}
	}
	d.cluster.priorities[d.leader.log.Members[i].ID] = *in.Priority
	return software.Response{Status: http.StatusOK, Body: `"success"`}
}

// takeOver makes a member lead that has a higher priority than the leader, at its next check.
func (d *pd) takeOver() {
	if d.leader == d || d.now.Sub(d.compared) < d.Process.Pace.Of(pdPriorityCheck) {
		return
	}
	d.compared = d.now
	if own := d.log.Own; d.leads && d.cluster.priorities[own] > d.cluster.priorities[d.leader.log.Own] {
		d.handOver(d.leader, d)
	}
}

// handOver moves the leadership.
func (d *pd) handOver(old, next *pd) {
	for _, m := range append(old.connected(), old) {
		m.leader = next
	}
	old.Process.Log("hands the leadership over: %s leads", next.name)
}

// leaders counts the groups that a store leads.
func (c *tidbCluster) leaders(id uint64) (n int) {
	for _, g := range c.groups {
		if g.leader != nil && g.leader.id == id && g.serves(c) {
			n++
		}
	}
	return n
}
