package enginetest

import (
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// restartPlacementDrivers restarts the local cloud, and then all Placement Drivers at once. Their disks must still have
// their data: with empty ones, none would start again, because a database stands.
func restartPlacementDrivers(b *bench) {
	b.t.Helper()
	b.run(b.tool("localcloud"), "stop")
	b.run(b.tool("localcloud"), "start")
	site := strings.TrimSpace(b.outputOf("stack output site_url"))
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) { // the pods went on meanwhile
		response, page := b.visit(site+"/wp-admin/install.php", nil)
		if response.StatusCode == http.StatusOK && strings.Contains(page, "WordPress › Installation") {
			break
		}
		if time.Now().After(end) {
			b.t.Fatalf("after the local cloud's restart the site answers %s: %s", response.Status, page)
		}
	}
	for _, region := range regionNames {
		b.kubectl(region, "-n", "database", "delete", "pod", "pd-0", "--wait=false")
	}
	// last returns the last lines of a container's logs, one for each region.
	last := func(container string) (lines []string) {
		logs, err := filepath.Glob(filepath.Join(b.home, "machines", "*", "database_pd-0_"+container+".log"))
		if err != nil || len(logs) != len(regionNames) {
			b.t.Fatalf("the logs of %s are %v, %v", container, logs, err)
		}
		for _, log := range logs {
			all := strings.Split(strings.TrimSpace(b.read(log)), "\n")
			lines = append(lines, all[len(all)-1])
		}
		return lines
	}
	all := func(lines []string, text string) bool {
		return strings.Count(strings.Join(lines, "\n"), text) == len(lines)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		started, serving := last("start"), last("pd")
		if all(started, "starts with its data") && all(serving, "serves the API") {
			break
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the Placement Drivers do not serve after two minutes:\n%s", strings.Join(append(started, serving...), "\n"))
		}
	}
	settleClusters(b)
}
