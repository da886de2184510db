package conformance_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// oneOption matches WordPress's statement for an option that is not loaded with all others.
var oneOption = regexp.MustCompile(`SELECT option_value FROM wp_options WHERE option_name = '[^']*' LIMIT 1`)

// optionsAtOnce: no page that visitors or editors request most asks for an option by a statement of its own. Each of these
// is up to three round trips to the leaders.
func optionsAtOnce(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	region := w.Stack.Regions[0]
	editor, err := logIn(w, region)
	if err != nil {
		t.Fatal(err)
	}
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	logStatements := func(on int) {
		t.Helper()
		if _, err := db.Exec(fmt.Sprintf("SET GLOBAL tidb_general_log = %d", on)); err != nil {
			t.Fatal(err)
		}
	}
	logStatements(1)
	defer logStatements(0)
	// At its first requests WordPress writes some of them. Those of the theme are written by the first visitor's page: until
	// then the dashboard asks for each.
	for _, each := range []struct {
		path string
		who  *session
	}{{"/", anybody(w, editor, region)}, {"/wp-admin/edit.php", editor}} {
		path, who := each.path, each.who
		w.Eventually(2*time.Minute, path+" asks for all options at once", func() error {
			before := len(tidb.Log("tidb"))
			if _, err := who.get(path); err != nil {
				return err
			}
			time.Sleep(500 * time.Millisecond)
			said := tidb.Log("tidb")[before:]
			if !strings.Contains(said, "'can_compress_scripts'") {
				return errors.New("the log has no statements of the page")
			}
			if alone := oneOption.FindAllString(said, -1); len(alone) > 0 {
				return fmt.Errorf("%q", alone)
			}
			return nil
		})
	}
}
