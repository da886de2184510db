package backup

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A large table is in several files, each below 64 MiB, and in statements that TiDB's transactions hold; no row is lost.
func TestLimits(t *testing.T) {
	dir := t.TempDir()
	w, err := NewWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	row := []byte("(1,'" + strings.Repeat("x", 90_000) + "')")
	large := []byte("(2,'" + strings.Repeat("y", 6<<20) + "')")
	const rows = 1500
	for i := range rows {
		columns := ""
		if i > 1000 {
			columns = "(`a`,`b`) "
		}
		if err := w.Row("wp_posts", columns, row); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.Row("wp_posts", "", large); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Row("wp_options", "", []byte("(1)")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "wordpress.wp_posts.*.sql.gz"))
	if err != nil || len(names) != 3 || filepath.Base(names[0]) != "wordpress.wp_posts.000000000.sql.gz" {
		t.Fatalf("files: %v %v", names, err)
	}
	found := 0
	for _, name := range names {
		text := unzip(t, name)
		if len(text) >= 64<<20 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		for _, statement := range strings.SplitAfter(text, ";\n") {
			n := strings.Count(statement, "\n(")
			found += n
			if len(statement) > 1_100_000 && n > 1 {
				t.Errorf("a statement has %d bytes in %d rows", len(statement), n)
			}
			if n > 0 && !strings.HasPrefix(statement, "INSERT INTO `wp_posts` VALUES\n(") && !strings.HasPrefix(statement, "INSERT INTO `wp_posts` (`a`,`b`) VALUES\n(") {
				t.Errorf("a statement begins with %.60q", statement)
			}
		}
	}
	if found != rows+2 {
		t.Errorf("%d rows of %d", found, rows+2)
	}
	if got := unzip(t, filepath.Join(dir, "wordpress.wp_options.000000000.sql.gz")); got != head+"INSERT INTO `wp_options` VALUES\n(1);\n" {
		t.Errorf("options: %q", got)
	}
}

func unzip(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}
