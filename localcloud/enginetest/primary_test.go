package enginetest

import (
	"net/http"
	"strings"
	"time"
)

// followLeaders names a primary region, and gives it up again, under load: no request may fail, of which a tenth writes, and
// no pod may restart. (The steps after it find nothing to change.)
func followLeaders(b *bench) {
	b.t.Helper()
	const primary = "europe-west2"
	site := strings.TrimSpace(b.outputOf("stack output site_url"))
	before := running(b)
	load := startLoad(b.t, site)
	began := time.Now()

	b.set("primaryRegion", primary)
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
	for range 10 {
		for _, method := range []string{http.MethodGet, http.MethodPost} { // the dashboard and a form
			response, page := b.send(method, site+"/wp-admin/install.php", nil)
			if response.StatusCode != http.StatusOK || !strings.Contains(page, "<td>"+primary) {
				b.t.Fatalf("%s of the dashboard is not answered in %s: %s: %s", method, primary, response.Status, page)
			}
		}
	}

	b.set("primaryRegion", "")
	b.pulumi("up --yes --skip-preview")
	load.end()
	sent, failed := load.between(began, time.Now()), 0
	for _, s := range sent {
		if s.failed() {
			failed++
			b.t.Logf("%.1f s after the beginning: %d %s", s.sent.Sub(began).Seconds(), s.status, s.problem)
		}
	}
	if failed > 0 || len(sent) == 0 {
		b.t.Errorf("%d of %d requests failed", failed, len(sent))
	}
	if after := running(b); strings.Join(before, "\n") != strings.Join(after, "\n") {
		b.t.Errorf("pods before and after:\n%s\n\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}
