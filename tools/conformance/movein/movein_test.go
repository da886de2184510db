package movein

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A site with another prefix, on MariaDB, moves: what TiDB has after the load is what MariaDB has, row by row and byte by
// byte, and WordPress on it has the same users, rights, options and posts.
func TestMoveIn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("MariaDB is started as another user, which needs root")
	}
	program := filepath.Join(t.TempDir(), "movein")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = "../../movein"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	maria, wp := oldSite(t)
	dir := t.TempDir()
	dump, backup := filepath.Join(dir, "site.sql"), filepath.Join(dir, "backup")
	maria.dump(t, "wordpress", dump, "--default-character-set=utf8mb4", "--routines", "--events")

	move := exec.Command(program, "--dump", dump, "--content", filepath.Join(wp.dir, "wp-content"), "--out", backup)
	report, err := move.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("movein: %v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", report)
	for _, want := range []string{"site7_, now wp_", "wp_legacy: the FULLTEXT key body", "view site7_view", "trigger site7_trigger", "procedure site7_procedure",
		"table forum_posts, 1 rows", "usermeta: site7_capabilities to wp_capabilities", "wp_options: the collation of option_name", "object-cache.php",
		"plugins/search/search.php:3", "engine MyISAM to TiDB's: wp_legacy", "mu-plugins do not run here"} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	complete(t, backup)
	files(t, backup)

	tidb := startTiDB(t)
	tidb.load(t, backup)
	compare(t, maria, tidb)
	if _, err := tidb.Exec("INSERT INTO wordpress.wp_child (made) VALUES (99)"); err == nil || !strings.Contains(err.Error(), "foreign key") {
		t.Errorf("the foreign key does not name its table: %v", err)
	}
	// The collation's weights, which movein imitates to find keys that collide.
	folds(t, tidb)

	var before, after map[string]any
	wp.php(t, "", questions, &before)
	wp.configure(t, sprint("127.0.0.1:%d", tidb.port), "wp_", "utf8mb4_general_ci", "")
	wp.php(t, "", questions, &after)
	if before["admin"] != true || before["reader"] != true || before["search"] == 0.0 || before["error"] != "" {
		t.Errorf("on MariaDB: %v", before)
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("on MariaDB: %v\non TiDB:    %v", before, after)
	}

	// The dump in latin1 of the same tables, whose texts are latin1 then.
	latin := filepath.Join(dir, "latin1.sql")
	maria.dump(t, "latin", latin, "--default-character-set=latin1")
	if out, err := exec.Command(program, "--dump", latin, "--content", filepath.Join(wp.dir, "wp-content"), "--out", filepath.Join(dir, "latin")).CombinedOutput(); err != nil {
		t.Fatalf("movein: %v\n%s", err, out)
	}
	tidb.do(t, "DROP DATABASE wordpress")
	tidb.load(t, filepath.Join(dir, "latin"))
	if _, got := tidb.rows(t, "SELECT post_content FROM wordpress.wp_posts"); !reflect.DeepEqual(got, [][]string{{"=Grüße für 5 €"}}) {
		t.Errorf("a post in latin1: %q", got)
	}
}

// compare compares all tables that move.
func compare(t *testing.T, maria, tidb server) {
	t.Helper()
	_, tables := maria.rows(t, "SELECT table_name FROM information_schema.tables WHERE table_schema='wordpress' AND table_type='BASE TABLE' AND table_name LIKE 'site7\\_%'")
	if len(tables) < 15 {
		t.Fatalf("tables: %v", tables)
	}
	for _, table := range tables {
		old := strings.TrimPrefix(table[0], "=")
		moved := "wp_" + strings.TrimPrefix(old, "site7_")
		columns, want := maria.rows(t, "SELECT * FROM wordpress."+old+" ORDER BY 1, 2")
		_, got := tidb.rows(t, "SELECT * FROM wordpress."+moved+" ORDER BY 1, 2")
		for _, row := range want {
			for i, column := range columns {
				if (column == "option_name" || column == "meta_key") && moved != "wp_postmeta" && moved != "wp_termmeta" {
					if rest, ok := strings.CutPrefix(row[i], "=site7_"); ok {
						row[i] = "=wp_" + rest
					}
				}
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s has %d rows, not %d", moved, len(got), len(want))
			continue
		}
		order := func(a, b []string) int { return slices.Compare(a, b) } // the servers sort texts differently
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: %.400q\nnot %.400q", moved, got[i], want[i])
				break
			}
		}
		t.Logf("%s: %d rows are the same", moved, len(want))
	}
}

// folds checks with TiDB's weights that movein tells apart only what the collation tells apart.
func folds(t *testing.T, tidb server) {
	t.Helper()
	for _, pair := range [][2]string{{"ß", "S"}, {"ϲ", "Σ"}, {"é", "E"}, {"😀", "😁"}, {"а", "А"}} {
		_, got := tidb.rows(t, sprint("SELECT _utf8mb4'%s' COLLATE utf8mb4_general_ci = _utf8mb4'%s' COLLATE utf8mb4_general_ci", pair[0], pair[1]))
		if !reflect.DeepEqual(got, [][]string{{"=1"}}) {
			t.Errorf("%v: %v", pair, got)
		}
	}
}

// complete checks what says that the backup is complete.
func complete(t *testing.T, backup string) {
	t.Helper()
	var said struct {
		Site, From, Taken string
		Parts             struct{ Count, Bytes int64 }
	}
	if err := json.Unmarshal([]byte(content(t, filepath.Join(backup, "complete"))), &said); err != nil {
		t.Fatal(err)
	}
	if said.Site != address || said.From != "movein" || len(said.Taken) != len("2026-01-01T00:00:00Z") {
		t.Errorf("complete: %+v", said)
	}
	parts, err := filepath.Glob(filepath.Join(backup, "database", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	for _, part := range append(parts, filepath.Join(backup, "files.tar.gz")) {
		info, err := os.Stat(part)
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
	}
	if said.Parts.Count != int64(len(parts)+1) || said.Parts.Bytes != bytes {
		t.Errorf("complete says %+v of %d parts with %d bytes", said.Parts, len(parts)+1, bytes)
	}
	left, err := filepath.Glob(filepath.Join(backup, "*.tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v %v", left, err)
	}
}

// files checks the archive of wp-content.
func files(t *testing.T, backup string) {
	t.Helper()
	file, err := os.Open(filepath.Join(backup, "files.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 33 || h.Gid != 33 || !strings.HasPrefix(h.Name, "./") || h.Typeflag == tar.TypeReg && h.Mode != 0o644 || h.Typeflag == tar.TypeDir && h.Mode != 0o755 {
			t.Errorf("%s: %d:%d, mode %o", h.Name, h.Uid, h.Gid, h.Mode)
		}
		found[h.Name] = string(text)
	}
	if found["./uploads/2026/01/ü 😀.txt"] != "picture" || found["./themes/twentytwentyfive/style.css"] == "" || found["./plugins/search/search.php"] == "" {
		t.Error("files are missing")
	}
	for _, gone := range []string{"./object-cache.php", "./cache/page.html", "./uploads/outside"} {
		if _, ok := found[gone]; ok {
			t.Errorf("%s is in the archive", gone)
		}
	}
}
