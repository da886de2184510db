package shell_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/machines/software/softwaretest"
)

// sites is a database of three regions, each with a TiDB, a WordPress and its health pages, which reach TiDB, but not PD.
func sites(t *testing.T) *softwaretest.World {
	w := regional(t, 3)
	w.Cut = func(from, to string, _ int) bool {
		return (strings.HasPrefix(from, "web") || strings.HasPrefix(from, "page")) && strings.HasPrefix(to, "pd")
	}
	for n := range 3 {
		w.Place(fmt.Sprintf("tidb%d", n), softwaretest.TiDB(t, 3))
		site, page := softwaretest.WordPress(t), softwaretest.Health(t)
		site.Env["WORDPRESS_DB_HOST"] = fmt.Sprintf("tidb%d:4000", n)
		page.Env["WORDPRESS_DB_HOST"], page.Env["REGION"] = site.Env["WORDPRESS_DB_HOST"], fmt.Sprintf("r%d", n)
		w.Together(w.Place(fmt.Sprintf("web%d", n), site), w.Place(fmt.Sprintf("page%d", n), page))
	}
	w.Pass(time.Minute)
	return w
}

// primary runs the Job that places the data, and the one that waits for the leaders, if they are to be in one region.
func primary(t *testing.T, w *softwaretest.World, region, member string) {
	t.Helper()
	replication := w.Place("replication", operation(t, "replication", 0, "STORES", "tikv0:20160 tikv1:20160 tikv2:20160", "REPLICAS", "3",
		"MEMBERS", "m0 m1 m2", "PRIMARY", region, "PRIMARY_MEMBER", member))
	require.Zero(t, w.WaitExit(replication), replication.Logs)
	if region != "" {
		store := "tikv" + strings.TrimPrefix(member, "m") + ":20160"
		lead := w.Place("leaders", operation(t, "leaders", 0, "PRIMARY", region, "STORE", store))
		require.Zero(t, w.WaitExit(lead), lead.Logs)
	}
	w.Pass(2 * time.Minute)
}

// pages returns the answers of all regions' pages that follow the leaders, with those of their health pages.
func pages(w *softwaretest.World) (all string) {
	for n := range 3 {
		host := fmt.Sprintf("page%d", n)
		if w.Hosts[host].Program == nil {
			all += "lost, "
			continue
		}
		w.GetAfter(3*time.Second, host, 8081, "/healthz.php")
		all += strings.TrimSpace(w.Get(host, 8081, "/leaderz.php").Body) + ", "
	}
	return strings.TrimSuffix(all, ", ")
}

// leaders returns the number of leaders by region.
func leaders(t *testing.T, w *softwaretest.World, pd string) (counts [3]int) {
	t.Helper()
	var list struct {
		Stores []struct {
			Store  struct{ Address string }
			Status struct {
				Leaders int `json:"leader_count"`
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(w.Get(pd, 2379, "/pd/api/v1/stores").Body), &list))
	for _, s := range list.Stores {
		counts[s.Store.Address[len("tikv")]-'0'] = s.Status.Leaders
	}
	return counts
}

const elsewhere = "the leaders are in another region"

// A primary region leads, another takes over while it is lost, and at no moment do all regions send away what writes.
func TestThePrimaryRegionLeads(t *testing.T) {
	t.Parallel()
	w := sites(t)
	require.Equal(t, [3]int{1, 1, 1}, leaders(t, w, "pd0"))
	require.Equal(t, "ok, ok, ok", pages(w), "leaders everywhere")

	primary(t, w, "r2", "m2")
	require.Equal(t, [3]int{0, 0, 3}, leaders(t, w, "pd0"))
	require.Contains(t, w.Get("pd0", 2379, "/pd/api/v1/leader").Body, `"m2"`)
	require.Equal(t, elsewhere+", "+elsewhere+", ok", pages(w))

	w.Kill("pd2", "tikv2", "tidb2", "web2", "page2")
	for range 60 {
		w.Pass(time.Second)
		require.Regexp(t, "ok|the database pauses", pages(w), "no region takes what writes")
	}
	require.Equal(t, 3, leaders(t, w, "pd0")[0]+leaders(t, w, "pd0")[1])
	for _, name := range []string{"pd2", "tikv2", "tidb2", "web2", "page2"} {
		w.Place(name, *w.Hosts[name].Process)
	}
	w.Together(w.Hosts["web2"], w.Hosts["page2"])
	w.Pass(3 * time.Minute)
	require.Equal(t, [3]int{0, 0, 3}, leaders(t, w, "pd0"), "the region leads again")
	require.Contains(t, w.Get("pd0", 2379, "/pd/api/v1/leader").Body, `"m2"`)

	primary(t, w, "r0", "m0")
	require.Equal(t, "ok, "+elsewhere+", "+elsewhere, pages(w))
	primary(t, w, "", "")
	require.Equal(t, [3]int{1, 1, 1}, leaders(t, w, "pd0"))
	require.Equal(t, "ok, ok, ok", pages(w))
}

// While leaders are spread over all regions, what writes must not be sent to one of them.
func TestTheLeadersAreWaitedFor(t *testing.T) {
	t.Parallel()
	w := sites(t)
	job := w.Place("leaders", operation(t, "leaders", 0, "PRIMARY", "r2", "STORE", "tikv2:20160"))
	waits(t, w, job)
	require.Contains(t, job.Logs, "the leaders are not in r2 yet: 1 1")
}

// The page repeats what the health page has said: a region with the leaders may have no site to serve them.
func TestTheLeadersPageFollowsTheHealthPage(t *testing.T) {
	t.Parallel()
	w := sites(t)
	primary(t, w, "r2", "m2")
	require.Equal(t, elsewhere+", "+elsewhere+", ok", pages(w))
	w.Pass(20 * time.Second)
	require.Equal(t, "nobody has asked healthz.php\n", w.Get("page2", 8081, "/leaderz.php").Body)
	require.Equal(t, 503, w.Get("page2", 8081, "/leaderz.php").Status)
	w.Kill("web2")
	w.Pass(time.Second)
	require.Contains(t, pages(w), "the site's web server takes no connections")
	require.Equal(t, 503, w.Get("page2", 8081, "/leaderz.php").Status)
}

// A region without a store cannot lead: PD refuses, and the Job says so instead of ending.
func TestAPrimaryRegionNeedsAStore(t *testing.T) {
	t.Parallel()
	w := regional(t, 3)
	job := w.Place("replication", operation(t, "replication", 0, "STORES", "tikv0:20160 tikv1:20160 tikv2:20160", "REPLICAS", "3",
		"MEMBERS", "m0 m1 m2", "PRIMARY", "r7", "PRIMARY_MEMBER", "m7"))
	waits(t, w, job)
	require.Contains(t, strings.Join(job.Logs, "\n"), "can not match any store")
}
