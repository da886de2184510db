package conformance_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// site is a configuration that makes the stack install the site.
var site = map[string]string{
	"geo-wordpress:site": `{"title":"Überall & 你好","adminUser":"editor","adminEmail":"editor@example.com"}`,
}

// The install Jobs of all regions run at once, each with its region's TiDB, and create one site. What needs a site in
// every region, but not its files, then follows in the same world.
func TestWordPressEveryRegion(t *testing.T) {
	w := world.New(t, committed(t, site))
	startPDs(w)
	tidbs := startTiDBs(w, w.Stack.Regions)
	said := make([]string, len(w.Stack.Regions))
	var wait sync.WaitGroup
	for i, region := range w.Stack.Regions {
		wait.Go(func() {
			pods, err := w.Job(region.Name, "wordpress-install")
			if err != nil {
				said[i] = err.Error()
				return
			}
			lines := strings.Split(strings.TrimSpace(pods[len(pods)-1].Log("wordpress-install")), "\n")
			said[i] = lines[len(lines)-1]
		})
	}
	wait.Wait()
	count := map[string]int{}
	for _, text := range said {
		count[text]++
	}
	if count["installed"] != 1 || count["already installed"] != len(said)-1 {
		t.Errorf("the Jobs say %q", said)
	}
	db := w.Database(tidbs[1], "root", w.Stack.Output("database", "rootPassword"))
	for query, want := range map[string]string{
		"SELECT user_login, user_email FROM wordpress.wp_users":                                           "editor editor@example.com",
		"SELECT option_value FROM wordpress.wp_options WHERE option_name = 'siteurl'":                     w.Stack.Output("site_url"),
		"SELECT option_value FROM wordpress.wp_options WHERE option_name = 'blog_public'":                 "1",
		"SELECT option_value FROM wordpress.wp_options WHERE option_name = 'blogname'":                    "Überall &amp; 你好",
		"SELECT COUNT(*) FROM wordpress.wp_posts WHERE post_type = 'post'":                                "1",
		"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'wordpress'":                 "12",
		"SELECT DISTINCT table_collation FROM information_schema.tables WHERE table_schema = 'wordpress'": "utf8mb4_general_ci",
	} {
		if got := rows(t, db, query); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", query, got, want)
		}
	}
	values := maps.Clone(site)
	values["geo-wordpress:staging"] = "true"
	copied := committed(t, values)
	var pods []*kubelet.Pod
	t.Run("CronOnce", func(t *testing.T) { pods = cronOnce(t, w, tidbs, copied) })
	if len(pods) > 0 {
		t.Run("SendsNoMail", func(t *testing.T) { sendsNoMail(t, w, pods[0]) })
		t.Run("Staging", func(t *testing.T) { isStaging(t, w, tidbs[0], pods) })
	}
	noFailedSQL(t, tidbs...)
}

// While one region installs, there are tables without a site, and another region waits. If nobody installs, such tables
// are a failure.
func TestWordPressInstallWaits(t *testing.T) {
	w := world.New(t, committed(t, site))
	region := w.Stack.Regions[0].Name
	db := w.Database(startDatabase(w), "root", w.Stack.Output("database", "rootPassword"))
	installing, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		t.Helper()
		if _, err := installing.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run("CREATE TABLE wordpress.wp_options (option_id BIGINT PRIMARY KEY, option_name VARCHAR(191), option_value TEXT, autoload VARCHAR(20))")
	damaged := w.Start(region, "wordpress-install")
	ends(t, w, damaged)
	if damaged.Succeeded() {
		t.Errorf("with tables and no site the Job says that all is well:\n%s", w.Describe(damaged))
	}

	run("DO GET_LOCK('geo_wordpress_install', 1)")
	waits := w.Start(region, "wordpress-install")
	time.Sleep(10 * time.Second)
	if !running(waits) {
		t.Fatalf("the Job does not wait for another region's:\n%s", w.Describe(waits))
	}
	run("DROP TABLE wordpress.wp_options")
	run("DO RELEASE_LOCK('geo_wordpress_install')")
	ends(t, w, waits)
	if !waits.Succeeded() || !strings.Contains(waits.Log("wordpress-install"), "installed") {
		t.Errorf("the Job that waited fails:\n%s", w.Describe(waits))
	}
}

// A start that is cut off leaves no incomplete theme or plugin, which the next start would take for the site's own.
func TestWordPressStartsWhole(t *testing.T) {
	w := world.New(t, committed(t, nil))
	region, other := w.Stack.Regions[0].Name, w.Stack.Regions[1].Name
	inPlace := func(p *kubelet.Pod) {
		t.Helper()
		w.Eventually(2*time.Minute, "WordPress is in place", func() error {
			if !strings.Contains(p.Log("wordpress"), "WordPress is in place") {
				return errors.New(w.Describe(p))
			}
			return nil
		})
		unharmed(t, w, p)
	}
	inPlace(w.Start(other, "wordpress"))
	want := treeOf(t, w.Files(other))

	volume := w.Files(region)
	cutOff := w.Start(region, "wordpress")
	begun := func() bool {
		for _, place := range []string{"plugins/*", "themes/*", "upgrade/*/*"} {
			if found, _ := filepath.Glob(filepath.Join(volume, place)); len(found) > 0 {
				return true
			}
		}
		return false
	}
	for deadline := time.Now().Add(2 * time.Minute); !begun(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the copying has not begun\n%s", w.Describe(cutOff))
		}
	}
	cutOff.PowerOff()
	// Every theme and plugin that exists has all its files.
	there := treeOf(t, volume)
	for path := range want {
		parts := strings.Split(path, "/") // themes, its name, its files
		if len(parts) > 2 && there[filepath.Join(parts[:2]...)] != "" && there[path] != want[path] {
			t.Fatalf("%s is there without %s", filepath.Join(parts[:2]...), path)
		}
	}

	inPlace(w.Start(region, "wordpress"))
	there = treeOf(t, volume)
	// The directory of the copy that was cut off may stay.
	maps.DeleteFunc(there, func(path, _ string) bool { return strings.HasPrefix(path, "upgrade/") })
	if lines := want.differences(there); len(lines) > 0 {
		t.Errorf("after the next start the volume is not as the other region's:\n%s", strings.Join(lines, "\n"))
	}
}

// The cron retries until WordPress answers: its first run may come before WordPress has started, and before there is a
// site. What needs one region's site then follows in the same world, because a database takes long to start.
func TestWordPressOneRegion(t *testing.T) {
	values := maps.Clone(site)
	values["geo-wordpress:visitorStaleness"], values["geo-wordpress:cdn"] = staleness, "true"
	maps.Copy(values, withMail)
	w := world.New(t, committed(t, values))
	office := openPost(t, w)
	region := w.Stack.Regions[0].Name
	tidb := startDatabase(w)
	succeeds := func(cron *kubelet.Pod) {
		t.Helper()
		ends(t, w, cron)
		if !cron.Succeeded() {
			t.Fatalf("the cron fails:\n%s", w.Describe(cron))
		}
	}
	early := w.Start(region, "wordpress-cron")
	time.Sleep(3 * time.Second)
	wordpress := w.Start(region, "wordpress")
	w.Ready(3*time.Minute, wordpress)
	succeeds(early)
	if _, err := w.Job(region, "wordpress-install"); err != nil {
		t.Fatal(err)
	}
	succeeds(w.Start(region, "wordpress-cron"))

	t.Run("CoreIsTheImages", func(t *testing.T) { coreIsTheImages(t, w, tidb) })
	t.Run("OptionsAtOnce", func(t *testing.T) { optionsAtOnce(t, w, tidb) })
	t.Run("CountsRows", func(t *testing.T) { countsRows(t, w, tidb, wordpress) })
	t.Run("VisitorsReadHere", func(t *testing.T) { visitorsReadHere(t, w, tidb, wordpress) })
	t.Run("SaysWhatIsKept", func(t *testing.T) { saysWhatIsKept(t, w) })
	t.Run("KnowsEverySpelling", func(t *testing.T) { knowsEverySpelling(t, w, tidb) })
	t.Run("SendsMail", func(t *testing.T) { sendsMail(t, w, office, wordpress) })
	t.Run("Shell", func(t *testing.T) { shell(t, w, office, wordpress) })
	t.Run("BrokenPlugin", func(t *testing.T) { brokenPlugin(t, w, tidb, wordpress) })
}

// ends waits until a Job's pod has ended.
func ends(t *testing.T, w *world.World, job *kubelet.Pod) {
	t.Helper()
	select {
	case <-job.Ended():
	case <-time.After(time.Minute):
		t.Fatalf("the Job does not end:\n%s", w.Describe(job))
	}
}

// startDatabase starts the Placement Drivers, the store, and the first region's TiDB.
func startDatabase(w *world.World) *kubelet.Pod {
	startPDs(w)
	return startTiDBs(w, w.Stack.Regions[:1])[0]
}

// startTiDBs starts the store, and the TiDBs of regions.
func startTiDBs(w *world.World, regions []*declared.Region) (tidbs []*kubelet.Pod) {
	store := w.StartStore()
	for _, region := range regions {
		tidbs = append(tidbs, w.Start(region.Name, "tidb"))
	}
	w.Ready(3*time.Minute, append(slices.Clone(tidbs), store)...)
	return tidbs
}

// noSuchTable is in TiDB's error when WordPress asks whether there is a site.
const noSuchTable = "Table 'wordpress.wp_"

// noFailedSQL fails the test if a TiDB's log has a failed statement, except on tables that do not exist yet.
func noFailedSQL(t *testing.T, tidbs ...*kubelet.Pod) {
	t.Helper()
	for _, tidb := range tidbs {
		for _, line := range strings.Split(tidb.Log("tidb"), "\n") {
			if !strings.Contains(line, "command dispatched failed") || strings.Contains(line, noSuchTable) {
				continue
			}
			if len(line) > 1000 {
				line = fmt.Sprintf("%s... (%d bytes)", line[:1000], len(line))
			}
			t.Errorf("a statement failed in %s: %s", tidb.Region.Name, line)
		}
	}
}
