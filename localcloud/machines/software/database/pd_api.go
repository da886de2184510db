package database

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"geo-wordpress/localcloud/machines/software"
)

func (d *pd) Answer(port int, r software.Request, _ software.Network) software.Response {
	if !software.Accepts(d.client, port, true) {
		return d.peerAPI(r)
	}
	path, _, _ := strings.Cut(r.Path, "?")
	switch {
	case !d.everServed: // etcd has not started: it accepts connections, but does not answer
		return software.Response{}
	case strings.HasPrefix(path, "/v3/"):
		return d.etcdAPI(r)
	case path == "/health":
		if !d.serving {
			return software.Response{Status: 503, Body: `{"health":"false"}`}
		}
		return software.Response{Status: 200, Body: `{"health":"true","reason":""}`}
	case path == "/metrics" || path == "/version":
		return software.Response{Status: 200}
	case path == "/ready" || !strings.HasPrefix(path, "/pd/api/"):
		return software.Response{Status: 404}
	case !d.serving:
		return software.Response{Status: 500, Body: "no leader"}
	case r.Method == http.MethodDelete && strings.HasPrefix(path, "/pd/api/v1/members/"):
		return d.deleteMember(r)
	case path == "/pd/api/v1/stores":
		return software.Response{Status: 200, Body: d.stores()}
	case path == "/pd/api/v1/members":
		return software.Response{Status: 200, Body: indented(map[string]any{"members": d.memberList()})}
	case path == "/pd/api/v1/health":
		return software.Response{Status: 200, Body: indented(d.memberList())} // a bare list
	}
	return software.Response{Status: 200, Body: "{}"}
}

// pdMember is a member as PD lists it.
type pdMember struct {
	Name       string   `json:"name,omitempty"`
	MemberID   uint64   `json:"member_id"`
	PeerURLs   []string `json:"peer_urls"`
	ClientURLs []string `json:"client_urls,omitempty"`
	Health     bool     `json:"health"`
}

func (d *pd) memberList() []pdMember {
	var list []pdMember
	for _, m := range d.log.Members {
		list = append(list, pdMember{m.Name, m.ID, m.PeerURLs, m.ClientURLs, m.ID == d.log.Own || d.sees[m.ID] != nil})
	}
	slices.SortFunc(list, func(a, b pdMember) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// stores returns the stores as PD does, in indented JSON.
func (d *pd) stores() string {
	type label struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	type meta struct {
		Address   string  `json:"address"`
		Labels    []label `json:"labels,omitempty"`
		StateName string  `json:"state_name"`
	}
	type entry struct {
		Store meta `json:"store"`
	}
	list := []entry{}
	for address, s := range d.cluster.stores {
		m := meta{Address: address, StateName: "Disconnected"}
		if s.up() && d.now.Sub(s.heartbeat) < pdDisconnected {
			m.StateName = "Up"
		}
		for key, value := range s.labels {
			m.Labels = append(m.Labels, label{key, value})
		}
		slices.SortFunc(m.Labels, func(a, b label) int { return strings.Compare(a.Key, b.Key) })
		list = append(list, entry{m})
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.Store.Address, b.Store.Address) })
	return indented(map[string]any{"count": len(list), "stores": list})
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}
