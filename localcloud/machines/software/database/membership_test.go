package database_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// quorum is a world of three Placement Drivers.
func quorum(t *testing.T) *softwaretest.World {
	w := softwaretest.New(t)
	for n := range 3 {
		w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, 3))
	}
	w.Pass(20 * time.Second)
	return w
}

type entry struct {
	ID         uint64
	Name       string
	PeerURLs   []string
	ClientURLs []string
}

// members returns what a Placement Driver tells its peers.
func members(t *testing.T, w *softwaretest.World, host string) map[string]entry {
	t.Helper()
	var list []entry
	require.NoError(t, json.Unmarshal([]byte(w.Get(host, 2380, "/members").Body), &list))
	found := map[string]entry{}
	for _, m := range list {
		found[strings.TrimSuffix(strings.TrimPrefix(m.PeerURLs[0], "http://"), ":2380")] = m
	}
	return found
}

func send(w *softwaretest.World, host, method, path, body string) software.Response {
	return w.Send(host, 2379, software.Request{Method: method, Path: path, Body: body})
}

func remove(w *softwaretest.World, host string, id uint64) int {
	return send(w, host, http.MethodPost, "/v3/cluster/member/remove", fmt.Sprintf(`{"ID":"%d"}`, id)).Status
}

func add(w *softwaretest.World, host string, n int) int {
	return send(w, host, http.MethodPost, "/v3/cluster/member/add", fmt.Sprintf(`{"peerURLs":["http://pd%d:2380"]}`, n)).Status
}

// newcomer is a Placement Driver that joins the cluster of the first ones.
func newcomer(t *testing.T, n, members int) software.Process {
	return configured(withArgs(softwaretest.PD(t, n, members), "--config=/etc/pd/pd.toml"), "/etc/pd", "pd.toml", "initial-cluster-state = \"existing\"\n")
}

func TestAFounderIsListedBeforeItStarts(t *testing.T) {
	w := softwaretest.New(t)
	w.Place("pd0", softwaretest.PD(t, 0, 3))
	w.Pass(5 * time.Second)
	require.Equal(t, 0, w.Get("pd0", 2379, "/health").Status)
	all := members(t, w, "pd0")
	require.Len(t, all, 3, "peers get an answer without a quorum")
	require.Equal(t, "m2", all["pd2"].Name)
	require.Empty(t, all["pd0"].ClientURLs, "nobody has published itself without a quorum")
	w.Place("pd1", softwaretest.PD(t, 1, 3))
	w.Pass(5 * time.Second)
	all = members(t, w, "pd1")
	require.Equal(t, []string{"http://pd0:2379"}, all["pd0"].ClientURLs)
	require.Empty(t, all["pd2"].ClientURLs)
}

func TestAMemberThatLostItsDataIsRefused(t *testing.T) {
	w := quorum(t)
	w.Kill("pd1")
	s := w.Place("pd1", softwaretest.PD(t, 1, 3)) // on an empty disk
	w.Pass(time.Second)
	require.Equal(t, 1, s.Program.Exit().Code)
	require.Contains(t, s.Program.Exit().Reason, "has already been bootstrapped")

	// If it starts while it reaches nobody, it ends when the leader sends it what it has confirmed before.
	w.Cut = func(from, to string, _ int) bool { return from == "pd1" || to == "pd1" }
	s = w.Place("pd1", softwaretest.PD(t, 1, 3))
	w.Pass(time.Second)
	require.Nil(t, s.Program.Exit())
	w.Cut = nil
	w.Pass(time.Second)
	require.Contains(t, s.Program.Exit().Reason, "lost?")
	require.Equal(t, 200, w.Get("pd0", 2379, "/health").Status)
}

func TestAMemberIsReplaced(t *testing.T) {
	w := quorum(t)
	w.Kill("pd1")
	w.Pass(20 * time.Second)
	lost := members(t, w, "pd0")["pd1"].ID
	require.Equal(t, 500, add(w, "pd0", 1), "its URL is still listed")
	require.Equal(t, 200, remove(w, "pd2", lost))
	require.Equal(t, 404, remove(w, "pd0", lost), "a second time")
	require.Len(t, members(t, w, "pd2"), 2)

	s := w.Place("pd1", newcomer(t, 1, 3))
	w.Pass(time.Second)
	require.Contains(t, s.Program.Exit().Reason, "member count is unequal", "nobody has added it")
	require.Equal(t, 200, add(w, "pd0", 1))
	require.Equal(t, 500, add(w, "pd0", 3), "two of four would be no quorum")
	s = w.Place("pd1", newcomer(t, 1, 3))
	w.Pass(10 * time.Second)
	require.Nil(t, s.Program.Exit())
	require.Equal(t, 200, w.Get("pd1", 2379, "/health").Status)
	require.NotEqual(t, lost, members(t, w, "pd1")["pd1"].ID)
	require.Equal(t, "m1", members(t, w, "pd0")["pd1"].Name)

	// It votes.
	w.Kill("pd0")
	w.Pass(time.Minute)
	require.Equal(t, 200, w.Get("pd1", 2379, "/health").Status)
}

func TestARemovedMemberStaysOut(t *testing.T) {
	w := quorum(t)
	require.Equal(t, 404, send(w, "pd0", http.MethodDelete, "/pd/api/v1/members/name/m7", "").Status)
	require.Equal(t, 200, send(w, "pd0", http.MethodDelete, "/pd/api/v1/members/name/m1", "").Status)
	w.Pass(time.Minute)
	require.Nil(t, w.Hosts["pd1"].Program.Exit(), "the process goes on")
	require.Equal(t, 503, w.Get("pd1", 2379, "/health").Status)
	w.Kill("pd1")
	w.Place("pd1", *w.Hosts["pd1"].Process)
	w.Pass(time.Minute)
	require.Equal(t, 0, w.Get("pd1", 2379, "/health").Status)
	require.NotContains(t, members(t, w, "pd1"), "pd1")
	require.Equal(t, 200, w.Get("pd0", 2379, "/health").Status)
}

func TestNobodyIsAddedWhileAMemberIsDown(t *testing.T) {
	w := quorum(t)
	w.Kill("pd1")
	w.Pass(20 * time.Second)
	require.Equal(t, 500, add(w, "pd0", 3))
	w.Place("pd1", *w.Hosts["pd1"].Process)
	w.Pass(2 * time.Second)
	require.Equal(t, 500, add(w, "pd0", 3), "it has just come back")
	w.Pass(10 * time.Second)
	require.Equal(t, 200, add(w, "pd0", 3))
	w.Place("pd3", newcomer(t, 3, 4))
	w.Pass(10 * time.Second)
	require.Equal(t, 200, w.Get("pd3", 2379, "/health").Status)
}

func TestTwoClustersDoNotMix(t *testing.T) {
	w := softwaretest.New(t)
	w.Place("pd0", softwaretest.PD(t, 0, 1))
	w.Pass(10 * time.Second)
	s := w.Place("pd1", softwaretest.PD(t, 1, 2))
	w.Pass(time.Second)
	require.Contains(t, s.Program.Exit().Reason, "cluster ID mismatch")
}
