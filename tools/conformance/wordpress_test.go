package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// site is a configuration that has the stack install the site.
var site = map[string]string{
	"geo-wordpress:site": `{"title":"Überall & 你好","adminUser":"editor","adminEmail":"editor@example.com"}`,
}

// The health page says 200 before there is a site, or nobody could install one; while the database pauses, as it does
// while it elects its leaders; and again afterwards. It says 503 when the pause does not end, and at once when the
// region's own TiDB is gone. It always answers in time for the load balancer.
func TestWordPressHealth(t *testing.T) {
	w := world.New(t, committed(t, site))
	region := w.Stack.Regions[0].Name
	tidb := startDatabase(w)
	wordpress := w.Start(region, "wordpress")
	w.Ready(3*time.Minute, wordpress)
	unharmed(t, w, wordpress)
	if code, text := health(t, wordpress); code != http.StatusOK {
		t.Errorf("before the installation: %d %s", code, text)
	}
	if _, err := w.Job(region, "wordpress-install"); err != nil {
		t.Fatal(err)
	}
	if code, text := health(t, wordpress); code != http.StatusOK {
		t.Errorf("after the installation: %d %s", code, text)
	}

	tidb.Freeze()
	// An election takes up to 30 seconds; the check that comes right after it must still find the page at 200.
	const election, patience = 35 * time.Second, 90 * time.Second
	frozen := time.Now()
	for {
		code, text := health(t, wordpress)
		passed := time.Since(frozen)
		if code == http.StatusServiceUnavailable && passed >= election {
			t.Logf("a database that pauses is taken for a failure after %.0f s: %s", passed.Seconds(), strings.TrimSpace(text))
			break
		}
		if code != http.StatusOK {
			t.Fatalf("%.1f s into a pause of the database: %d %s", passed.Seconds(), code, text)
		}
		if passed > patience {
			t.Fatalf("%.1f s into a pause of the database: still %d %s", passed.Seconds(), code, text)
		}
		time.Sleep(time.Second)
	}
	w.Eventually(time.Minute, "the pod is not ready", func() error {
		if wordpress.Ready() {
			return errors.New("it is")
		}
		return nil
	})
	// Restarting WordPress mends no database: no probe may do it, however long this takes.
	probe := wordpress.Container("wordpress").LivenessProbe
	time.Sleep(time.Duration(probe.PeriodSeconds*(probe.FailureThreshold+1)) * time.Second)
	unharmed(t, w, wordpress)
	tidb.Thaw()
	w.Ready(time.Minute, wordpress, tidb)

	tidb.PowerOff()
	if code, text := health(t, wordpress); code != http.StatusServiceUnavailable {
		t.Errorf("without a TiDB: %d %s", code, text)
	}
	tidb = w.Start(region, "tidb")
	w.Ready(3*time.Minute, tidb)
	if code, text := health(t, wordpress); code != http.StatusOK {
		t.Errorf("with a new TiDB: %d %s", code, text)
	}
}

// The install Jobs of all regions run at once, and there is one site.
func TestWordPressInstallJobs(t *testing.T) {
	w := world.New(t, committed(t, site))
	tidb := startDatabase(w)
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
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	for query, want := range map[string]string{
		"SELECT user_login, user_email FROM wordpress.wp_users":                                           "editor editor@example.com",
		"SELECT option_value FROM wordpress.wp_options WHERE option_name = 'siteurl'":                     w.Stack.Output("site_url"),
		"SELECT option_value FROM wordpress.wp_options WHERE option_name = 'blogname'":                    "Überall &amp; 你好",
		"SELECT COUNT(*) FROM wordpress.wp_posts WHERE post_type = 'post'":                                "1",
		"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'wordpress'":                 "12",
		"SELECT DISTINCT table_collation FROM information_schema.tables WHERE table_schema = 'wordpress'": "utf8mb4_general_ci",
	} {
		if got := rows(t, db, query); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", query, got, want)
		}
	}
	noFailedSQL(t, tidb, noSuchTable)
}

// A start that is cut off leaves no theme and no plugin that is not whole, which the next start would take for the site's
// own.
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
	// What is there, is there with all its files.
	there := treeOf(t, volume)
	for path := range want {
		parts := strings.Split(path, "/") // themes, its name, its files
		if len(parts) > 2 && there[filepath.Join(parts[:2]...)] != "" && there[path] != want[path] {
			t.Fatalf("%s is there without %s", filepath.Join(parts[:2]...), path)
		}
	}

	inPlace(w.Start(region, "wordpress"))
	there = treeOf(t, volume)
	// The place of the copy that was cut off may stay.
	maps.DeleteFunc(there, func(path, _ string) bool { return strings.HasPrefix(path, "upgrade/") })
	if lines := want.differences(there); len(lines) > 0 {
		t.Errorf("after the next start the volume is not as the other region's:\n%s", strings.Join(lines, "\n"))
	}
}

// startDatabase starts the Placement Drivers, what stands for a store, and a TiDB that serves all regions.
func startDatabase(w *world.World) *kubelet.Pod { return startTiDB(w, startPDs(w)) }

// startTiDB starts what stands for a store, and a TiDB that serves all regions.
func startTiDB(w *world.World, pds []*kubelet.Pod) *kubelet.Pod {
	first := w.Stack.Regions[0].Name
	w.StandInForTiKV(pds)
	tidb := w.Start(first, "tidb")
	for _, region := range w.Stack.Regions[1:] {
		w.Serve("tidb", first, region.Name)
	}
	w.Ready(3*time.Minute, tidb)
	return tidb
}

// health asks for the health page, and fails the test if the answer takes longer than the load balancer waits.
func health(t *testing.T, wordpress *kubelet.Pod) (code int, text string) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	response, err := world.Get(ctx, wordpress, loadbalancer.HealthPath)
	if err != nil {
		t.Fatalf("the health page: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > loadbalancer.CheckTimeoutSeconds*time.Second {
		t.Errorf("the health page took %.1f s, longer than the health check waits: %d %s", took.Seconds(), response.StatusCode, body)
	}
	return response.StatusCode, string(body)
}

// noSuchTable is how TiDB names the failure of the question whether there is a site.
const noSuchTable = "Table 'wordpress.wp_"

// noFailedSQL fails the test if TiDB's log has a statement that failed, but for those that were to be expected.
func noFailedSQL(t *testing.T, tidb *kubelet.Pod, expected ...string) {
	t.Helper()
	for _, line := range failedSQL(tidb, expected...) {
		t.Errorf("a statement failed: %s", line)
	}
}

// failedSQL are the lines of TiDB's log about statements that failed.
func failedSQL(tidb *kubelet.Pod, expected ...string) (failed []string) {
lines:
	for _, line := range strings.Split(tidb.Log("tidb"), "\n") {
		if !strings.Contains(line, "command dispatched failed") {
			continue
		}
		for _, text := range expected {
			if strings.Contains(line, text) {
				continue lines
			}
		}
		if len(line) > 1000 {
			line = fmt.Sprintf("%s... (%d bytes)", line[:1000], len(line))
		}
		failed = append(failed, line)
	}
	return failed
}
