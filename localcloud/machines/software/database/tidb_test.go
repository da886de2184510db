package database_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

func TestPDServesInAQuorumOnly(t *testing.T) {
	for _, c := range []struct{ members, running int }{{1, 1}, {2, 1}, {2, 2}, {3, 1}, {3, 2}, {3, 3}, {5, 2}, {5, 3}} {
		t.Run(fmt.Sprintf("%d of %d", c.running, c.members), func(t *testing.T) {
			w := softwaretest.New(t)
			for n := range c.running {
				w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, c.members))
			}
			w.Pass(10 * time.Second)
			for n := range c.running {
				host := fmt.Sprintf("pd%d", n)
				require.True(t, w.Hosts[host].Program.Accepts(2379, false), "it listens at once")
				require.True(t, w.Hosts[host].Program.Accepts(2380, false))
				want := 0 // the connection is accepted, but not answered
				if c.running > c.members/2 {
					want = 200
				}
				require.Equal(t, want, w.Get(host, 2379, "/health").Status)
				require.Equal(t, want, w.Get(host, 2379, "/pd/api/v1/members").Status)
			}
		})
	}
}

// The order of steps must not matter: a follower once kept its own cluster, and led with it when its leader was lost.
func TestAllPDsRememberTheSameCluster(t *testing.T) {
	for range 50 { // each run has another map order
		w := softwaretest.New(t)
		for n := range 3 {
			w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, 3))
		}
		w.Pass(10 * time.Second)
		for n := range 3 {
			pd := w.Hosts[fmt.Sprintf("pd%d", n)].Program
			require.Contains(t, []string{"leader", "follower"}, pd.State().Word)
			require.True(t, database.SameCluster(w.Hosts["pd0"].Program, pd), "pd%d", n)
		}
	}
}

func TestPDNeedsBothDirectionsAndItsName(t *testing.T) {
	for name, change := range map[string]func(*softwaretest.World){
		"a firewall that loses what pd1 sends": func(w *softwaretest.World) {
			w.Cut = func(from, to string, port int) bool { return from == "pd1" && port == 2380 }
		},
		"a firewall that loses what pd1 gets": func(w *softwaretest.World) {
			w.Cut = func(from, to string, port int) bool { return to == "pd1" && port == 2380 }
		},
		"a name that does not resolve": func(w *softwaretest.World) { w.Hosts["pd1"].Hidden = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := softwaretest.New(t)
			for n := range 2 {
				w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, 3))
			}
			change(w)
			w.Pass(20 * time.Second)
			require.Equal(t, 0, w.Get("pd0", 2379, "/health").Status)
			w.Cut, w.Hosts["pd1"].Hidden = nil, false
			w.Pass(5 * time.Second)
			require.Equal(t, 200, w.Get("pd0", 2379, "/health").Status, "it comes back by itself")
		})
	}
}

func TestPDAloneEndsAfterFiveMinutesWhateverThePace(t *testing.T) {
	w := softwaretest.New(t)
	p := softwaretest.PD(t, 0, 3)
	p.Pace = 50
	s := w.Place("pd0", p)
	w.Pass(database.PDQuorumTimeout - time.Second)
	require.Nil(t, s.Program.Exit())
	w.Pass(2 * time.Second)
	require.Equal(t, 1, s.Program.Exit().Code)
	require.Contains(t, s.Program.Exit().Reason, "etcd start canceled")
}

func TestPDThatLosesItsQuorumSaysSoAndStays(t *testing.T) {
	w := softwaretest.New(t)
	for n := range 3 {
		w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, 3))
	}
	w.Pass(10 * time.Second)
	w.Hosts["pd1"].Program, w.Hosts["pd2"].Program = nil, nil
	w.Pass(10 * time.Minute)
	require.Nil(t, w.Hosts["pd0"].Program.Exit())
	require.Equal(t, 503, w.Get("pd0", 2379, "/health").Status)
	require.Equal(t, 500, w.Get("pd0", 2379, "/pd/api/v1/stores").Status)
	w.Place("pd1", *w.Hosts["pd1"].Process)
	w.Pass(5 * time.Second)
	require.Equal(t, 200, w.Get("pd0", 2379, "/health").Status)
}

func TestPDElectsAnewWhenItsLeaderIsKilled(t *testing.T) {
	w := softwaretest.New(t)
	for n := range 3 {
		w.Place(fmt.Sprintf("pd%d", n), softwaretest.PD(t, n, 3))
	}
	w.Pass(10 * time.Second)
	leader := database.LeaderOfPD(w.Hosts["pd0"].Program)
	require.Same(t, leader, database.LeaderOfPD(w.Hosts["pd2"].Program), "one leads")
	survivor := "pd0"
	for name, s := range w.Hosts {
		if s.Program == leader {
			s.Program = nil
		} else {
			survivor = name
		}
	}
	w.Pass(5 * time.Second)
	require.Equal(t, 503, w.Get(survivor, 2379, "/health").Status, "its lease has to end first")
	w.Pass(15 * time.Second)
	require.Equal(t, 200, w.Get(survivor, 2379, "/health").Status)
}

func TestServersRefuseWhatTheyCannotRunWith(t *testing.T) {
	replace := func(p software.Process, old, new string) software.Process {
		p.Args = slices.Clone(p.Args)
		for i, arg := range p.Args {
			if arg == old {
				p.Args[i] = new
			}
		}
		return p
	}
	pd := func() software.Process { return softwaretest.PD(t, 0, 3) }
	tikv := func() software.Process { return softwaretest.TiKV(t, 0, 3) }
	for name, c := range map[string]struct {
		process software.Process
		reason  string
	}{
		"PD without its own name":      {replace(pd(), "--name=m0", "--name=x"), `couldn't find local name "x"`},
		"PD at another address":        {replace(pd(), "--advertise-peer-urls=http://pd0:2380", "--advertise-peer-urls=http://other:2380"), "missing from --advertise-peer-urls"},
		"PD without a volume":          {replace(pd(), "--data-dir=/data", "--data-dir=/elsewhere"), "not on a mounted volume"},
		"PD with a bare address":       {replace(pd(), "--client-urls=http://0.0.0.0:2379", "--client-urls=0.0.0.0:2379"), "client-urls"},
		"PD without its config":        {withArgs(pd(), "--config=/etc/pd.toml"), "/etc/pd.toml"},
		"TiKV with a scheme":           {replace(tikv(), "--pd="+softwaretest.PDList(3), "--pd=http://pd0:2379"), "without http://"},
		"TiKV that nobody can reach":   {replace(tikv(), "--advertise-addr=tikv0:20160", "--advertise-addr=0.0.0.0:20160"), "unspecified"},
		"TiDB of an unknown store":     {withArgs(softwaretest.TiDB(t, 3), "--store=x"), `store "x"`},
		"TiDB without its config":      {withArgs(softwaretest.TiDB(t, 3), "--config=/etc/tidb/tidb.toml"), "/etc/tidb/tidb.toml"},
		"TiDB with a config of rubble": {configured(withArgs(softwaretest.TiDB(t, 3), "--config=/etc/tidb/tidb.toml"), "/etc/tidb", "tidb.toml", "host = "), "tidb.toml"},
	} {
		t.Run(name, func(t *testing.T) {
			w := softwaretest.New(t)
			exit := w.Place("x", c.process).Program.Exit()
			require.NotNil(t, exit)
			require.NotZero(t, exit.Code)
			require.Contains(t, exit.Reason, c.reason)
		})
	}
}

func withArgs(p software.Process, args ...string) software.Process {
	p.Args = slices.Concat(p.Args, args)
	return p
}

func configured(p software.Process, at, name, content string) software.Process {
	p.Files = softwaretest.With(softwaretest.Disk("/data"), at, map[string]string{name: content})
	return p
}

func TestTiKVWaitsForPD(t *testing.T) {
	w := softwaretest.New(t)
	s := w.Place("tikv0", softwaretest.TiKV(t, 0, 3))
	w.Pass(10 * time.Minute)
	require.Nil(t, s.Program.Exit(), "it waits for ever")
	require.False(t, s.Program.Accepts(20180, false))
	w.Regions(1, 0)
	require.False(t, s.Program.Accepts(20180, false), "one PD of three is none")
	w.Regions(2, 0)
	require.Equal(t, 200, w.Get("tikv0", 20180, "/status").Status)
	require.Contains(t, w.Get("pd1", 2379, "/pd/api/v1/stores").Body, `"state_name": "Up"`)
	s.Program = nil
}

func TestTiDBGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		pds     int
		patient time.Duration
	}{
		"without PD":           {0, database.TiDBPDTimeout},
		"without a quorum":     {1, database.TiDBPDTimeout},
		"with PD without TiKV": {2, database.TiDBTiKVTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			w := softwaretest.New(t)
			w.Regions(c.pds, 0)
			s := w.Place("tidb", softwaretest.TiDB(t, 3))
			w.Pass(c.patient - time.Second)
			require.Nil(t, s.Program.Exit())
			require.False(t, s.Program.Accepts(10080, false))
			w.Pass(2 * time.Second)
			require.Equal(t, 1, s.Program.Exit().Code)
		})
	}
	w := softwaretest.New(t)
	w.Regions(2, 1)
	w.Cut = func(from, _ string, port int) bool { return from == "tidb" && port == 20160 }
	s := w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(database.TiDBTiKVTimeout + time.Second)
	require.NotNil(t, s.Program.Exit(), "a store that it cannot reach is none")
}

func TestTiDBReadsItsFiles(t *testing.T) {
	start := func(files map[string]string) (*softwaretest.World, *softwaretest.Host) {
		w := softwaretest.New(t)
		w.Regions(2, 2)
		p := softwaretest.TiDB(t, 3, "--config=/etc/tidb/tidb.toml")
		p.Files = softwaretest.With(softwaretest.Disk("/data"), "/etc/tidb", files)
		s := w.Place("tidb", p)
		w.Pass(10 * time.Second)
		return w, s
	}
	const config = "port = 4001\ninitialize-sql-file = \"/etc/tidb/init.sql\"\ngraceful-wait-before-shutdown = 10\n[status]\nstatus-port = 10081\n"
	_, s := start(map[string]string{"tidb.toml": config})
	require.Contains(t, s.Program.Exit().Reason, "InitializeSQLFile")
	w, s := start(map[string]string{"tidb.toml": config, "init.sql": "SELECT 1;"})
	require.Equal(t, 200, w.Get("tidb", 10081, "/status").Status)
	require.True(t, s.Program.Accepts(4001, false))
	require.False(t, s.Program.Accepts(4000, false))
	s.Program.Stop(w.Now)
	require.Equal(t, 500, w.Get("tidb", 10081, "/status").Status, "it says at once that it goes")
	w.Pass(9 * time.Second)
	require.True(t, s.Program.Accepts(4001, false), "and serves for the graceful wait")
	w.Pass(2 * time.Second)
	require.Zero(t, s.Program.Exit().Code)
}

func TestSQLNeedsAMajorityOfTheStores(t *testing.T) {
	w := softwaretest.New(t)
	w.Regions(3, 3)
	s := w.Place("tidb", softwaretest.TiDB(t, 3))
	w.Pass(10 * time.Second)
	sql := func() error { return database.SQL(s.Program) }
	require.NoError(t, sql())
	w.Hosts["tikv0"].Program = nil
	w.Pass(database.LongestElection)
	require.NoError(t, sql(), "one region of three may go")
	w.Hosts["tikv1"].Program = nil
	w.Pass(time.Second)
	require.ErrorContains(t, sql(), "majority")
	require.Equal(t, 200, w.Get("tidb", 10080, "/status").Status, "its status does not know")
	w.Place("tikv1", *w.Hosts["tikv1"].Process)
	w.Pass(30 * time.Second)
	require.NoError(t, sql())
	w.Hosts["pd0"].Program, w.Hosts["pd1"].Program = nil, nil
	w.Pass(time.Second)
	require.Error(t, sql(), "no timestamps without PD")
}
