package conformance_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/ports"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// A plugin with a fatal error passes the port's probe and the health page. A pod that starts with it does not become
// ready, so an update stops there; a pod without it does.
func brokenPlugin(t *testing.T, w *world.World, tidb, old *kubelet.Pod) {
	region := old.Region.Name
	const elsewhere, broken = "elsewhere", "geo_no_such_function"
	putPlugin(t, w, region, elsewhere, []byte("<?php\n/* Plugin Name: Elsewhere */\nheader( 'Location: /elsewhere' ); ob_start();\n"))
	putPlugin(t, w, region, broken, []byte("<?php\n/* Plugin Name: Broken */\n"+broken+"();\n"))
	start := w.Stack.Region(region).Pod("wordpress").Container("wordpress").StartupProbe.HTTPGet
	page := func(p *kubelet.Pod, port int, path string) (int, string) {
		t.Helper()
		code, text, err := pageOf(p, port, path)
		if err != nil {
			t.Fatal(err)
		}
		return code, strings.TrimSpace(text)
	}

	activate(t, w, tidb, elsewhere)
	if code, text := page(old, ports.HTTP, start.Path); code != http.StatusOK || text != "ok" {
		t.Errorf("with a plugin that sends visitors elsewhere: %d %s", code, text)
	}

	activate(t, w, tidb, broken)
	if code, text := page(old, ports.HTTP, start.Path); code != http.StatusInternalServerError || !strings.Contains(text, broken) {
		t.Errorf("with a broken plugin the start-up page says %d %s", code, text)
	}
	if code, text := page(old, ports.Health, loadbalancer.HealthPath); code != http.StatusOK {
		t.Errorf("with a broken plugin the health page says %d %s: then the start-up page is not needed", code, text)
	}
	late := w.Start(region, "wordpress")
	w.Eventually(3*time.Minute, "the new pod fails its start-up probe for the plugin", func() error {
		for _, e := range late.Events("Unhealthy") {
			if strings.Contains(e.Message, broken) {
				return nil
			}
		}
		return errors.New(w.Describe(late))
	})
	if late.Ready() {
		t.Error("a pod that starts with a broken plugin is ready")
	}

	activate(t, w, tidb, elsewhere)
	w.Ready(3*time.Minute, late)
	if code, text := page(late, ports.HTTP, start.Path); code != http.StatusOK {
		t.Errorf("with the plugin switched off: %d %s", code, text)
	}
}
