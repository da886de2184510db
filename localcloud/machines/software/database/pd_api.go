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
		if r.HTTP2 { // etcd 3.4 ends the stream before its answer; the status stands for that
			return software.Response{Status: http.StatusBadGateway}
		}
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
	case r.Closed && d.leader != d: // a follower passes requests on to the leader, and stops when its client has gone
		return software.Response{Status: 500, Body: "[PD:apiutil:ErrRedirect]redirect failed"}
	case r.Method == http.MethodDelete && strings.HasPrefix(path, "/pd/api/v1/members/"):
		return d.deleteMember(r)
	case r.Method == http.MethodPost && strings.HasPrefix(path, "/pd/api/v1/members/name/"):
		return d.prioritize(strings.TrimPrefix(path, "/pd/api/v1/members/name/"), r.Body)
	case path == "/pd/api/v1/members":
		return software.Response{Status: 200, Body: indented(map[string]any{"members": d.memberList()})}
	case path == "/pd/api/v1/health":
		return software.Response{Status: 200, Body: indented(d.memberList())} // a bare list
	}
	return d.storesAPI(path, r)
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

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}
