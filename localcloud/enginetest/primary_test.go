package enginetest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// followLeaders names a primary region, moves it, and gives it up again, under load, of which a tenth writes. No pod may
// restart, and more of WordPress's must come (the autoscaler's: see growDisks), and no request may fail, but for what writes in the first seconds, until the new service has been checked. (The
// steps after it find nothing to change.)
func followLeaders(b *bench) {
	b.t.Helper()
	site := strings.TrimSpace(b.outputOf("stack output site_url"))
	before := running(b)
	load := startLoad(b.t, site, drillRate)
	began := time.Now()

	b.set("primaryRegion", "europe-west2")
	for _, change := range b.plan() {
		known := false
		for _, each := range []string{"Job::replication-europe-west1", "URLMap::loadbalancer", "loadbalancer-leaders", "::leaders-europe-west1"} {
			known = known || strings.HasSuffix(change, each)
		}
		if !known {
			b.t.Errorf("the preview also plans to %s", change)
		}
	}
	b.pulumi("up --yes --skip-preview")
	leadersIn(b, site, "europe-west2")
	checked := time.Now()
	b.set("primaryRegion", "europe-west3")
	b.pulumi("up --yes --skip-preview")
	leadersIn(b, site, "europe-west3")
	b.set("primaryRegion", "")
	b.pulumi("up --yes --skip-preview")
	load.end()

	sentFirst, sentLater := load.between(began, checked), load.between(checked, time.Now())
	first, _ := judge(sentFirst)
	later, _ := judge(sentLater)
	if n := len(first); n > 0 {
		took := first[n-1].sent.Sub(first[0].sent).Seconds()
		b.t.Logf("when the service was new, %d of %d requests failed within %.1f s", n, len(sentFirst), took)
		if took > 30 || n > drillRate/10*30 {
			b.t.Errorf("more than what writes failed, or for longer than the health check takes: %+v", first)
		}
	}
	if len(later) > 0 || len(sentLater) == 0 {
		b.t.Errorf("then %d of %d requests failed: %+v", len(later), len(sentLater), later)
	}
	grewOnly(b, before, running(b))
}

// grewOnly checks that all pods are still there, and that those that came under the load are WordPress's, in a region at least.
func grewOnly(b *bench, before, after []string) {
	b.t.Helper()
	var more []string
	for _, pod := range after {
		if !slices.Contains(before, pod) {
			more = append(more, strings.Fields(pod)[1])
		}
	}
	restarted := slices.ContainsFunc(before, func(pod string) bool { return !slices.Contains(after, pod) })
	if restarted || len(more) == 0 || slices.ContainsFunc(more, func(pod string) bool { return !strings.HasPrefix(pod, "wordpress-") }) {
		b.t.Errorf("pods before and after:\n%s\n\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

// leadersIn waits until the dashboard and a form are answered in a region, and checks that they are from then on.
func leadersIn(b *bench, site, region string) {
	b.t.Helper()
	answered := func(method string) (bool, string) {
		response, page := b.send(method, site+"/wp-admin/install.php", nil)
		return response.StatusCode == http.StatusOK && strings.Contains(page, "<td>"+region), response.Status + ": " + page
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		there, said := answered(http.MethodPost)
		if there {
			break
		}
		if time.Now().After(end) {
			b.t.Fatalf("a form is not answered in %s: %s", region, said)
		}
	}
	for range 10 {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if there, said := answered(method); !there {
				b.t.Fatalf("%s of the dashboard is not answered in %s: %s", method, region, said)
			}
		}
	}
}
