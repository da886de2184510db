package stack_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/config/configtest"
	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var monitoringRules = []invariant{
	{"every alert calls the operator, and says what it means", alertsCallTheOperator},
	{"queries are about the stack's own clusters, and metrics that are collected", queriesAreAboutWhatIsCollected},
	{"what is collected is there, and admits the collectors only", collectorsReachTheirTargets},
	{"the site is checked from three continents", theSiteIsCheckedFromAfar},
	{"without monitoring nothing is collected", nothingIsCollectedUnasked},
}

const (
	policyType    = "gcp:monitoring/alertPolicy:AlertPolicy"
	channelType   = "gcp:monitoring/notificationChannel:NotificationChannel"
	uptimeType    = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
	dashboardType = "gcp:monitoring/dashboard:Dashboard"
	podMonitoring = "kubernetes:monitoring.googleapis.com/v1:PodMonitoring"
)

func alertsCallTheOperator(t rapid.TB, s *system) {
	if s.config.Monitoring == nil {
		return
	}
	channel := s.Only(channelType)
	if got := channel.At("labels.email_address"); got != s.config.Monitoring.Email {
		t.Errorf("%s calls %v", channel, got)
	}
	want := []string{"conflicts", "database-certificates", "disk", "files", "quorum", "region", "site"}
	if s.config.Backup != nil {
		want = append(want, "backup")
	}
	if _, secure := s.named(); secure {
		want = append(want, "certificate")
	}
	var got []string
	waits := s.Where(func(r *stacktest.Resource) bool { return r.Kind() == "Job" && strings.HasPrefix(r.Name, "collected-") })
	if len(waits) != 1 {
		t.Fatalf("the alerts wait for %v", waits)
	}
	for _, w := range s.Workloads() {
		if rank := app(w); (rank == "wordpress" || rank == "database-reader") && !s.Closure(waits[0])[w.Resource] {
			t.Errorf("the alerts do not wait for %s", w)
		}
	}
	for _, r := range s.Of(policyType) {
		if !s.Closure(r)[waits[0]] {
			t.Errorf("%s may come before the site answers", r)
		}
		got = append(got, strings.TrimPrefix(r.Name, "monitoring-"))
		if !s.Closure(r)[channel] || len(asList(r.At("notificationChannels"))) != 1 {
			t.Errorf("%s calls nobody", r)
		}
		if conditions := asList(r.At("conditions")); len(conditions) != 1 {
			t.Errorf("%s has %d conditions, and Google accepts one beside PromQL", r, len(conditions))
		}
		if text := r.Text("documentation.content"); len(text) < 80 || !strings.Contains(text, "docs/monitoring.md") {
			t.Errorf("%s says %q", r, text)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("alerts %v, want %v", got, want)
	}
}

var (
	// metricName matches the names that the program's queries use.
	metricName   = regexp.MustCompile(`\b(?:up|(?:etcd|geo_wordpress|pd|process|syncthing|tidb|tikv)_[a-z_]+)\b`)
	quoted       = regexp.MustCompile(`"[^"]*"`)
	metricPicked = regexp.MustCompile(`\b(?:up|(?:etcd|geo_wordpress|pd|process|syncthing|tidb|tikv)_[a-z_]+)\{([^}]*)\}`)
)

// queries are all queries in PromQL, by what has them.
func (s *system) queries(t rapid.TB) map[string]string {
	found := map[string]string{}
	for _, r := range s.Of(policyType) {
		for i, condition := range asList(r.At("conditions")) {
			if query, ok := condition.(map[string]any)["conditionPrometheusQueryLanguage"]; ok {
				found[fmt.Sprintf("%s %d", r, i)], _ = query.(map[string]any)["query"].(string)
			}
		}
	}
	for _, r := range s.Of(dashboardType) {
		tiles, err := r.Tiles()
		if err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		taken := map[[2]int]string{}
		for _, tile := range tiles {
			at := [2]int{tile.XPos, tile.YPos}
			if other, ok := taken[at]; ok || tile.XPos+tile.Width > 48 {
				t.Errorf("%s: %q lies over %q or beyond the grid", r, tile.Widget.Title, other)
			}
			taken[at] = tile.Widget.Title
			for _, data := range tile.Widget.XYChart.DataSets {
				found[r.String()+" "+tile.Widget.Title] = data.TimeSeriesQuery.PrometheusQuery
			}
		}
	}
	return found
}

func queriesAreAboutWhatIsCollected(t rapid.TB, s *system) {
	if s.config.Monitoring == nil || s.Preview { // a preview does not know the clusters' names
		return
	}
	kept := []string{"up"}
	for _, r := range s.Of(podMonitoring) {
		for _, endpoint := range asList(r.At("spec.endpoints")) {
			relabeling := endpoint.(map[string]any)["metricRelabeling"].([]any)[0].(map[string]any)
			kept = append(kept, strings.Split(relabeling["regex"].(string), "|")...)
		}
	}
	var clusters []string
	for _, region := range regions.Standing(s.config.Regions) {
		clusters = append(clusters, s.clusterIn(region).Output("name"))
	}
	all := fmt.Sprintf("cluster=~%q", strings.Join(clusters, "|"))
	used := map[string]bool{}
	for where, query := range s.queries(t) {
		if query == "" {
			t.Errorf("%s has no query", where)
		}
		names := metricName.FindAllString(quoted.ReplaceAllString(query, ""), -1)
		for _, name := range names {
			if used[name] = true; !slices.Contains(kept, name) {
				t.Errorf("%s uses %s, which nothing collects", where, name)
			}
		}
		selectors := metricPicked.FindAllStringSubmatch(query, -1)
		if len(selectors) != len(names) {
			t.Errorf("%s has %d selectors for %d metrics: %s", where, len(selectors), len(names), query)
		}
		for _, selector := range selectors {
			own := strings.Contains(selector[1], all) || slices.ContainsFunc(clusters, func(name string) bool {
				return strings.Contains(selector[1], fmt.Sprintf("cluster=%q", name))
			})
			if !own {
				t.Errorf("%s may be about another stack: {%s}", where, selector[1])
			}
		}
	}
	for _, name := range kept {
		if !used[name] && (name != "geo_wordpress_backup_age_seconds" || s.config.Backup != nil) {
			t.Errorf("%s is collected, and nothing uses it", name)
		}
	}
}

func collectorsReachTheirTargets(t rapid.TB, s *system) {
	if s.config.Monitoring == nil {
		return
	}
	for _, region := range regions.Standing(s.config.Regions) {
		targets := map[string]int{} // ports by application
		for _, r := range s.in(region, "PodMonitoring") {
			labels := r.At("spec.selector.matchLabels").(map[string]any)
			name, _ := labels["app.kubernetes.io/name"].(string)
			endpoint := asList(r.At("spec.endpoints"))[0].(map[string]any)
			targets[name] = int(endpoint["port"].(float64))
			found := false
			for _, w := range s.Workloads() {
				found = found || app(w) == name && s.regionOf(w.Resource) == region.Name && s.namespaceOf(w.Resource) == s.namespaceOf(r)
			}
			if !found {
				t.Errorf("%s selects no pod of its namespace", r)
			}
		}
		if len(targets) != 5 {
			t.Errorf("%s collects from %v", region.Name, targets)
		}
		admitted := map[string][]int{}
		for _, p := range s.policies(region) {
			name := p.Spec.PodSelector.MatchLabels["app.kubernetes.io/name"]
			for _, in := range p.Spec.Ingress {
				for _, from := range in.From {
					if from.PodSelector == nil || from.PodSelector.MatchLabels["app.kubernetes.io/name"] != "collector" {
						continue
					}
					of := from.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
					if of != "gmp-system" && of != "gke-gmp-system" {
						t.Errorf("%s admits collectors of namespace %q", p, of)
					}
					for _, port := range in.Ports {
						admitted[name] = append(admitted[name], port.Port)
					}
				}
			}
		}
		for name, port := range targets {
			if got := slices.Compact(admitted[name]); !slices.Equal(got, []int{port}) {
				t.Errorf("%s: the collectors reach %v of %s, want %d", region.Name, got, name, port)
			}
			delete(admitted, name)
		}
		if len(admitted) > 0 {
			t.Errorf("%s admits the collectors to %v", region.Name, admitted)
		}
	}
}

func theSiteIsCheckedFromAfar(t rapid.TB, s *system) {
	if s.config.Monitoring == nil {
		return
	}
	check := s.Only(uptimeType)
	if got := asList(check.At("selectedRegions")); len(got) < 3 {
		t.Errorf("%s checks from %v", check, got)
	}
	home, secure := s.named()
	host, tls := check.At("monitoredResource.labels.host"), check.At("httpCheck.validateSsl")
	if secure && host != home || (tls == true) != secure {
		t.Errorf("%s checks %v, with its certificate: %v; the site is at %q", check, host, tls, home)
	}
}

// named returns the name in the site's URL. It is not the wanted one while its certificate is awaited.
func (s *system) named() (name string, secure bool) {
	url, _ := s.output("site_url").(string)
	return strings.CutPrefix(url, "https://")
}

func TestWhatIsCheckedMovesWithTheSite(t *testing.T) {
	watched := with(with(configtest.Committed(t), "monitoring", `{"email":"operator@example.com"}`), "domain", "www.example.com")
	waiting := run(t, watched, false)
	served := next(t, issue(waiting, "www.example.com"), watched)
	for _, s := range []*system{waiting, served} {
		alertsCallTheOperator(t, s)
		theSiteIsCheckedFromAfar(t, s)
	}
	if name, _ := served.named(); name != "www.example.com" {
		t.Errorf("the site is at %s", name)
	}
}

func nothingIsCollectedUnasked(t rapid.TB, s *system) {
	watched := s.config.Monitoring != nil
	for _, r := range s.Of(stacktest.ClusterType) {
		if got := r.At("monitoringConfig.managedPrometheus.enabled"); got != watched {
			t.Errorf("%s collects: %v, want %v", r, got, watched)
		}
	}
	if watched {
		return
	}
	for _, r := range s.Resources {
		if strings.HasPrefix(r.Type, "gcp:monitoring/") || r.Type == podMonitoring || strings.HasPrefix(r.Name, "collected") {
			t.Errorf("%s is there without monitoring", r)
		}
	}
	for _, region := range regions.Standing(s.config.Regions) {
		for _, p := range s.policies(region) {
			if text, _ := json.Marshal(p.Spec); strings.Contains(string(text), `"collector"`) {
				t.Errorf("%s admits collectors", p)
			}
		}
	}
}

// Monitoring changes the control planes, Syncthing and the policies in place. It restarts neither the database nor WordPress.
func TestMonitoringRestartsSyncthingOnly(t *testing.T) {
	before := run(t, configtest.Committed(t), false)
	after := run(t, with(configtest.Committed(t), "monitoring", `{"email":"operator@example.com"}`), false)
	c := between(before, after)
	if len(c.removed) > 0 {
		t.Errorf("removed: %v", c.removed)
	}
	for _, urn := range c.changed {
		r := after.Get(urn)
		if allowed := []string{"Cluster", "NetworkPolicy", "Secret"}; !slices.Contains(allowed, r.Kind()) && !strings.HasPrefix(r.Name, "syncthing-") {
			t.Errorf("changed: %s", r)
		}
	}
	for _, w := range before.Workloads() {
		if app(w) != "syncthing" && slices.Contains(c.changed, w.URN) {
			t.Errorf("%s restarts", w)
		}
	}
	other := run(t, with(configtest.Committed(t), "monitoring", `{"email":"other@example.com","diskPercent":90}`), false)
	for _, urn := range between(after, other).changed {
		if r := other.Get(urn); r.Type != channelType && r.Name != "monitoring-disk" {
			t.Errorf("another address changes %s", r)
		}
	}
}

// A metric of which Google has no sample makes it refuse the alert. So another alert waits again, also for what makes its metric
// appear.
func TestBackupsWaitForTheirMetric(t *testing.T) {
	watched := with(configtest.Committed(t), "monitoring", `{"email":"operator@example.com"}`)
	before := run(t, watched, false)
	after := run(t, with(watched, "backup", `{"schedule":"0 3 * * *","keepDays":30}`), false)
	changed := between(before, after).changed
	if !slices.ContainsFunc(changed, func(urn string) bool {
		r := after.Get(urn)
		return r.Kind() == "Job" && strings.HasPrefix(r.Name, "collected-") && !equal(r.At("spec.template"), before.Get(urn).At("spec.template"))
	}) {
		t.Errorf("no Job waits for the metric of backups: %v", changed)
	}
}

// The alert on the database's certificates moves with them.
func TestCertificatesOfTheDatabaseAreWatched(t *testing.T) {
	watched := with(configtest.Committed(t), "monitoring", `{"email":"operator@example.com"}`)
	at := func(year int, month time.Month) string {
		g, err := stacktest.Run(watched, stacktest.Options{Now: time.Date(year, month, 27, 12, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		until, err := time.Parse(time.RFC3339, fmt.Sprint(g.Stack().Output("certificates_until")))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range g.Of(policyType) {
			if r.Name == "monitoring-database-certificates" {
				query, _ := r.At("conditions.0.conditionPrometheusQueryLanguage.query").(string)
				if want := fmt.Sprintf("vector(time()) > %d ", until.AddDate(0, 0, -90).Unix()); !strings.HasPrefix(query, want) {
					t.Errorf("in %s %d, %s, want %s", month, year, query, want)
				}
				return query
			}
		}
		t.Fatal("there is no alert")
		return ""
	}
	if first := at(2026, time.November); first != at(2026, time.December) || first == at(2027, time.January) {
		t.Errorf("the alert is %s in the same half of a year, and in the next", first)
	}
}
