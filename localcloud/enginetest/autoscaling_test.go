package enginetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// growth are the turns of the autoscalers, each with the plan that it adds to an update. The last number of pods before they go
// is the least: config refuses more. They restart nothing. Growing
// pools are not among them: a pool's change waits for a healthy database, and would not ride on an update that mends one.
var growth = map[string]struct {
	settings []setting
	plan     []string
}{
	"on": {[]setting{{"growth.wordpress", "3"}, {"growth.tidb", "2"}}, []string{
		"create kubernetes:autoscaling/v2:HorizontalPodAutoscaler::wordpress-%s",
		"create kubernetes:autoscaling/v2:HorizontalPodAutoscaler::tidb-%s-tidb",
		"update gcp:compute/backendService:BackendService::loadbalancer",
	}},
	"changed": {[]setting{{"growth.wordpress", "2"}}, []string{
		"update kubernetes:autoscaling/v2:HorizontalPodAutoscaler::wordpress-%s",
		"update gcp:compute/backendService:BackendService::loadbalancer",
	}},
	"off": {[]setting{{"growth", ""}}, []string{
		"delete kubernetes:autoscaling/v2:HorizontalPodAutoscaler::wordpress-%s",
		"delete kubernetes:autoscaling/v2:HorizontalPodAutoscaler::tidb-%s-tidb",
	}},
}

// grow sets the autoscalers, which the test's next update applies with its own changes, and returns their plan. It checks that
// a preview plans that, unless the caller does (off), and that nothing is replaced but the Jobs.
func (b *bench) grow(to string) []string {
	b.t.Helper()
	b.configure(growth[to].settings)
	if to == "off" {
		return growth[to].plan
	}
	all := strings.Join(b.plan(), "\n") + "\n"
	for _, operation := range growth[to].plan {
		op, end, _ := strings.Cut(operation, " ")
		for _, region := range regionNames {
			want := regexp.MustCompile(`(?m)^` + op + ` .*[:$]` + regexp.QuoteMeta(strings.ReplaceAll(end, "%s", region)) + `$`)
			if !want.MatchString(all) {
				b.t.Errorf("growth that is turned %s does not plan to %s %s:\n%s", to, op, strings.ReplaceAll(end, "%s", region), all)
			}
		}
	}
	for change := range strings.Lines(all) {
		if op, urn, _ := strings.Cut(change, " "); op != "create" && op != "update" && !strings.Contains(urn, "batch/v1:Job::") {
			b.t.Errorf("growth that is turned %s plans to %s", to, change)
		}
	}
	return growth[to].plan
}

// checkAutoscalers checks that each region has both autoscalers, and as many pods as before.
func checkAutoscalers(b *bench) {
	b.t.Helper()
	for _, region := range regionNames {
		var all []string
		for _, a := range list(b, b.client(region).AutoscalingV2().HorizontalPodAutoscalers("").List, "").Items {
			all = append(all, fmt.Sprintf("%s %d-%d", a.Name, *a.Spec.MinReplicas, a.Spec.MaxReplicas))
		}
		slices.Sort(all)
		if got := strings.Join(all, ", "); got != "tidb 2-2, wordpress 2-3" {
			b.t.Errorf("%s has the autoscalers %s", region, got)
		}
	}
}
