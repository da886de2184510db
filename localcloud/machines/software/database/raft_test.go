package database_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/softwaretest"
)

const longest = database.LongestElection

// three is a world of three regions.
type three struct{ *softwaretest.World }

// trio is the whole database in three regions, each with a WordPress and the declared health page beside it.
func trio(t *testing.T, pace software.Pace) three {
	w := three{softwaretest.New(t)}
	paced := func(p software.Process) software.Process { p.Pace = pace; return p }
	for n := range 3 {
		w.Place(fmt.Sprintf("pd%d", n), paced(softwaretest.PD(t, n, 3)))
		w.Place(fmt.Sprintf("tikv%d", n), paced(softwaretest.TiKV(t, n, 3)))
	}
	w.Pass(10 * time.Second)
	settings := softwaretest.Declared(t, "wordpress/files/php.ini.tmpl")
	for n := range 3 {
		w.Place(fmt.Sprintf("tidb%d", n), paced(softwaretest.TiDB(t, 3)))
		p := paced(softwaretest.WordPress(t))
		p.Env["WORDPRESS_DB_HOST"] = fmt.Sprintf("tidb%d:4000", n)
		p.Files.Mounts = append(p.Files.Mounts,
			software.Mount{Path: "/usr/local/etc/php/conf.d/zz.ini", Sub: "php.ini", Volume: software.NewVolume(software.Config, map[string][]byte{"php.ini": settings})})
		page := paced(softwaretest.Health(t))
		page.Env["WORDPRESS_DB_HOST"] = p.Env["WORDPRESS_DB_HOST"]
		w.Together(w.Place(fmt.Sprintf("web%d", n), p), w.Place(fmt.Sprintf("page%d", n), page))
	}
	w.Pass(database.RaftRebalance + 10*time.Second) // every store then leads some regions
	for n := range 3 {
		require.NoError(t, w.sql(n))
		require.Equal(t, fmt.Sprintf("tikv%d:20160", n), database.LeaderOf(w.Hosts[fmt.Sprintf("tikv%d", n)].Program, fmt.Sprintf("tikv%d:20160", n)))
		require.Equal(t, 200, w.health(n, 0))
	}
	return w
}

// lose kills the programs of a region.
func (w three) lose(n int) {
	for _, name := range []string{"pd", "tikv", "tidb", "web", "page"} {
		w.Kill(fmt.Sprintf("%s%d", name, n))
	}
}

// heal restarts a region's programs on their disks.
func (w three) heal(n int) {
	for _, name := range []string{"pd", "tikv", "tidb", "web", "page"} {
		host := fmt.Sprintf("%s%d", name, n)
		w.Place(host, *w.Hosts[host].Process)
	}
}

func (w three) sql(n int) error {
	return database.SQL(w.Hosts[fmt.Sprintf("tidb%d", n)].Program)
}

// health returns the status of a region's health page, for a client with a timeout.
func (w three) health(n int, timeout time.Duration) int {
	return w.GetAfter(timeout, fmt.Sprintf("page%d", n), 8081, "/healthz.php").Status
}

// leaderOfPD returns the region of PD's leader.
func (w three) leaderOfPD() int {
	for n := range 3 {
		if p := w.Hosts[fmt.Sprintf("pd%d", n)].Program; p != nil && p.State().Word == "leader" {
			return n
		}
	}
	return -1
}

func TestALostRegionPausesTheOthersForAnElection(t *testing.T) {
	for _, pace := range []software.Pace{1, 20} { // an election takes equally long at any pace
		for lost := range 3 {
			t.Run(fmt.Sprintf("region %d at pace %v", lost, pace), func(t *testing.T) {
				w := trio(t, pace)
				w.lose(lost)
				survivor := (lost + 1) % 3
				w.Pass(time.Second)
				var paused *database.Pause
				require.True(t, errors.As(w.sql(survivor), &paused), "%v", w.sql(survivor))
				require.Equal(t, 0, w.health(survivor, time.Second), "the page waits for its read")
				require.Equal(t, 200, w.health(survivor, 2*time.Second), "and then says that it pauses")
				require.Equal(t, 0, w.GetAfter(10*time.Second, fmt.Sprintf("web%d", survivor), 80, "/").Status, "WordPress waits")
				w.Pass(database.RaftElectionLeast - 2*time.Second)
				require.Error(t, w.sql(survivor), "nothing is elected before the followers lose patience")
				w.Pass(longest - (database.RaftElectionLeast - time.Second))
				require.NoError(t, w.sql(survivor))
				require.NoError(t, w.sql((lost+2)%3))
				require.Equal(t, 302, w.Get(fmt.Sprintf("web%d", survivor), 80, "/").Status)

				// The region returns without a pause, and later leads again.
				w.heal(lost)
				for range 40 {
					w.Pass(time.Second)
					require.NoError(t, w.sql(survivor))
				}
				require.NoError(t, w.sql(lost))
				address := fmt.Sprintf("tikv%d:20160", lost)
				require.Equal(t, address, database.LeaderOf(w.Hosts[fmt.Sprintf("tikv%d", survivor)].Program, address))
			})
		}
	}
}

func TestTwoLostRegionsLeaveNoQuorum(t *testing.T) {
	w := trio(t, 10)
	w.lose(0)
	w.lose(2)
	w.Pass(longest)
	require.ErrorContains(t, w.sql(1), "ERROR 9001", "PD has no quorum, so there are no timestamps")
	// healthz.php declares for how long a pause counts as an election.
	declared := regexp.MustCompile(`const PAUSE_SECONDS = (\d+);`).FindSubmatch(softwaretest.Declared(t, "wordpress/files/healthz.php"))
	seconds, err := strconv.Atoi(string(declared[1]))
	require.NoError(t, err)
	tolerated := time.Duration(seconds) * time.Second
	require.Greater(t, tolerated, longest, "an election must not empty the rotation")
	w.Pass(tolerated - longest - 2*time.Second)
	require.Equal(t, 200, w.health(1, 5*time.Second))
	w.Pass(4 * time.Second)
	require.Equal(t, 503, w.health(1, 5*time.Second))
	front := w.GetAfter(database.TiDBTimestampTimeout, "web1", 80, "/")
	require.Equal(t, 500, front.Status)
	require.Contains(t, front.Body, "Error establishing a database connection")
	require.Equal(t, 0, w.GetAfter(database.TiDBTimestampTimeout-time.Second, "web1", 80, "/").Status, "not before TiDB gives up")

	// One returning region is enough; no action is needed.
	w.heal(2)
	w.Pass(2 * longest)
	require.NoError(t, w.sql(1))
	require.NoError(t, w.sql(2))
	require.Equal(t, 200, w.health(1, 0))
}

func TestALostTiDBIsNoPause(t *testing.T) {
	w := trio(t, 10)
	w.Hosts["tidb1"].Program = nil
	w.Pass(time.Second)
	require.Equal(t, 503, w.health(1, 0), "a refused connection is the region's own failure")
	require.Equal(t, 500, w.Get("web1", 80, "/").Status)
	require.Equal(t, 200, w.health(0, 0))
}

func TestAStoreThatIsToldToStopHandsItsLeadersOver(t *testing.T) {
	w := trio(t, 1)
	s := w.Hosts["tikv1"]
	s.Program.Stop(w.Now)
	for range 300 {
		w.Pass(100 * time.Millisecond)
		require.NoError(t, w.sql(0), "nobody waits for an election")
	}
	require.NotNil(t, s.Program.Exit())
}

func TestAStoreHandsItsLeadersOverEvenIfNobodyLooks(t *testing.T) {
	w := trio(t, 10)
	s := w.Hosts["tikv1"]
	s.Program.Stop(w.Now)
	w.Now = w.Now.Add(time.Second) // a busy machine: the next step comes after the shutdown
	w.Pass(time.Second)
	require.NotNil(t, s.Program.Exit())
	require.NoError(t, w.sql(0), "nobody waits for an election")
}

// A region that is cut off from the two others has no quorum; the others have one.
func TestARegionThatIsCutOff(t *testing.T) {
	w := trio(t, 10)
	alone := w.leaderOfPD()
	in := func(host string) int { return int(host[len(host)-1] - '0') }
	w.Cut = func(from, to string, _ int) bool { return in(from) != in(to) && (in(from) == alone || in(to) == alone) }
	w.Pass(longest)
	require.Error(t, w.sql(alone))
	for n := range 3 {
		if n != alone {
			require.NoError(t, w.sql(n))
		}
	}
	require.NotEqual(t, alone, w.leaderOfPD())
	w.Pass(time.Minute)
	require.Equal(t, 503, w.health(alone, 5*time.Second), "it goes out of rotation in the end")
	w.Cut = nil
	w.Pass(longest)
	require.NoError(t, w.sql(alone))
}

// Two regions do not reach each other, and a third reaches both. TiDB connects to leaders directly, so only the third
// can serve. The two hold no needless elections.
func TestAPartitionOfTwoRegions(t *testing.T) {
	w := trio(t, 10)
	leader := w.leaderOfPD()
	other, third := (leader+1)%3, (leader+2)%3
	in := func(host string) int { return int(host[len(host)-1] - '0') }
	w.Cut = func(from, to string, _ int) bool {
		return in(from)+in(to) == leader+other && in(from) != in(to) && in(from) != third
	}
	for range 60 {
		w.Pass(time.Second)
		require.NoError(t, w.sql(third))
	}
	require.Equal(t, leader, w.leaderOfPD(), "a member that another outvotes elects nobody")
	require.ErrorContains(t, w.sql(other), "ERROR 9001")
	require.ErrorContains(t, w.sql(leader), "ERROR 9005")
	w.Cut = nil
	w.Pass(2 * time.Second)
	require.NoError(t, w.sql(other))
	require.NoError(t, w.sql(leader))
}

// With three replicas on five stores, two lost stores can be a majority of some regions' replicas.
func TestReplicasAreAsManyAsPDSays(t *testing.T) {
	for replicas, survives := range map[int]bool{3: false, 5: true} {
		t.Run(fmt.Sprint(replicas), func(t *testing.T) {
			w := softwaretest.New(t)
			for n := range 3 {
				p := configured(withArgs(softwaretest.PD(t, n, 3), "--config=/etc/pd/pd.toml"), "/etc/pd", "pd.toml",
					fmt.Sprintf("[replication]\nmax-replicas = %d\n", replicas))
				w.Place(fmt.Sprintf("pd%d", n), p)
			}
			for n := range 5 {
				w.Place(fmt.Sprintf("tikv%d", n), softwaretest.TiKV(t, n, 3))
			}
			w.Pass(10 * time.Second)
			s := w.Place("tidb", softwaretest.TiDB(t, 3))
			w.Pass(10 * time.Second)
			require.NoError(t, database.SQL(s.Program))
			for _, name := range []string{"tikv1", "tikv2"} {
				w.Kill(name)
			}
			w.Pass(longest)
			if survives {
				require.NoError(t, database.SQL(s.Program))
			} else {
				require.ErrorContains(t, database.SQL(s.Program), "majority")
			}
		})
	}
}
