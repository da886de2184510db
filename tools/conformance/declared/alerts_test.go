package declared_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/metrics"
)

// watched is a stack with monitoring, and what its collectors have seen.
type watched struct {
	*testing.T
	stack *declared.Stack
	store *metrics.Store
}

func watch(t *testing.T) watched {
	return watched{t, declared.Committed(t, map[string]string{"geo-wordpress:monitoring": `{"email":"operator@example.com"}`}), metrics.NewStore()}
}

// anew is the same stack, of which nothing has been seen.
func (w watched) anew() watched {
	w.store = metrics.NewStore()
	return w
}

// sees takes in an application's answer in a region, without one the failure to answer.
func (w watched) sees(at time.Time, region, app, answer string) {
	w.Helper()
	scrapes, err := w.stack.Scrapes(region)
	if err != nil {
		w.Fatal(err)
	}
	i := slices.IndexFunc(scrapes, func(s declared.Scrape) bool { return s.App == app })
	target := maps.Clone(scrapes[i].Target)
	target["pod"] = app + "-0"
	w.store.Up(at, target, answer != "")
	if _, err := w.store.Add(at, target, answer, scrapes[i].Keep); err != nil {
		w.Fatal(err)
	}
}

// fires returns the series of an alert's query, in one text.
func (w watched) fires(at time.Time, alert string) string {
	w.Helper()
	found, err := w.store.Query(at, w.stack.Alerts()["monitoring-"+alert])
	if err != nil {
		w.Fatal(err)
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), " ")
}

// stores is what PD's leader says of the stores, in the form of 8.5.4 and in that of 8.5.5.
func stores(perStore bool, states ...string) string {
	var text strings.Builder
	for _, state := range []string{"up", "slow", "disconnected", "down"} {
		all := 0
		for i, is := range states {
			one := 0
			if is == state {
				one = 1
			}
			if all += one; perStore {
				fmt.Fprintf(&text, "pd_cluster_status{type=\"store_%s_count\",engine=\"tikv\",store=\"%d\"} %d\n", state, i, one)
			}
		}
		if !perStore {
			fmt.Fprintf(&text, "pd_cluster_status{type=\"store_%s_count\"} %d\n", state, all)
		}
	}
	return text.String()
}

func TestQuorumAlert(t *testing.T) {
	w, now := watch(t), time.Now()
	for _, perStore := range []bool{false, true} {
		for states, want := range map[string]string{
			"up up up": "", "up slow up": "", "slow slow slow": "",
			"up up disconnected": `{part="tikv"}`, "up slow down": `{part="tikv"}`, "down down down": `{part="tikv"}`,
		} {
			w := w.anew()
			for i, region := range w.stack.Regions {
				answer := "etcd_server_has_leader 1\n"
				if i == 1 {
					answer += stores(perStore, strings.Fields(states)...)
				}
				w.sees(now, region.Name, "pd", answer)
			}
			if got := w.fires(now, "quorum"); got != want {
				t.Errorf("with the stores %s, by store %v: %q, want %q", states, perStore, got, want)
			}
		}
	}
}

// Google keeps a lost region's last samples for five minutes.
func TestALossIsNoticedInTwoMinutes(t *testing.T) {
	w := watch(t)
	began := time.Now()
	lost := w.stack.Regions[0].Name
	for after := time.Duration(0); after <= 4*time.Minute; after += 30 * time.Second {
		at := began.Add(after)
		for i, region := range w.stack.Regions {
			if region.Name == lost && after > time.Minute {
				continue
			}
			answer := "etcd_server_has_leader 1\n"
			switch {
			case after <= time.Minute && i == 0: // PD's leader is in the region that is lost
				answer += stores(true, "up", "up", "up")
			case after > time.Minute && i == 1:
				answer += stores(true, "disconnected", "up", "up")
			}
			w.sees(at, region.Name, "pd", answer)
			w.sees(at, region.Name, "wordpress", "geo_wordpress_healthy 1\n")
		}
		gone := after > 3*time.Minute // two after the last sample, which is of the first minute
		region, quorum := w.fires(at, "region"), w.fires(at, "quorum")
		if strings.Contains(region, lost) != gone || gone && (!strings.Contains(quorum, `part="pd"`) || !strings.Contains(quorum, `part="tikv"`)) {
			t.Errorf("%s after the beginning: %q and %q", after, region, quorum)
		}
	}
}

func TestCertificatesAlert(t *testing.T) {
	w := watch(t)
	until, err := time.Parse(time.RFC3339, w.stack.Output("certificates_until"))
	if err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]bool{-200: false, -91: false, -89: true, 1: true} {
		at, w := until.AddDate(0, 0, days), w.anew()
		for _, region := range w.stack.Regions {
			w.sees(at, region.Name, "pd", "etcd_server_has_leader 1\n")
		}
		if got := w.fires(at, "database-certificates") != ""; got != want {
			t.Errorf("%d days after the end of the certificates, the alert comes: %v", days, got)
		}
	}
}

// Every alert on metrics has a query that Prometheus understands.
func TestQueriesAreValid(t *testing.T) {
	w := watch(t)
	for name := range w.stack.Alerts() {
		w.fires(time.Now(), strings.TrimPrefix(name, "monitoring-"))
	}
	charts, err := w.stack.Charts()
	if err != nil {
		t.Fatal(err)
	}
	for title, query := range charts {
		if _, err := w.store.Query(time.Now(), query); err != nil {
			t.Errorf("the chart %q: %v", title, err)
		}
	}
	now := time.Now()
	w.sees(now, w.stack.Regions[0].Name, "pd", stores(true, "up", "slow", "down"))
	found, err := w.store.Query(now, charts["TiKV stores"])
	if err != nil || len(found) != 4 || found[`{type="store_up_count"}`] != 1 {
		t.Errorf("the chart of the stores shows %v: %v", found, err)
	}
}
