package enginetest

import (
	"net/http"
	"time"
)

// keepPages installs the site, turns Cloud CDN on, and loses two regions: visitors go on seeing the page, which is older
// each time, and what is not kept fails. The regions stay lost.
func (d *drill) keepPages(one, two, site string) {
	d.set("cdn", "true")
	for field, value := range map[string]string{"title": "A drill", "adminUser": "editor", "adminEmail": "editor@example.com"} {
		d.run("pulumi", "config", "set", "--path", "geo-wordpress:site."+field, value, "--stack", "dev", "--config-file", d.config)
	}
	d.say("install the site, and turn Cloud CDN on")
	d.pulumi("up --yes --skip-preview")
	page := func() (status int, age string) {
		response, _ := d.visit(site, nil)
		return response.StatusCode, response.Header.Get("Age")
	}
	d.until("the page is kept", func() bool { status, age := page(); return status == http.StatusOK && age != "" })

	d.say("lose %s and %s", one, two)
	d.run(d.tool("localcloud"), "fail", "region", one, two)
	began, seen := time.Now(), 0
	d.until("nobody is in rotation", func() bool {
		if status, age := page(); status != http.StatusOK || age == "" {
			d.t.Errorf("%s after the loss the page answers %d, with the age %q", seconds(time.Since(began)), status, age)
		}
		seen++
		return d.rotation.none(regionNames...)()
	})
	status, age := page()
	d.say("nobody is in rotation, %s after the loss; the page was there %d times, and answers %d, %s s old",
		seconds(time.Since(began)), seen, status, age)
	if status != http.StatusOK || age == "" {
		d.t.Errorf("with nobody in rotation the page answers %d, with the age %q", status, age)
	}
	if response, _ := d.visit(site+"?s=drill", nil); response.StatusCode != http.StatusServiceUnavailable {
		d.t.Errorf("with nobody in rotation a search answers %s", response.Status)
	}
}
