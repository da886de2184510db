package content

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// files is a wp-content; a value that begins with -> is a symbolic link.
var files = map[string]string{
	"themes/a/style.css": "css", "plugins/b/b.php": "<?php\n", "uploads/2026/ü.jpg": "jpeg", "uploads/same": "->2026/ü.jpg",
	"uploads/out": "->../../x", "uploads/root": "->/etc/passwd", "uploads/up": "->../themes", "themes/a/self": "->..",
	"cache/x": "cached", "upgrade/y": "y", ".stfolder/z": "", "db.php": "<?php", "updraft/backup.zip": "zip", "debug.log": "log", "plugins/w3-total-cache/w.php": "<?php",
	"uploads/upgrade/kept": "kept", "plugins/b/db.php": "kept", "uploads/.hidden": "kept",
}

var moved = []string{"./plugins/b/b.php", "./plugins/b/db.php", "./themes/a/self", "./themes/a/style.css", "./uploads/.hidden", "./uploads/2026/ü.jpg",
	"./uploads/same", "./uploads/up", "./uploads/upgrade/kept"}

// directory writes the files.
func directory(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "wp-content")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if link, ok := strings.CutPrefix(text, "->"); ok {
			err = os.Symlink(link, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// archive writes the files below a path, and more of the site.
func archive(t *testing.T, root string, more ...*tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	add := func(h *tar.Header, text string) {
		h.Size = int64(len(text))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{}
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, h := range more {
		add(h, "")
	}
	for _, name := range names {
		if link, ok := strings.CutPrefix(files[name], "->"); ok {
			add(&tar.Header{Name: root + name, Typeflag: tar.TypeSymlink, Linkname: link, Mode: 0o777}, "")
		} else {
			add(&tar.Header{Name: root + name, Typeflag: tar.TypeReg, Mode: 0o600, Uid: 1000}, files[name])
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "site.tar.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCopy(t *testing.T) {
	sources := map[string]string{
		"a directory": directory(t), "an archive": archive(t, ""), "with ./": archive(t, "./"), "named": archive(t, "wp-content/"),
		"the whole site": archive(t, "home/site/wp-content/", &tar.Header{Name: "home/site/index.php", Mode: 0o644}, &tar.Header{Name: "home/site/wp-config.php", Mode: 0o644}),
		"links":          archive(t, "", &tar.Header{Name: "themes/h1", Mode: 0o644}, &tar.Header{Name: "themes/h2", Typeflag: tar.TypeLink, Linkname: "themes/h1"}, &tar.Header{Name: "themes/h3", Typeflag: tar.TypeLink, Linkname: "../etc/passwd"}, &tar.Header{Name: "themes/fifo", Typeflag: tar.TypeFifo}, &tar.Header{Name: "../../etc/x", Mode: 0o644}),
	}
	sources["the directory above"] = filepath.Dir(sources["a directory"])
	for name, path := range sources {
		t.Run(name, func(t *testing.T) {
			s, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			result, err := Copy(s, &out)
			if err != nil {
				t.Fatal(err)
			}
			got := names(t, &out)
			want := moved
			if name == "links" {
				want = slices.Sorted(slices.Values(append(slices.Clone(moved), "./themes/h1", "./themes/h2", "./etc/x")))
			}
			if !slices.Equal(got, want) {
				t.Errorf("moved: %q\nnot    %q", got, want)
			}
			var left []string
			for _, l := range result.Left {
				left = append(left, l.Path)
			}
			for _, want := range []string{"cache", "upgrade", ".stfolder", "db.php", "updraft", "debug.log", "plugins/w3-total-cache", "uploads/out", "uploads/root"} {
				if !slices.Contains(left, want) {
					t.Errorf("%s is not reported as left out: %q", want, left)
				}
			}
			if name == "the whole site" && s.Config != "home/site/wp-config.php" {
				t.Errorf("wp-config.php: %q", s.Config)
			}
		})
	}
}

// names returns the paths in an archive but directories, and checks owners and modes.
func names(t *testing.T, r io.Reader) (all []string) {
	t.Helper()
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(all)
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		mode := map[byte]int64{tar.TypeReg: 0o644, tar.TypeDir: 0o755, tar.TypeSymlink: 0o777, tar.TypeLink: 0o644}[h.Typeflag]
		if h.Uid != 33 || h.Gid != 33 || h.Mode != mode {
			t.Errorf("%s: %d:%d %o", h.Name, h.Uid, h.Gid, h.Mode)
		}
		if h.Typeflag != tar.TypeDir {
			all = append(all, h.Name)
		}
	}
}

func TestDamaged(t *testing.T) {
	whole, err := os.ReadFile(archive(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.tar.gz")
	if err := os.WriteFile(path, whole[:len(whole)-40], 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err == nil {
		_, err = Copy(s, io.Discard)
	}
	if err == nil || !strings.Contains(err.Error(), "damaged or cut off") {
		t.Errorf("a cut archive: %v", err)
	}
	for name, path := range map[string]string{"no archive": filepath.Join("content_test.go"), "no wp-content": t.TempDir()} {
		if _, err := Open(path); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

func TestScan(t *testing.T) {
	for _, each := range []struct{ code, want string }{
		{"$a = \"SELECT MATCH(a,\n b) AGAINST ('x')\";", "plugins/p/x.php:2"},
		{"return match ($a) { 1 => 'AGAINST' };", ""},
		{" * MATCH (a) AGAINST (b)", ""},
		{"ALTER TABLE x ADD FULLTEXT (a)", "plugins/p/x.php:2"},
		{"FULLTEXT KEY a (b)", "plugins/p/x.php:2"},
		{"// a fulltext index", ""},
		{"'SELECT SQL_CALC_FOUND_ROWS *'", "plugins/p/x.php:2"},
		{"$wpdb->query( 'LOCK TABLES a WRITE' );", "plugins/p/x.php:2"},
		{"'CREATE TRIGGER `a` BEFORE'", "plugins/p/x.php:2"},
		{"create event listeners", ""},
		{"new mysqli( 'a' )", "plugins/p/x.php:2"},
		{"SELECT GET_LOCK('a', 1); FOREIGN KEY (a) REFERENCES b (c)", ""},
	} {
		var where []string
		for _, f := range Scan("plugins/p/x.php", []byte("<?php\n"+each.code)) {
			where = append(where, f.Where)
			if f.Plugin != "plugins/p" {
				t.Errorf("plugin: %s", f.Plugin)
			}
		}
		if got := strings.Join(where, " "); got != each.want {
			t.Errorf("%s: %q, not %q", each.code, got, each.want)
		}
	}
}

func TestScanConfig(t *testing.T) {
	text := "<?php\ndefine( 'DB_PASSWORD', 'secret-1' );\ndefine('AUTH_KEY', 'secret-2');\n// define( 'MULTISITE', true );\n define( \"WP_HOME\", 'https://x' ); define( 'MAILER_KEY', 'secret-3' );\n"
	got := strings.Join(ScanConfig([]byte(text)), "\n")
	if !strings.Contains(got, "WP_HOME") || !strings.Contains(got, "MAILER_KEY") || strings.Contains(got, "MULTISITE") || strings.Contains(got, "secret") || strings.Contains(got, "DB_PASSWORD") {
		t.Errorf("%s", got)
	}
}
