package shell_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// region is a region's Placement Driver with the init container that decides how it starts.
type region struct {
	t        *testing.T
	w        *softwaretest.World
	n        int
	members  string // as configured
	founders string
	stands   string
	disk     *software.Volume
	written  *software.Volume // the configuration that the init container writes
}

// memberList names the first members with their peer URLs.
func memberList(members int) string {
	var list []string
	for n := range members {
		list = append(list, fmt.Sprintf("m%d=https://pd%d:2380", n, n))
	}
	return strings.Join(list, ",")
}

// regionsOf are the regions of a new stack.
func regionsOf(t *testing.T, w *softwaretest.World, members int) (all []*region) {
	w.Secure = true
	for n := range members {
		all = append(all, &region{t: t, w: w, n: n, members: memberList(members), founders: memberList(members),
			disk: software.NewVolume(software.Disk, nil), written: software.NewVolume(software.Empty, nil)})
	}
	return all
}

func (r *region) host() string { return fmt.Sprintf("pd%d", r.n) }

// decide starts the init container.
func (r *region) decide() *softwaretest.Host {
	p := script(r.t, string(softwaretest.Declared(r.t, "tidb/files/call.sh"))+string(softwaretest.Declared(r.t, "tidb/files/start-pd.sh")), "NAME", fmt.Sprintf("m%d", r.n),
		"PEER_URL", fmt.Sprintf("https://pd%d:2380", r.n), "MEMBERS", r.members, "FOUNDERS", r.founders, "DATABASE_STANDS", r.stands)
	p.Files = &software.Filesystem{ReadOnly: true, Mounts: []software.Mount{
		{Path: "/var/lib/pd", Volume: r.disk},
		{Path: "/etc/pd", Volume: r.written},
		{Path: "/etc/pd-base/pd.toml", Sub: "pd.toml", Volume: software.NewVolume(software.Config,
			map[string][]byte{"pd.toml": softwaretest.Declared(r.t, "tidb/files/pd.toml")})},
	}}
	return r.w.Place(fmt.Sprintf("start%d", r.n), p)
}

// start runs the pod until its Placement Driver has started.
func (r *region) start() { r.begin(r.decide()) }

func (r *region) begin(decided *softwaretest.Host) {
	r.t.Helper()
	require.Zero(r.t, r.w.WaitExit(decided), "m%d", r.n)
	r.run()
	r.w.Pass(10 * time.Second)
}

// run starts the Placement Driver as decided.
func (r *region) run() {
	p := softwaretest.PD(r.t, r.n, 0)
	p.Args = slices.DeleteFunc(p.Args, func(arg string) bool {
		return strings.HasPrefix(arg, "--initial-cluster") || strings.HasPrefix(arg, "--data-dir")
	})
	p.Args = append(p.Args, "--data-dir=/var/lib/pd", "--config=/etc/pd/pd.toml")
	p.Files = &software.Filesystem{Mounts: []software.Mount{
		{Path: "/var/lib/pd", Volume: r.disk}, {Path: "/etc/pd", Volume: r.written, ReadOnly: true},
	}}
	r.w.Place(r.host(), p)
}

// stop kills the Placement Driver; lose also replaces its disk.
func (r *region) stop() { r.w.Kill(r.host()) }

func (r *region) lose() {
	r.stop()
	r.disk = software.NewVolume(software.Disk, nil)
}

// healthy says whether the Placement Driver is part of a quorum.
func (r *region) healthy() bool {
	return r.w.Hosts[r.host()].Program != nil && r.w.Get(r.host(), 2379, "/health").Status == 200
}

// cluster checks that the regions' Placement Drivers are one cluster with exactly these members.
func cluster(t *testing.T, all ...*region) {
	t.Helper()
	for _, r := range all {
		require.True(t, r.healthy(), "m%d", r.n)
		var list []struct{ Name string }
		require.NoError(t, json.Unmarshal([]byte(r.w.Get(r.host(), 2380, "/members").Body), &list))
		require.Len(t, list, len(all), "m%d knows %v", r.n, list)
		for _, other := range all {
			require.True(t, slices.ContainsFunc(list, func(m struct{ Name string }) bool { return m.Name == fmt.Sprintf("m%d", other.n) }),
				"m%d knows %v", r.n, list)
		}
	}
}

// standing is a cluster of three whose database was complete.
func standing(t *testing.T) []*region {
	all := regionsOf(t, softwaretest.New(t), 3)
	for _, r := range all {
		r.start()
		r.stands = "yes"
	}
	cluster(t, all...)
	return all
}

// post sends etcd's request to a member.
func (r *region) post(path, body string) {
	r.t.Helper()
	response := r.w.Send(r.host(), 2379, software.Request{Method: http.MethodPost, Path: "/v3/cluster/member/" + path, Body: body})
	require.Equal(r.t, 200, response.Status, response.Body)
}

// idOf is a member's ID, as another knows it.
func (r *region) idOf(other *region) string {
	var list []struct {
		ID       json.Number
		PeerURLs []string
	}
	require.NoError(r.t, json.Unmarshal([]byte(r.w.Get(r.host(), 2380, "/members").Body), &list))
	for _, m := range list {
		if m.PeerURLs[0] == "https://"+other.host()+":2380" {
			return m.ID.String()
		}
	}
	return ""
}

// waits checks that an init container has not decided after a while.
func waits(t *testing.T, w *softwaretest.World, decided *softwaretest.Host) {
	t.Helper()
	closed := holds(w, decided)
	require.True(t, closed, "it has decided")
}

func TestFoundersStartInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		all := regionsOf(t, softwaretest.New(t), 3)
		for _, n := range order {
			all[n].start()
		}
		cluster(t, all...)
	}
	// All at once, and the first one is restarted before it has a log.
	all := regionsOf(t, softwaretest.New(t), 3)
	var decided []*softwaretest.Host
	for _, r := range all {
		decided = append(decided, r.decide())
	}
	require.Zero(t, all[0].w.WaitExit(decided[0]))
	for i, r := range all {
		r.begin([]*softwaretest.Host{all[0].decide(), decided[1], decided[2]}[i])
	}
	cluster(t, all...)
}

func TestAMemberRestartsWithItsData(t *testing.T) {
	t.Parallel()
	all := standing(t)
	all[1].stop()
	all[1].start()
	cluster(t, all...)
	for _, r := range all { // and nobody needs an answer for it
		r.stop()
	}
	for _, r := range all {
		r.start()
	}
	cluster(t, all...)
}

// Each case is where the pod of a member with a lost disk was killed before.
func TestALostDiskIsReplaced(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]func(lost, other *region){
		"nowhere":           func(_, _ *region) {},
		"after the removal": func(lost, other *region) { other.post("remove", `{"ID":"`+other.idOf(lost)+`"}`) },
		"after the addition": func(lost, other *region) {
			other.post("remove", `{"ID":"`+other.idOf(lost)+`"}`)
			other.post("add", `{"peerURLs":["https://`+lost.host()+`:2380"]}`)
		},
		"before the Placement Driver started": func(lost, _ *region) { require.Zero(lost.t, lost.w.WaitExit(lost.decide())) },
		"after it wrote its log, before the others had its name": func(lost, _ *region) {
			require.Zero(lost.t, lost.w.WaitExit(lost.decide()))
			lost.run()
			lost.w.Pass(100 * time.Millisecond)
			lost.stop()
		},
		"after it wrote its log":                      func(lost, _ *region) { lost.start(); lost.stop() },
		"after it joined, and the disk is lost again": func(lost, _ *region) { lost.start(); lost.lose(); lost.w.Pass(20 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := standing(t)
			before := all[0].idOf(all[1])
			all[1].lose()
			all[1].w.Pass(20 * time.Second)
			killed(all[1], all[0])
			all[1].start()
			cluster(t, all...)
			require.NotEqual(t, before, all[0].idOf(all[1]), "the old member must not come back without its data")
		})
	}
}

func TestAnEmptyDiskWaitsForAQuorum(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(all []*region){
		"the others are gone": func(all []*region) { all[1].stop(); all[2].stop() },
		"one other is left":   func(all []*region) { all[1].stop() },
		"one other is left, and knows that it ran before the database stood": func(all []*region) {
			all[1].stop()
			all[0].stands, all[1].stands, all[2].stands = "", "", ""
		},
		"a joiner": func(all []*region) { all[1].stop(); all[2].stop(); all[0].founders, all[0].stands = "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := standing(t)
			all[0].lose()
			change(all)
			all[0].w.Pass(time.Minute)
			decided := all[0].decide()
			waits(t, all[0].w, decided)
			for _, r := range all[1:] {
				if !r.healthy() {
					r.stop()
					r.start()
				}
			}
			all[0].w.Pass(20 * time.Second)
			all[0].begin(decided)
			cluster(t, all...)
		})
	}
}

// The third one has the only copy. Two new members must not outvote it.
func TestTwoEmptyDisksFoundNothing(t *testing.T) {
	t.Parallel()
	all := standing(t)
	all[0].lose()
	all[1].lose()
	first, second := all[0].decide(), all[1].decide()
	waits(t, all[0].w, first)
	waits(t, all[0].w, second)
	all[2].stop()
	waits(t, all[0].w, first)
	waits(t, all[0].w, second)
}

func TestARemovedMemberDoesNotStartAgain(t *testing.T) {
	t.Parallel()
	all := standing(t)
	all[0].post("remove", `{"ID":"`+all[0].idOf(all[1])+`"}`)
	all[1].stop()
	decided := all[1].decide()
	require.Equal(t, 1, all[1].w.WaitExit(decided))
	require.Contains(t, strings.Join(decided.Logs, "\n"), "The others have removed this Placement Driver")
	all[1].lose()
	all[1].start()
	cluster(t, all...)
}

func TestNewRegionsJoin(t *testing.T) {
	t.Parallel()
	all := standing(t)
	more := regionsOf(t, all[0].w, 5)
	for _, r := range all {
		r.members = more[0].members
	}
	for _, r := range more[3:] {
		r.founders = ""
		all = append(all, r)
		r.start()
		r.w.Pass(10 * time.Second)
	}
	cluster(t, all...)
	all[4].lose() // and so do their replacements
	all[4].w.Pass(20 * time.Second)
	all[4].start()
	all[0].lose()
	all[0].w.Pass(20 * time.Second)
	all[0].start()
	cluster(t, all...)
}

// A member that has been added and has not started counts in the quorum. Two of them could not be told apart.
func TestOneJoinsAfterTheOther(t *testing.T) {
	t.Parallel()
	all := standing(t)
	fourth := regionsOf(t, all[0].w, 4)[3]
	fourth.founders, fourth.members = "", memberList(5)
	all[0].post("add", `{"peerURLs":["https://pd4:2380"]}`)
	decided := fourth.decide()
	waits(t, all[0].w, decided)
	require.Contains(t, decided.Logs, "waits: https://pd4:2380 is joining")
	all[0].post("remove", `{"ID":"`+all[0].idOf(&region{n: 4})+`"}`)
	fourth.begin(decided)
	cluster(t, append(all, fourth)...)
}

func TestAMemberOutsideTheConfigurationStopsAJoin(t *testing.T) {
	t.Parallel()
	all := standing(t)
	for _, r := range all {
		r.members = "m1=https://pd1:2380,m0=https://pd0:2380,m7=https://pd7:2380"
	}
	all[1].lose()
	decided := all[1].decide()
	require.Equal(t, 1, all[1].w.WaitExit(decided))
	require.Contains(t, strings.Join(decided.Logs, "\n"), "list m2, which is not in the configuration")
	require.NotEmpty(t, all[0].idOf(all[1]), "nothing was removed")
}

// A region was exchanged after the first had started.
func TestFoundersFollowTheFirst(t *testing.T) {
	t.Parallel()
	all := regionsOf(t, softwaretest.New(t), 3)
	all[0].start()
	for _, r := range all[1:] {
		r.members = "m0=https://pd0:2380,m1=https://pd1:2380,m3=https://pd3:2380"
		r.founders = r.members
	}
	all[1].start()
	require.True(t, all[0].healthy())
	require.True(t, all[1].healthy())
}

func TestTwoClustersStopAJoin(t *testing.T) {
	t.Parallel()
	w := softwaretest.New(t)
	w.Secure = true
	for n, members := range map[int]int{0: 1, 1: 1} {
		p := softwaretest.PD(t, n, 0)
		p.Args[len(p.Args)-1] = fmt.Sprintf("--initial-cluster=m%d=https://pd%d:2380", n, n*members)
		w.Place(fmt.Sprintf("pd%d", n), p)
	}
	w.Pass(10 * time.Second)
	third := regionsOf(t, w, 3)[2]
	decided := third.decide()
	require.Equal(t, 1, w.WaitExit(decided))
	require.Contains(t, strings.Join(decided.Logs, "\n"), "belong to different clusters")
}
