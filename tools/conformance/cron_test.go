package conformance_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"geo-wordpress/ports"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// The cron jobs of all regions call at the same moment, as scheduled: every event runs once. It returns the WordPress pods
// that it starts, one in each region, the last region's as another stack declares it.
func cronOnce(t *testing.T, w *world.World, tidbs []*kubelet.Pod, last *declared.Stack) (pods []*kubelet.Pod) {
	for _, region := range w.Stack.Regions {
		putPlugin(t, w, region.Name, "probe", probePlugin)
	}
	activate(t, w, tidbs[0], "probe")
	for i, region := range w.Stack.Regions {
		if i == len(w.Stack.Regions)-1 {
			pods = append(pods, w.Run(last.Region(region.Name).Pod("wordpress")))
		} else {
			pods = append(pods, w.Start(region.Name, "wordpress"))
		}
	}
	w.Ready(5*time.Minute, pods...)
	var errors []string
	probe(t, pods[0], "sql", []string{"CREATE TABLE wp_probe (id BIGINT PRIMARY KEY AUTO_INCREMENT, number INT, host VARCHAR(100))"}, &errors)
	if len(errors) > 0 {
		t.Fatal(errors)
	}
	db := w.Database(tidbs[0], "root", w.Stack.Output("database", "rootPassword"))

	const rounds, events = 5, 3
	for round := range rounds {
		var numbers []int
		for i := range events {
			numbers = append(numbers, round*events+i)
		}
		var done bool
		probe(t, pods[0], "events", numbers, &done)
		var wait sync.WaitGroup
		for _, pod := range pods {
			wait.Go(func() {
				response, err := world.Get(t.Context(), pod, ports.HTTP, "/wp-cron.php")
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
				if response.StatusCode != http.StatusOK {
					t.Errorf("the cron of %s: %s", pod.Region.Name, response.Status)
				}
			})
		}
		wait.Wait()
	}
	var want string
	for i := range rounds * events {
		want += string(rune('a' + i))
	}
	got := rows(t, db, "SELECT GROUP_CONCAT(CHAR(97 + number) ORDER BY number SEPARATOR '') FROM wordpress.wp_probe")
	if got != want {
		t.Errorf("of %d events, each of which should run once, these ran: %s", rounds*events, got)
	}
	return pods
}
