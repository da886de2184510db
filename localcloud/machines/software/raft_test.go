package software

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// longest is longer than any election takes.
const longest = raftElectionLeast + raftElectionSpread + time.Second

// declaredHealth is the health page's web server with its declared files.
func declaredHealth(t *testing.T) Process {
	read := func(name string) *Volume {
		content, err := os.ReadFile("../../../components/wordpress/files/" + name)
		require.NoError(t, err)
		return NewVolume(Config, map[string][]byte{name: content})
	}
	return Process{
		Image:   image(t, "wordpress:7.1.0-php8.3-apache"),
		Command: []string{"apache2-foreground", "-f", "/etc/geo-wordpress/health.conf"}, // what the declared shell executes
		Env:     map[string]string{"WORDPRESS_DB_HOST": "tidb:4000"},
		User:    33,
		Files: &Filesystem{ReadOnly: true, Mounts: []Mount{
			{Path: "/etc/geo-wordpress/health.conf", Sub: "health.conf.tmpl", Volume: read("health.conf.tmpl")},
			{Path: "/etc/geo-wordpress/health/healthz.php", Sub: "healthz.php", Volume: read("healthz.php")},
			{Path: "/run/apache2", Volume: NewVolume(Empty, nil)},
			{Path: "/tmp", Volume: NewVolume(Empty, nil)},
			{Path: "/wp-content", Volume: NewVolume(NFS, nil), ReadOnly: true},
		}},
	}
}

// trio is the whole database in three regions, each with a WordPress and the declared health page beside it.
func trio(t *testing.T, pace Pace) *planet {
	w := newPlanet(t)
	paced := func(p Process) Process { p.Pace = pace; return p }
	for n := range 3 {
		w.place(fmt.Sprintf("pd%d", n), paced(pdProcess(t, n, 3)))
		w.place(fmt.Sprintf("tikv%d", n), paced(tikvProcess(t, n, 3)))
	}
	w.pass(10 * time.Second)
	settings, err := os.ReadFile("../../../components/wordpress/files/php.ini.tmpl")
	require.NoError(t, err)
	for n := range 3 {
		w.place(fmt.Sprintf("tidb%d", n), paced(tidbProcess(t, 3)))
		p := paced(wordpressProcess(t))
		p.Env["WORDPRESS_DB_HOST"] = fmt.Sprintf("tidb%d:4000", n)
		p.Files.Mounts = append(p.Files.Mounts,
			Mount{Path: phpDirectory + "/zz.ini", Sub: "php.ini", Volume: NewVolume(Config, map[string][]byte{"php.ini": settings})})
		page := paced(declaredHealth(t))
		page.Env["WORDPRESS_DB_HOST"] = p.Env["WORDPRESS_DB_HOST"]
		w.together(w.place(fmt.Sprintf("web%d", n), p), w.place(fmt.Sprintf("page%d", n), page))
	}
	w.pass(raftRebalance + 10*time.Second) // every store then leads some regions
	for n := range 3 {
		require.NoError(t, w.sql(n))
		require.Equal(t, fmt.Sprintf("tikv%d:20160", n), w.cluster(n).groups[fmt.Sprintf("tikv%d:20160", n)].leader.advertise.String())
		require.Equal(t, 200, w.health(n, 0))
	}
	return w
}

// lose kills the programs of a region.
func (w *planet) lose(n int) {
	for _, name := range []string{"pd", "tikv", "tidb", "web", "page"} {
		s := w.host[fmt.Sprintf("%s%d", name, n)]
		if s.program != nil {
			Kill(s.program)
			s.program = nil
		}
	}
}

// heal restarts a region's programs on their disks.
func (w *planet) heal(n int) {
	for _, name := range []string{"pd", "tikv", "tidb", "web", "page"} {
		s := w.host[fmt.Sprintf("%s%d", name, n)]
		w.place(s.name, *s.process)
	}
}

func (w *planet) sql(n int) error { return w.host[fmt.Sprintf("tidb%d", n)].program.(sqlServer).sql() }

func (w *planet) cluster(n int) *tidbCluster {
	return w.host[fmt.Sprintf("tikv%d", n)].program.(*tikv).cluster
}

// health returns the status of a region's health page, for a client with patience as its timeout.
func (w *planet) health(n int, patience time.Duration) int {
	return w.getAfter(patience, fmt.Sprintf("page%d", n), 8081, "/healthz.php").Status
}

// leaderOfPD returns the region of PD's leader.
func (w *planet) leaderOfPD() int {
	for n := range 3 {
		if d, ok := w.host[fmt.Sprintf("pd%d", n)].program.(*pd); ok && d.serving && d.leader == d {
			return n
		}
	}
	return -1
}

func TestALostRegionPausesTheOthersForAnElection(t *testing.T) {
	for _, pace := range []Pace{1, 20} { // an election takes equally long at any pace
		for lost := range 3 {
			t.Run(fmt.Sprintf("region %d at pace %v", lost, pace), func(t *testing.T) {
				w := trio(t, pace)
				w.lose(lost)
				survivor := (lost + 1) % 3
				w.pass(time.Second)
				var paused *pause
				require.True(t, errors.As(w.sql(survivor), &paused), "%v", w.sql(survivor))
				require.Equal(t, 0, w.health(survivor, time.Second), "the page waits for its read")
				require.Equal(t, 200, w.health(survivor, 2*time.Second), "and then says that it pauses")
				require.Equal(t, 0, w.getAfter(10*time.Second, fmt.Sprintf("web%d", survivor), 80, "/").Status, "WordPress waits")
				w.pass(raftElectionLeast - 2*time.Second)
				require.Error(t, w.sql(survivor), "nothing is elected before the followers lose patience")
				w.pass(longest - (raftElectionLeast - time.Second))
				require.NoError(t, w.sql(survivor))
				require.NoError(t, w.sql((lost+2)%3))
				require.Equal(t, 302, w.get(fmt.Sprintf("web%d", survivor), 80, "/").Status)

				// The region returns without a pause, and later leads again.
				w.heal(lost)
				for range 40 {
					w.pass(time.Second)
					require.NoError(t, w.sql(survivor))
				}
				require.NoError(t, w.sql(lost))
				address := fmt.Sprintf("tikv%d:20160", lost)
				require.Equal(t, address, w.cluster(survivor).groups[address].leader.advertise.String())
			})
		}
	}
}

func TestTwoLostRegionsLeaveNoQuorum(t *testing.T) {
	w := trio(t, 10)
	w.lose(0)
	w.lose(2)
	w.pass(longest)
	require.ErrorContains(t, w.sql(1), "ERROR 9001", "PD has no quorum, so there are no timestamps")
	// healthz.php declares for how long a pause counts as an election.
	page := readCheck(string(must(w.host["page1"].process.Files.Read("/etc/geo-wordpress/health/healthz.php"))), phpSettings{})
	require.NotZero(t, page.tolerated)
	require.Greater(t, page.tolerated, longest, "an election must not empty the rotation")
	w.pass(page.tolerated - longest - 2*time.Second)
	require.Equal(t, 200, w.health(1, 5*time.Second))
	w.pass(4 * time.Second)
	require.Equal(t, 503, w.health(1, 5*time.Second))
	front := w.getAfter(tidbTimestampPatience, "web1", 80, "/")
	require.Equal(t, 500, front.Status)
	require.Contains(t, front.Body, "Error establishing a database connection")
	require.Equal(t, 0, w.getAfter(tidbTimestampPatience-time.Second, "web1", 80, "/").Status, "not before TiDB gives up")

	// One returning region is enough; no action is needed.
	w.heal(2)
	w.pass(2 * longest)
	require.NoError(t, w.sql(1))
	require.NoError(t, w.sql(2))
	require.Equal(t, 200, w.health(1, 0))
}

func must(content []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return content
}

func TestALostTiDBIsNoPause(t *testing.T) {
	w := trio(t, 10)
	w.host["tidb1"].program = nil
	w.pass(time.Second)
	require.Equal(t, 503, w.health(1, 0), "a refused connection is the region's own failure")
	require.Equal(t, 500, w.get("web1", 80, "/").Status)
	require.Equal(t, 200, w.health(0, 0))
}

func TestAStoreThatIsToldToStopHandsItsLeadersOver(t *testing.T) {
	w := trio(t, 1)
	s := w.host["tikv1"]
	s.program.Stop(w.now)
	for range 300 {
		w.pass(100 * time.Millisecond)
		require.NoError(t, w.sql(0), "nobody waits for an election")
	}
	require.NotNil(t, s.program.Exit())
}

// A region that is cut off from the two others has no quorum; the others have one.
func TestARegionThatIsCutOff(t *testing.T) {
	w := trio(t, 10)
	alone := w.leaderOfPD()
	in := func(host string) int { return int(host[len(host)-1] - '0') }
	w.cut = func(from, to string, _ int) bool { return in(from) != in(to) && (in(from) == alone || in(to) == alone) }
	w.pass(longest)
	require.Error(t, w.sql(alone))
	for n := range 3 {
		if n != alone {
			require.NoError(t, w.sql(n))
		}
	}
	require.NotEqual(t, alone, w.leaderOfPD())
	w.pass(time.Minute)
	require.Equal(t, 503, w.health(alone, 5*time.Second), "it goes out of rotation in the end")
	w.cut = nil
	w.pass(longest)
	require.NoError(t, w.sql(alone))
}

// Two regions do not reach each other, and a third reaches both. TiDB connects to leaders directly, so only the third
// can serve. The two hold no needless elections.
func TestAPartitionOfTwoRegions(t *testing.T) {
	w := trio(t, 10)
	leader := w.leaderOfPD()
	other, third := (leader+1)%3, (leader+2)%3
	in := func(host string) int { return int(host[len(host)-1] - '0') }
	w.cut = func(from, to string, _ int) bool {
		return in(from)+in(to) == leader+other && in(from) != in(to) && in(from) != third
	}
	for range 60 {
		w.pass(time.Second)
		require.NoError(t, w.sql(third))
	}
	require.Equal(t, leader, w.leaderOfPD(), "a member that another outvotes elects nobody")
	require.ErrorContains(t, w.sql(other), "ERROR 9001")
	require.ErrorContains(t, w.sql(leader), "ERROR 9005")
	w.cut = nil
	w.pass(2 * time.Second)
	require.NoError(t, w.sql(other))
	require.NoError(t, w.sql(leader))
}

// With three replicas on five stores, two lost stores can be a majority of some regions' replicas.
func TestReplicasAreAsManyAsPDSays(t *testing.T) {
	for replicas, survives := range map[int]bool{3: false, 5: true} {
		t.Run(fmt.Sprint(replicas), func(t *testing.T) {
			w := newPlanet(t)
			for n := range 3 {
				p := configured(withArgs(pdProcess(t, n, 3), "--config=/etc/pd/pd.toml"), "/etc/pd", "pd.toml",
					fmt.Sprintf("[replication]\nmax-replicas = %d\n", replicas))
				w.place(fmt.Sprintf("pd%d", n), p)
			}
			for n := range 5 {
				w.place(fmt.Sprintf("tikv%d", n), tikvProcess(t, n, 3))
			}
			w.pass(10 * time.Second)
			s := w.place("tidb", tidbProcess(t, 3))
			w.pass(10 * time.Second)
			require.NoError(t, s.program.(sqlServer).sql())
			for _, name := range []string{"tikv1", "tikv2"} {
				Kill(w.host[name].program)
				w.host[name].program = nil
			}
			w.pass(longest)
			if survives {
				require.NoError(t, s.program.(sqlServer).sql())
			} else {
				require.ErrorContains(t, s.program.(sqlServer).sql(), "majority")
			}
		})
	}
}

func TestReadCheck(t *testing.T) {
	plain := readCheck("<?php", phpSettings{time.Minute, time.Hour})
	require.Equal(t, checkPage{connect: time.Minute, read: time.Hour}, plain)
	page := readCheck(`<?php
const PAUSE_SECONDS = 7;
const LAST_READ     = "/tmp/last";
const PAUSES = array( 2006, 9001 );
$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 3 );
const SITE_PORT = 80;
const FILES = '/files';
const FILES_SECONDS = 5;
$db->options( MYSQLI_OPT_READ_TIMEOUT, 4 );`, phpSettings{time.Minute, time.Hour})
	require.Equal(t, checkPage{tolerated: 7 * time.Second, lastRead: "/tmp/last", pauses: []int{2006, 9001}, connect: 3 * time.Second,
		read: 4 * time.Second, site: 80, shared: "/files", filesWait: 5 * time.Second}, page)
}
