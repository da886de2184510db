package software

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPDServesInAQuorumOnly(t *testing.T) {
	for _, c := range []struct{ members, running int }{{1, 1}, {2, 1}, {2, 2}, {3, 1}, {3, 2}, {3, 3}, {5, 2}, {5, 3}} {
		t.Run(fmt.Sprintf("%d of %d", c.running, c.members), func(t *testing.T) {
			w := newPlanet(t)
			for n := range c.running {
				w.place(fmt.Sprintf("pd%d", n), pdProcess(t, n, c.members))
			}
			w.pass(10 * time.Second)
			for n := range c.running {
				host := fmt.Sprintf("pd%d", n)
				require.True(t, w.host[host].program.Accepts(2379, false), "it listens at once")
				require.True(t, w.host[host].program.Accepts(2380, false))
				want := 0 // the connection is accepted, but not answered
				if c.running > c.members/2 {
					want = 200
				}
				require.Equal(t, want, w.get(host, 2379, "/health").Status)
				require.Equal(t, want, w.get(host, 2379, "/pd/api/v1/members").Status)
			}
		})
	}
}

// The order of steps must not matter: a follower once kept its own cluster, and led with it when its leader was lost.
func TestAllPDsRememberTheSameCluster(t *testing.T) {
	for range 50 { // each run has another map order
		w := newPlanet(t)
		for n := range 3 {
			w.place(fmt.Sprintf("pd%d", n), pdProcess(t, n, 3))
		}
		w.pass(10 * time.Second)
		first := w.host["pd0"].program.(*pd)
		for n := range 3 {
			d := w.host[fmt.Sprintf("pd%d", n)].program.(*pd)
			require.True(t, d.serving)
			require.Same(t, first.cluster, d.cluster, "pd%d", n)
		}
	}
}

func TestPDNeedsBothDirectionsAndItsName(t *testing.T) {
	for name, change := range map[string]func(*planet){
		"a firewall that loses what pd1 sends": func(w *planet) {
			w.cut = func(from, to string, port int) bool { return from == "pd1" && port == 2380 }
		},
		"a firewall that loses what pd1 gets": func(w *planet) {
			w.cut = func(from, to string, port int) bool { return to == "pd1" && port == 2380 }
		},
		"a name that does not resolve": func(w *planet) { w.host["pd1"].hidden = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newPlanet(t)
			for n := range 2 {
				w.place(fmt.Sprintf("pd%d", n), pdProcess(t, n, 3))
			}
			change(w)
			w.pass(20 * time.Second)
			require.Equal(t, 0, w.get("pd0", 2379, "/health").Status)
			w.cut, w.host["pd1"].hidden = nil, false
			w.pass(5 * time.Second)
			require.Equal(t, 200, w.get("pd0", 2379, "/health").Status, "it comes back by itself")
		})
	}
}

func TestPDAloneEndsAfterFiveMinutesWhateverThePace(t *testing.T) {
	w := newPlanet(t)
	p := pdProcess(t, 0, 3)
	p.Pace = 50
	s := w.place("pd0", p)
	w.pass(pdPatience - time.Second)
	require.Nil(t, s.program.Exit())
	w.pass(2 * time.Second)
	require.Equal(t, 1, s.program.Exit().Code)
	require.Contains(t, s.program.Exit().Reason, "etcd start canceled")
}

func TestPDThatLosesItsQuorumSaysSoAndStays(t *testing.T) {
	w := newPlanet(t)
	for n := range 3 {
		w.place(fmt.Sprintf("pd%d", n), pdProcess(t, n, 3))
	}
	w.pass(10 * time.Second)
	w.host["pd1"].program, w.host["pd2"].program = nil, nil
	w.pass(10 * time.Minute)
	require.Nil(t, w.host["pd0"].program.Exit())
	require.Equal(t, 503, w.get("pd0", 2379, "/health").Status)
	require.Equal(t, 500, w.get("pd0", 2379, "/pd/api/v1/stores").Status)
	w.place("pd1", pdProcess(t, 1, 3))
	w.pass(5 * time.Second)
	require.Equal(t, 200, w.get("pd0", 2379, "/health").Status)
}

func TestPDElectsAnewWhenItsLeaderIsKilled(t *testing.T) {
	w := newPlanet(t)
	for n := range 3 {
		w.place(fmt.Sprintf("pd%d", n), pdProcess(t, n, 3))
	}
	w.pass(10 * time.Second)
	leader := w.host["pd0"].program.(*pd).leader
	require.Same(t, leader, w.host["pd2"].program.(*pd).leader, "one leads")
	survivor := "pd0"
	for name, s := range w.host {
		if s.program == Program(leader) {
			s.program = nil
		} else {
			survivor = name
		}
	}
	w.pass(5 * time.Second)
	require.Equal(t, 503, w.get(survivor, 2379, "/health").Status, "its lease has to end first")
	w.pass(15 * time.Second)
	require.Equal(t, 200, w.get(survivor, 2379, "/health").Status)
}

func TestServersRefuseWhatTheyCannotRunWith(t *testing.T) {
	replace := func(p Process, old, new string) Process {
		p.Args = slices.Clone(p.Args)
		for i, arg := range p.Args {
			if arg == old {
				p.Args[i] = new
			}
		}
		return p
	}
	pd := func() Process { return pdProcess(t, 0, 3) }
	tikv := func() Process { return tikvProcess(t, 0, 3) }
	for name, c := range map[string]struct {
		process Process
		reason  string
	}{
		"PD without its own name":      {replace(pd(), "--name=m0", "--name=x"), `couldn't find local name "x"`},
		"PD at another address":        {replace(pd(), "--advertise-peer-urls=http://pd0:2380", "--advertise-peer-urls=http://other:2380"), "missing from --advertise-peer-urls"},
		"PD without a volume":          {replace(pd(), "--data-dir=/data", "--data-dir=/elsewhere"), "not on a mounted volume"},
		"PD with a bare address":       {replace(pd(), "--client-urls=http://0.0.0.0:2379", "--client-urls=0.0.0.0:2379"), "client-urls"},
		"PD without its config":        {withArgs(pd(), "--config=/etc/pd.toml"), "/etc/pd.toml"},
		"TiKV with a scheme":           {replace(tikv(), "--pd="+pdList(3), "--pd=http://pd0:2379"), "without http://"},
		"TiKV that nobody can reach":   {replace(tikv(), "--advertise-addr=tikv0:20160", "--advertise-addr=0.0.0.0:20160"), "unspecified"},
		"TiDB of an unknown store":     {withArgs(tidbProcess(t, 3), "--store=x"), `store "x"`},
		"TiDB without its config":      {withArgs(tidbProcess(t, 3), "--config=/etc/tidb/tidb.toml"), "/etc/tidb/tidb.toml"},
		"TiDB with a config of rubble": {configured(withArgs(tidbProcess(t, 3), "--config=/etc/tidb/tidb.toml"), "/etc/tidb", "tidb.toml", "host = "), "tidb.toml"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPlanet(t)
			exit := w.place("x", c.process).program.Exit()
			require.NotNil(t, exit)
			require.NotZero(t, exit.Code)
			require.Contains(t, exit.Reason, c.reason)
		})
	}
}

func withArgs(p Process, args ...string) Process {
	p.Args = slices.Concat(p.Args, args)
	return p
}

func configured(p Process, at, name, content string) Process {
	p.Files = with(disk("/data"), at, map[string]string{name: content})
	return p
}

// regions starts the first pds of three PDs, and the first tikvs of three TiKV stores.
func (w *planet) regions(pds, tikvs int) {
	for n := range pds {
		w.place(fmt.Sprintf("pd%d", n), pdProcess(w.t, n, 3))
	}
	for n := range tikvs {
		w.place(fmt.Sprintf("tikv%d", n), tikvProcess(w.t, n, 3))
	}
	w.pass(10 * time.Second)
}

func TestTiKVWaitsForPD(t *testing.T) {
	w := newPlanet(t)
	s := w.place("tikv0", tikvProcess(t, 0, 3))
	w.pass(10 * time.Minute)
	require.Nil(t, s.program.Exit(), "it waits for ever")
	require.False(t, s.program.Accepts(20180, false))
	w.regions(1, 0)
	require.False(t, s.program.Accepts(20180, false), "one PD of three is none")
	w.regions(2, 0)
	require.Equal(t, 200, w.get("tikv0", 20180, "/status").Status)
	require.Contains(t, w.get("pd1", 2379, "/pd/api/v1/stores").Body, `"state_name": "Up"`)
	s.program = nil
}

func TestTiDBGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		pds     int
		patient time.Duration
	}{
		"without PD":           {0, tidbPDPatience},
		"without a quorum":     {1, tidbPDPatience},
		"with PD without TiKV": {2, tidbTiKVPatience},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPlanet(t)
			w.regions(c.pds, 0)
			s := w.place("tidb", tidbProcess(t, 3))
			w.pass(c.patient - time.Second)
			require.Nil(t, s.program.Exit())
			require.False(t, s.program.Accepts(10080, false))
			w.pass(2 * time.Second)
			require.Equal(t, 1, s.program.Exit().Code)
		})
	}
	w := newPlanet(t)
	w.regions(2, 1)
	w.cut = func(from, _ string, port int) bool { return from == "tidb" && port == 20160 }
	s := w.place("tidb", tidbProcess(t, 3))
	w.pass(tidbTiKVPatience + time.Second)
	require.NotNil(t, s.program.Exit(), "a store that it cannot reach is none")
}

func TestTiDBReadsItsFiles(t *testing.T) {
	start := func(files map[string]string) (*planet, *site) {
		w := newPlanet(t)
		w.regions(2, 2)
		p := tidbProcess(t, 3, "--config=/etc/tidb/tidb.toml")
		p.Files = with(disk("/data"), "/etc/tidb", files)
		s := w.place("tidb", p)
		w.pass(10 * time.Second)
		return w, s
	}
	const config = "port = 4001\ninitialize-sql-file = \"/etc/tidb/init.sql\"\ngraceful-wait-before-shutdown = 10\n[status]\nstatus-port = 10081\n"
	_, s := start(map[string]string{"tidb.toml": config})
	require.Contains(t, s.program.Exit().Reason, "InitializeSQLFile")
	w, s := start(map[string]string{"tidb.toml": config, "init.sql": "SELECT 1;"})
	require.Equal(t, 200, w.get("tidb", 10081, "/status").Status)
	require.True(t, s.program.Accepts(4001, false))
	require.False(t, s.program.Accepts(4000, false))
	s.program.Stop(w.now)
	require.Equal(t, 500, w.get("tidb", 10081, "/status").Status, "it says at once that it goes")
	w.pass(9 * time.Second)
	require.True(t, s.program.Accepts(4001, false), "and serves for the graceful wait")
	w.pass(2 * time.Second)
	require.Zero(t, s.program.Exit().Code)
}

func TestSQLNeedsAMajorityOfTheStores(t *testing.T) {
	w := newPlanet(t)
	w.regions(3, 3)
	s := w.place("tidb", tidbProcess(t, 3))
	w.pass(10 * time.Second)
	sql := s.program.(sqlServer).sql
	require.NoError(t, sql())
	w.host["tikv0"].program = nil
	w.pass(raftElectionLeast + raftElectionSpread + time.Second)
	require.NoError(t, sql(), "one region of three may go")
	w.host["tikv1"].program = nil
	w.pass(time.Second)
	require.ErrorContains(t, sql(), "majority")
	require.Equal(t, 200, w.get("tidb", 10080, "/status").Status, "its status does not know")
	w.place("tikv1", tikvProcess(t, 1, 3))
	w.pass(30 * time.Second)
	require.NoError(t, sql())
	w.host["pd0"].program, w.host["pd1"].program = nil, nil
	w.pass(time.Second)
	require.Error(t, sql(), "no timestamps without PD")
}
