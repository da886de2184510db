package conformance_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// An administrator updates plugins, themes and translations in the dashboard, but not WordPress itself, which belongs
// to the image: the pages say so and do not offer the update, and a request for it is refused.
func coreIsTheImages(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	// The offer of an update, as if wordpress.org had sent it.
	offer := `O:8:"stdClass":10:{s:8:"response";s:7:"upgrade";s:8:"download";s:32:"https://example.com/9.9.9/wp.zip";s:6:"locale";s:5:"en_US";s:8:"packages";O:8:"stdClass":1:{s:4:"full";s:32:"https://example.com/9.9.9/wp.zip";}s:7:"current";s:5:"9.9.9";s:7:"version";s:5:"9.9.9";s:11:"php_version";s:3:"7.2";s:13:"mysql_version";s:3:"5.5";s:11:"new_bundled";s:3:"9.9";s:15:"partial_version";b:0;}`
	checked := fmt.Sprintf(`O:8:"stdClass":4:{s:7:"updates";a:1:{i:0;%s}s:12:"last_checked";i:%d;s:15:"version_checked";s:%%d:"%%s";s:12:"translations";a:0:{}}`, offer, time.Now().Unix())
	s, err := logIn(w, tidb.Region)
	if err != nil {
		t.Fatal(err)
	}
	home, err := s.get("/wp-admin/about.php")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`branch-\d+-\d+ version-([\d-]+)`).FindSubmatch(home)
	if version == nil {
		t.Fatal("no version in the dashboard's page")
	}
	now := strings.ReplaceAll(string(version[1]), "-", ".")
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	if _, err := db.Exec("REPLACE INTO wordpress.wp_options (option_name, option_value, autoload) VALUES ('_site_transient_update_core', ?, 'no')",
		fmt.Sprintf(checked, len(now), now)); err != nil {
		t.Fatal(err)
	}

	page := func(path string) string {
		t.Helper()
		text, err := s.get(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, path := range []string{"/wp-admin/update-core.php", "/wp-admin/"} {
		if text := page(path); !strings.Contains(text, "9.9.9 is available") || !strings.Contains(text, "wordpressImage") {
			t.Errorf("%s does not say why WordPress is not updated there", path)
		}
	}
	updates := page("/wp-admin/update-core.php")
	for _, offered := range []string{"do-core-upgrade", "do-core-reinstall"} {
		if strings.Contains(updates, offered) {
			t.Errorf("the page of updates offers %s", offered)
		}
		request, err := http.NewRequest(http.MethodPost, s.site+"/wp-admin/update-core.php?action="+offered, strings.NewReader("version=9.9.9&locale=en_US"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		// 500 is wp_die's own status, which update-core.php does not change.
		if body, err := s.send(request, http.StatusInternalServerError); err != nil {
			t.Errorf("%s is not refused for want of the right: %v", offered, err)
		} else if !strings.Contains(string(body), "not allowed to update this site") {
			t.Errorf("%s is refused by %.1000s", offered, body)
		}
	}
	if dashboard := page("/wp-admin/"); strings.Contains(dashboard, "update-nag") {
		t.Error("WordPress's own notice asks for the update")
	}
	// The rest stays allowed: without the capability, these pages answer 403.
	for _, path := range []string{"/wp-admin/plugin-install.php?tab=upload", "/wp-admin/theme-install.php?browse=popular", "/wp-admin/options-general.php"} {
		page(path)
	}
	for _, right := range []string{"update_plugins", "update_themes"} {
		if !strings.Contains(updates, map[string]string{"update_plugins": "Plugins", "update_themes": "Themes"}[right]) {
			t.Errorf("the page of updates has nothing for %s", right)
		}
	}
}
