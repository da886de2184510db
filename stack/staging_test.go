package stack_test

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
)

// Staging changes WordPress's settings and the pods that mount them. The plugin that keeps mail and search engines away is
// mounted where WordPress is loaded, and nowhere without staging.
func TestStagingChangesWordPressOnly(t *testing.T) {
	values := configurations(t)["with a site"]
	before, after := run(t, values, false), run(t, with(values, "staging", "true"), false)
	var want []string
	for _, r := range before.Of("kubernetes:core/v1:ConfigMap") {
		if strings.HasPrefix(r.Name, "wordpress-") {
			want = append(want, r.URN)
		}
	}
	for _, s := range []*system{before, after} {
		for _, w := range s.wordPressPods(t) {
			m := mountAt(w.Pod.Containers[0], "/etc/geo-wordpress/mu-plugins/geo-staging.php")
			if staging := s == after; (m.Name != "") != staging {
				t.Errorf("%s mounts the plugin: %v, want %v", w, m.Name != "", staging)
			}
			if s == before {
				want = append(want, w.URN)
			}
		}
	}
	c := between(before, after)
	slices.Sort(c.changed)
	slices.Sort(want)
	if len(c.added)+len(c.removed) > 0 || !slices.Equal(c.changed, want) {
		t.Errorf("changes %+v, want %v", c, want)
	}
	for _, s := range []*system{run(t, configtest.Committed(t), false), after} {
		for _, r := range s.Of("kubernetes:core/v1:ConfigMap") {
			settings, ok := r.Data()["config-extra.php"].(string)
			if ok && strings.Contains(settings, "define( 'WP_ENVIRONMENT_TYPE', 'staging' );") != (s == after) {
				t.Errorf("%s has the settings\n%s", r, settings)
			}
		}
	}
}
