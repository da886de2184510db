package conformance_test

import (
	"database/sql"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/components/tidb"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/metrics"
	"geo-wordpress/tools/conformance/world"
)

// withMonitoring makes the stack watch itself.
var withMonitoring = map[string]string{"geo-wordpress:monitoring": `{"email":"operator@example.com"}`}

// watch collects a world's metrics as the declared objects say, and evaluates the declared queries.
type watch struct {
	w     *world.World
	store *metrics.Store
	// seen are the names of metrics that there have been, moved those of which a value has changed; last is each series' value.
	seen, moved map[string]bool
	last        map[string]float64
	kept        int           // series of the last collection
	ahead       time.Duration // of the metrics' clock
}

func startWatch(w *world.World) *watch {
	return &watch{w: w, store: metrics.NewStore(), seen: map[string]bool{}, moved: map[string]bool{}, last: map[string]float64{}}
}

// collect calls every target once. A pod that is stopped is none.
func (h *watch) collect(t *testing.T) (at time.Time) {
	t.Helper()
	at = time.Now().Add(h.ahead)
	h.kept = 0
	for _, region := range h.w.Stack.Regions {
		scrapes, err := h.w.Stack.Scrapes(region.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, scrape := range scrapes {
			for _, pod := range h.w.Running() {
				if pod.Region.Name != region.Name || pod.App() != scrape.App {
					continue
				}
				target := maps.Clone(scrape.Target)
				target["pod"] = pod.FullName
				code, text, err := metricsOf(pod, scrape)
				h.store.Up(at, target, err == nil && code == 200)
				if err != nil || code != 200 {
					continue
				}
				found, err := h.store.Add(at, target, text, scrape.Keep)
				if err != nil {
					t.Fatalf("%s of %s: %v", scrape.Path, pod.FullName, err)
				}
				h.kept += len(found)
				for series, value := range found {
					name, _, _ := strings.Cut(strings.TrimPrefix(series, `{__name__="`), `"`)
					h.seen[name] = true
					key := target["cluster"] + target["pod"] + scrape.App + series
					if was, ok := h.last[key]; ok && was != value {
						h.moved[name] = true
					}
					h.last[key] = value
				}
			}
		}
	}
	return at
}

// metricsOf calls a target as the declared object says.
func metricsOf(pod *kubelet.Pod, scrape declared.Scrape) (code int, text string, err error) {
	if scrape.ServerName == "" {
		return pageOf(pod, scrape.Port, scrape.Path)
	}
	settings := world.Certified(pod.Region, pod.App())
	settings.ServerName = scrape.ServerName
	response, err := world.ClientWith(settings).Get(fmt.Sprintf("https://%s:%d%s", pod.Network.Address, scrape.Port, scrape.Path))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// alerts collects, and returns the alerts whose conditions hold now, with their series. It does not wait until they have held for
// as long as the alert requires.
func (h *watch) alerts(t *testing.T) map[string][]string {
	t.Helper()
	at := h.collect(t)
	firing := map[string][]string{}
	for name, query := range h.w.Stack.Alerts() {
		found, err := h.store.Query(at, query)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(found) > 0 {
			firing[strings.TrimPrefix(name, "monitoring-")] = slices.Sorted(maps.Keys(found))
		}
	}
	return firing
}

// until waits until exactly these alerts' conditions hold.
func (h *watch) until(t *testing.T, when string, want ...string) (firing map[string][]string) {
	t.Helper()
	h.w.Eventually(3*time.Minute, when+" the alerts are "+fmt.Sprint(want), func() error {
		firing = h.alerts(t)
		if got := slices.Sorted(maps.Keys(firing)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			time.Sleep(3 * time.Second)
			return fmt.Errorf("they are %v", firing)
		}
		return nil
	})
	return firing
}

// charts checks that every chart of the dashboard shows something.
func (h *watch) charts(t *testing.T, without ...string) {
	t.Helper()
	charts, err := h.w.Stack.Charts()
	if err != nil {
		t.Fatal(err)
	}
	at := h.collect(t)
	for title, query := range charts {
		found, err := h.store.Query(at, query)
		if err != nil {
			t.Errorf("the chart %q: %v", title, err)
		} else if missing := slices.ContainsFunc(without, func(part string) bool { return strings.Contains(query, part) }); len(found) == 0 != missing {
			t.Errorf("the chart %q shows %v: %s", title, found, query)
		}
	}
}

// The world has one store in place of three TiKVs, so the alert on the quorum holds from the beginning, for that part.
const oneStore = `part="tikv"`

// seesNothing checks that no other alert's condition holds, and that the dashboard shows what there is.
func seesNothing(t *testing.T, h *watch, when string) {
	t.Helper()
	if firing := h.until(t, when, "quorum")["quorum"]; len(firing) != 1 || !strings.Contains(firing[0], oneStore) {
		t.Errorf("%s the quorum's alert says %v, want %s", when, firing, oneStore)
	}
	h.charts(t, "tikv_") // the store is no TiKV
	t.Logf("%s there are %d series", when, h.kept)
}

// seesTheLoss checks that the alerts on a lost region come, and name what is lost. A series that has no more samples is present for
// five minutes. The alerts of critical severity must come sooner: after two, which the test does not wait for. It waits for the
// five neither.
func seesTheLoss(t *testing.T, h *watch, lost string) {
	t.Helper()
	h.collect(t)
	h.ahead += 2*time.Minute + time.Second
	firing := h.alerts(t)
	if len(firing["region"]) == 0 || !strings.Contains(strings.Join(firing["quorum"], " "), `part="pd"`) {
		t.Errorf("two minutes after a region's last sample the alerts are %v", firing)
	}
	h.ahead += 3 * time.Minute
	firing = h.until(t, "without a region", "files", "quorum", "region")
	if got := firing["region"]; len(got) != 1 || !strings.Contains(got[0], lost) {
		t.Errorf("the region's alert says %v, want %s", got, lost)
	}
	if got := strings.Join(firing["quorum"], " "); !strings.Contains(got, `part="pd"`) {
		t.Errorf("the quorum's alert says %s, and a Placement Driver is lost", got)
	}
}

// seesItBack checks that the alerts end, that values have moved meanwhile, and that a file in conflict is seen.
func seesItBack(t *testing.T, h *watch, daemons []*kubelet.Pod) {
	t.Helper()
	h.until(t, "with the region", "quorum")
	for _, name := range []string{
		"geo_wordpress_health_check_seconds", "geo_wordpress_php_busy", "process_resident_memory_bytes",
		"syncthing_model_folder_summary", "tidb_server_connections", "tidb_server_query_total",
	} {
		if !h.moved[name] {
			t.Errorf("%s never changes", name)
		}
	}
	for _, region := range h.w.Stack.Regions {
		scrapes, err := h.w.Stack.Scrapes(region.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, scrape := range scrapes {
			for name := range strings.SplitSeq(scrape.Keep.String(), "|") {
				if !h.seen[name] && !strings.HasPrefix(name, "tikv_") && name != "geo_wordpress_backup_age_seconds" {
					t.Errorf("%s has no metric %s", scrape.App, name)
				}
			}
		}
	}
	first := daemons[0].Region.Name
	put(t, h.w.Files(first)+"/uploads/a.sync-conflict-20261127-120000-ABCDEFG.txt", content(10))
	daemons[0].Stop() // and closes its connections, unlike a lost machine: its peers would keep theirs for minutes
	daemons[0] = h.w.Start(first, "syncthing")
	inSync(h.w, daemons...)
	h.store = metrics.NewStore()
	h.until(t, "with a conflict", "conflicts", "quorum")
}

// seesTheBackupsAge checks that the alert on a missing backup comes once the newest is too old, and ends with a new one. It also
// ends if backups begin anew: begin creates the user who dumps, who has another password then.
func seesTheBackupsAge(t *testing.T, w *world.World, root *sql.DB, begin, backUp func()) {
	t.Helper()
	h := startWatch(w)
	holds := func() bool {
		_, ok := h.alerts(t)["backup"]
		return ok
	}
	if holds() {
		t.Error("before the first backup is due, the alert says that it is missing")
	}
	execute := func(statement string) {
		t.Helper()
		if _, err := root.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	const age = "UPDATE geo_wordpress.backups SET taken = taken - INTERVAL 37 HOUR"
	execute(age)
	begin()
	if !holds() {
		t.Errorf("the newest backup is 37 hours old, and there is no alert: %v", h.last)
	}
	execute("ALTER USER '" + tidb.Reader + "'@'%' IDENTIFIED WITH mysql_native_password BY 'of an earlier time'")
	begin()
	if holds() {
		t.Errorf("backups have begun anew, and the alert counts the time without: %v", h.last)
	}
	execute(age)
	if !holds() {
		t.Errorf("the newest backup is 37 hours old again, and there is no alert: %v", h.last)
	}
	backUp()
	if holds() {
		t.Errorf("there is a new backup, and the alert goes on: %v", h.last)
	}
	if !h.moved["geo_wordpress_backup_age_seconds"] {
		t.Error("the age never changes")
	}
}
