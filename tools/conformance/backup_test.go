package conformance_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

const backupBucket = "the-backups"

// withBackup makes the stack back its site up into a bucket of the operator's.
var withBackup = map[string]string{
	"geo-wordpress:site":   site["geo-wordpress:site"],
	"geo-wordpress:backup": `{"schedule":"0 3 * * *","bucket":"` + backupBucket + `"}`,
	// with what the alert on a missing backup goes by
	"geo-wordpress:monitoring": withMonitoring["geo-wordpress:monitoring"],
}

// A site with posts, users, uploads and a plugin is backed up and lost, and a new stack with another address is made from the
// backup: post by post and file by file the same, but for the address.
func TestBackupRestore(t *testing.T) {
	objects := t.TempDir()
	var lost contents
	var name string
	t.Run("backup", func(t *testing.T) { name, lost = backsUp(t, objects) })
	if t.Failed() {
		return
	}
	t.Run("restore", func(t *testing.T) { restores(t, objects, name, lost) })
}

// backsUp takes a backup of a site, and returns its name and what the site held.
func backsUp(t *testing.T, objects string) (name string, held contents) {
	w := world.New(t, committed(t, withBackup))
	cloud := w.GoogleCloud(objects)
	first, second := w.Stack.Regions[0], w.Stack.Regions[1]
	tidb := startDatabase(w)
	if _, err := w.Job(first.Name, "wordpress-install"); err != nil {
		t.Fatal(err)
	}
	begin := func() { w.Done(time.Minute, w.Start(first.Name, "database-reader")) }
	begin()
	wordpress := w.Start(first.Name, "wordpress")
	w.Ready(3*time.Minute, wordpress)
	fill(t, w, w.Database(tidb, "root", w.Stack.Output("database", "rootPassword")), first.Name)

	held = contentsOf(t, w, tidb, first.Name)
	root := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	seesTheBackupsAge(t, w, root, begin, func() { w.Done(3*time.Minute, w.Start(first.Name, "backup")) })
	// Another region finds that it has been done.
	late := w.Start(second.Name, "backup")
	w.Done(time.Minute, late)
	if log := late.Log("turn"); !strings.Contains(log, "another region has taken a backup") {
		t.Errorf("the second region does not see the first's backup:\n%s", w.Describe(late))
	}
	var complete []string
	found, _, err := cloud.Objects.ListObjectsWithOptions(backupBucket, fakestorage.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range found {
		if backup, ok := strings.CutSuffix(object.Name, "/complete"); ok {
			complete = append(complete, backup)
		}
	}
	if len(complete) != 1 {
		t.Fatalf("the complete backups are %v", complete)
	}
	for _, refused := range cloud.Refused() {
		// rclone asks whether the directory is an object, and goes on without an answer.
		if !strings.Contains(refused, "(GET "+complete[0]+",") {
			t.Errorf("Cloud Storage refused: %s", refused)
		}
	}
	return complete[0], held
}

// fill gives a site what a backup may lose: many posts, a user, texts with every kind of character, values with the site's
// address, a plugin with a table of its own, and uploads.
func fill(t *testing.T, w *world.World, db *sql.DB, region string) {
	t.Helper()
	url := w.Stack.Output("site_url")
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run("SET SESSION sql_mode = ''") // as WordPress does: a draft's date is zero
	for i := range 300 {
		run("INSERT INTO wordpress.wp_posts (post_author, post_date, post_date_gmt, post_title, post_name, post_content, post_excerpt, to_ping, pinged, post_content_filtered) "+
			"VALUES (1, NOW(), '0000-00-00 00:00:00', ?, ?, ?, '', '', '', '')",
			fmt.Sprintf("Nº %d: Überall 你好 😀 'quoted' \\ \"and\" more", i), fmt.Sprintf("post-%d", i),
			fmt.Sprintf("<a href=\"%s/post-%d/\">%s</a>\r\n%s", url, i, strings.Repeat("ä", i*20), `{"u":"`+strings.ReplaceAll(url, "/", `\/`)+`\/x"}`))
	}
	run("INSERT INTO wordpress.wp_users (user_login, user_pass, user_email, display_name) VALUES ('jürgen', 'hash', 'j@example.com', 'Jürgen')")
	run("INSERT INTO wordpress.wp_options (option_name, option_value) VALUES ('geo_plugin', ?)", serialized(url))
	run("CREATE TABLE wordpress.wp_geo_plugin (id INT, part INT, text LONGTEXT, number DECIMAL(10,2), raw VARBINARY(20), shown VARCHAR(100) AS (LEFT(text, 100)), PRIMARY KEY (id, part)) DEFAULT CHARSET utf8mb4")
	run("INSERT INTO wordpress.wp_geo_plugin (id, part, text, number, raw) VALUES (1, 1, ?, 12.50, x'00ff27'), (1, 2, NULL, NULL, NULL)", "see "+url+"/shop")

	putPlugin(t, w, region, "elsewhere", []byte("<?php\n/* Plugin Name: Elsewhere */\n"))
	for i := range 40 {
		path := filepath.Join(w.Files(region), "uploads", "2026", fmt.Sprintf("%02d", 1+i%12), fmt.Sprintf("Bild ü %d.jpg", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		content := sha256.Sum256([]byte(path))
		if err := os.WriteFile(path, []byte(strings.Repeat(hex.EncodeToString(content[:]), 1+i*300)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(w.Files(region), "cache", "page.html")
	if err := os.MkdirAll(filepath.Dir(left), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("cached"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// serialized is an option of a plugin as PHP stores it, with addresses in strings, whose lengths it states.
func serialized(url string) string {
	return fmt.Sprintf(`a:2:{s:4:"home";s:%d:"%s/";s:4:"deep";O:8:"stdClass":1:{s:1:"u";s:%d:"%s";}}`, len(url)+1, url, len(url), url)
}

// restores makes a new stack from a backup, and compares it with what was lost.
func restores(t *testing.T, objects, name string, lost contents) {
	w := world.New(t, committed(t, map[string]string{
		"geo-wordpress:domain":  "www.example.org",
		"geo-wordpress:staging": "true",
		"geo-wordpress:restore": `{"bucket":"` + backupBucket + `","name":"` + name + `"}`,
	}))
	cloud := w.GoogleCloud(objects)
	first, second := w.Stack.Regions[0], w.Stack.Regions[1]
	startPDs(w)
	tidb := startTiDBs(w, w.Stack.Regions[:2])[0]
	root := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))

	if early := w.Start(second.Name, "restore"); !failsWith(t, w, early, "begin", "the first region has not begun") {
		t.Errorf("the second region restores before the first:\n%s", w.Describe(early))
	}
	// A database with tables is a site. It is not overwritten.
	if _, err := root.ExecContext(t.Context(), "CREATE TABLE wordpress.wp_options (option_id BIGINT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	if over := w.Start(first.Name, "restore"); !failsWith(t, w, over, "begin", "only a new stack can be restored") {
		t.Errorf("a site is overwritten:\n%s", w.Describe(over))
	}
	if _, err := root.ExecContext(t.Context(), "DROP TABLE wordpress.wp_options"); err != nil {
		t.Fatal(err)
	}

	// A pod that is lost while it restores is replaced by one that goes on.
	cut := w.Start(first.Name, "restore")
	w.Eventually(2*time.Minute, "the database is being loaded", func() error {
		if rows(t, root, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'wordpress' AND table_name = 'wp_posts'") != "1" {
			return fmt.Errorf("there is no table yet:\n%s", w.Describe(cut))
		}
		return nil
	})
	cut.PowerOff()
	for _, region := range []string{first.Name, second.Name, first.Name} {
		w.Done(3*time.Minute, w.Start(region, "restore"))
	}
	for _, refused := range cloud.Refused() {
		t.Errorf("Cloud Storage refused: %s", refused)
	}

	want := lost.at("https://www.example.org") // the domain, to which the site moves later
	for _, region := range []string{first.Name, second.Name} {
		got := contentsOf(t, w, tidb, region)
		compare(t, "the database", want.rows, got.rows)
		compare(t, "the files of "+region, want.files, got.files)
	}
	wordpress := w.Start(first.Name, "wordpress")
	w.Ready(3*time.Minute, wordpress)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+wordpress.Network.Address.String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "www.example.org"
	request.Header.Set("X-Forwarded-Proto", "https")
	page, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	if page.StatusCode != http.StatusOK || !strings.Contains(string(text), "Überall") || !strings.Contains(page.Header.Get("X-Robots-Tag"), "noindex") {
		t.Errorf("the copy answers %s and tells search engines %q:\n%.300s", page.Status, page.Header.Get("X-Robots-Tag"), text)
	}
	noFailedSQL(t, tidb)
}

// failsWith waits for a pod's end, and says whether it failed with a text in a container's log.
func failsWith(t *testing.T, w *world.World, p *kubelet.Pod, container, text string) bool {
	t.Helper()
	ends(t, w, p)
	return !p.Succeeded() && strings.Contains(p.Log(container), text)
}

// contents are what a site holds.
type contents struct {
	url   string
	rows  map[string]string // by table and primary key
	files map[string]string // kinds, modes, sizes, checksums and times, by path
}

// at returns the contents as they are at another address.
func (c contents) at(url string) contents {
	moved := contents{url: url, rows: maps.Clone(c.rows), files: c.files}
	old, new := serialized(c.url), serialized(url)
	for key, row := range moved.rows {
		if strings.Contains(key, "wp_options") && strings.Contains(row, old) {
			row = strings.ReplaceAll(row, old, new)
		}
		guid := "" // posts keep theirs
		if i := strings.Index(row, "guid="); i >= 0 {
			guid = strings.SplitN(row[i:], "\x00", 2)[0]
			row = strings.Replace(row, guid, "GUID", 1)
		}
		row = strings.ReplaceAll(row, c.url, url)
		row = strings.ReplaceAll(row, strings.ReplaceAll(c.url, "/", `\/`), strings.ReplaceAll(url, "/", `\/`))
		moved.rows[key] = strings.Replace(row, "GUID", guid, 1)
	}
	return moved
}

// contentsOf reads all rows of all tables, and the files of a region.
func contentsOf(t *testing.T, w *world.World, tidb *kubelet.Pod, region string) contents {
	t.Helper()
	c := contents{url: w.Stack.Output("site_url"), rows: map[string]string{}, files: map[string]string{}}
	db := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	for _, table := range strings.Fields(rows(t, db, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'wordpress' AND table_name LIKE 'wp%'")) {
		found, err := db.QueryContext(t.Context(), "SELECT * FROM wordpress.`"+table+"`")
		if err != nil {
			t.Fatal(err)
		}
		columns, err := found.Columns()
		if err != nil {
			t.Fatal(err)
		}
		values := make([]sql.NullString, len(columns))
		pointers := make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		for found.Next() {
			if err := found.Scan(pointers...); err != nil {
				t.Fatal(err)
			}
			var row strings.Builder
			for i, column := range columns {
				fmt.Fprintf(&row, "%s=%v:%s\x00", column, values[i].Valid, values[i].String)
			}
			c.rows[table+" "+values[0].String+" "+values[1].String] = row.String()
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		found.Close()
	}
	base := w.Files(region)
	err := filepath.WalkDir(base, func(path string, entry fs.DirEntry, err error) error {
		relative, _ := filepath.Rel(base, path)
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(relative, "cache/") || strings.HasPrefix(relative, ".st") {
			return err
		}
		description, err := describe(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		c.files[relative] = description + " " + info.ModTime().UTC().Truncate(time.Second).String()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// compare reports what two maps differ in.
func compare(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	if len(want) < 10 {
		t.Errorf("%s: only %d to compare", what, len(want))
	}
	for _, line := range tree(want).differences(got) {
		t.Errorf("%s: %.1500s", what, line)
	}
}
