package stack_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"testing"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

// system is a run of the program: the configuration, and the resources registered for it.
type system struct {
	*stacktest.Graph
	config *config.Config
	// home is the name in WordPress's URL; empty for the address, where every new stack's site is.
	home string

	homes     map[*stacktest.Resource]string // cache of regionOf
	admission map[string][]policy            // cache of policies, by region
}

// invariant is a rule that holds for every valid configuration, in an update and in a preview.
type invariant struct {
	rule  string
	check func(rapid.TB, *system)
}

// invariants of all themes; each theme has a file.
func invariants() []invariant {
	var all []invariant
	for _, theme := range [][]invariant{
		graphRules, nameRules, cloudRules, diskRules, orderRules, networkRules, entranceRules, memoryRules, secretRules,
		containerRules, securityRules, clusterRules, trapRules, alikeRules, outputRules, mailRules, shellRules, shieldRules, autoscalingRules, monitoringRules,
		certificateRules,
	} {
		all = append(all, theme...)
	}
	return all
}

// TestMain limits the default number of random configurations, because each runs the program twice. A failure leaves no
// file behind: the seed is in the output.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.checks": "15", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	flag.Parse()
	os.Exit(m.Run())
}

func TestGraph(t *testing.T) {
	for name, values := range configurations(t) {
		t.Run(name, func(t *testing.T) {
			for mode, preview := range map[string]bool{"update": false, "preview": true} {
				t.Run(mode, func(t *testing.T) {
					s := run(t, values, preview)
					for _, i := range invariants() {
						t.Run(i.rule, func(t *testing.T) { i.check(t, s) })
					}
				})
			}
		})
	}
}

func TestGraphOfAnyValidConfiguration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := configtest.ValidConfig(t)
		for _, preview := range []bool{false, true} {
			s := run(t, values, preview)
			for _, i := range invariants() {
				i.check(t, s)
				if t.Failed() {
					t.Fatalf("broken: %s (preview: %v)", i.rule, preview)
				}
			}
		}
	})
}

// configurations by name: the committed one, variations of it, and that of a stack that sets only its project.
func configurations(t testing.TB) map[string]map[string]string {
	return map[string]map[string]string{
		"dev":           configtest.Committed(t),
		"minimal":       configtest.Minimal(t),
		"three regions": configtest.Sized(t, 3),
		"five regions":  configtest.Sized(t, 5),
		"seven regions": configtest.Sized(t, 7),
		"with a site": with(configtest.Committed(t), "site",
			`{"title":"A site","adminUser":"editor","adminEmail":"editor@example.com"}`),
		"with a domain":   with(configtest.Committed(t), "domain", "www.example.com"),
		"with every name": withNames(configtest.Committed(t), "example.com"),
		"with backups, from a backup": with(with(configtest.Committed(t),
			"backup", `{"schedule":"0 3 * * *","keepDays":30,"snapshotDays":7}`),
			"restore", `{"bucket":"another-stacks","name":"last-week"}`),
		"watched": with(with(with(configtest.Committed(t), "monitoring", `{"email":"operator@example.com"}`),
			"backup", `{"schedule":"0 3 * * *","keepDays":30}`), "domain", "www.example.com"),
		"with mail": withMail(configtest.Committed(t)),
		"with a shield": with(with(with(configtest.Committed(t), "shield", someLimits), "primaryRegion", "europe-west1"),
			"installFrom", `["203.0.113.7/32"]`),
		"which grows": growing(configtest.Committed(t)),
	}
}

// run runs the program, which must succeed.
func run(t rapid.TB, values map[string]string, preview bool) *system {
	t.Helper()
	config, err := config.Load(values, configtest.Project)
	if err != nil {
		t.Fatalf("the configuration: %v", err)
	}
	g, err := stacktest.Run(values, stacktest.Options{Preview: preview})
	if err != nil {
		t.Fatalf("the program (preview: %v): %v", preview, err)
	}
	return &system{Graph: g, config: config, homes: map[*stacktest.Resource]string{}, admission: map[string][]policy{}}
}

// names are the regions' names.
func (s *system) names() []string {
	var names []string
	for _, r := range s.config.Regions {
		names = append(names, r.Name)
	}
	return names
}

// regionOf is the region that a resource belongs to, empty for shared resources.
func (s *system) regionOf(r *stacktest.Resource) string {
	home, ok := s.homes[r]
	if !ok {
		home = s.Region(r, s.names())
		s.homes[r] = home
	}
	return home
}

// in returns a region's resources of the given kinds, or all of them.
func (s *system) in(region regions.Region, kinds ...string) []*stacktest.Resource {
	return s.Where(func(r *stacktest.Resource) bool {
		return s.regionOf(r) == region.Name && (len(kinds) == 0 || slices.Contains(kinds, r.Kind()))
	})
}

// workloads are those of one region.
func (s *system) workloads(region regions.Region) []stacktest.Workload {
	var all []stacktest.Workload
	for _, w := range s.Workloads() {
		if s.regionOf(w.Resource) == region.Name {
			all = append(all, w)
		}
	}
	return all
}

// workload is a region's workload with a label; it fails the test unless there is exactly one.
func (s *system) workload(t rapid.TB, region regions.Region, app string) stacktest.Workload {
	t.Helper()
	var found []stacktest.Workload
	for _, w := range s.workloads(region) {
		if w.Labels["app.kubernetes.io/name"] == app {
			found = append(found, w)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d workloads whose pods are labelled %s, want 1", region.Name, len(found), app)
	}
	return found[0]
}

// with is a configuration with one key changed.
func with(values map[string]string, key, value string) map[string]string {
	values = maps.Clone(values)
	values[configtest.Project+":"+key] = value
	return values
}
