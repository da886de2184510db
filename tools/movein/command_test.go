package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// a small site's dump, with rows until it has a few MB, so that it takes a moment.
func smallDump(posts int) string {
	var b strings.Builder
	b.WriteString("-- MySQL dump 10.13\n/*!40101 SET NAMES utf8mb4 */;\n" +
		"CREATE TABLE `x_options` (`option_id` int NOT NULL AUTO_INCREMENT, `option_name` varchar(191), `option_value` longtext, PRIMARY KEY (`option_id`));\n" +
		"INSERT INTO `x_options` VALUES (1,'home','https://old.example.com');\n" +
		"CREATE TABLE `x_users` (`ID` int);CREATE TABLE `x_usermeta` (`umeta_id` int, `meta_key` text);CREATE TABLE `x_postmeta` (`meta_id` int);\n" +
		"CREATE TABLE `x_posts` (`ID` int, `post_content` longtext);\n")
	for range posts {
		b.WriteString("INSERT INTO `x_posts` VALUES (1,'" + strings.Repeat("text ", 2000) + "');\n")
	}
	return b.String() + "-- Dump completed\n"
}

// newSite writes a dump and a wp-content.
func newSite(t *testing.T, dump string) options {
	t.Helper()
	dir := t.TempDir()
	o := options{dump: filepath.Join(dir, "dump.sql"), content: filepath.Join(dir, "wp-content"), out: filepath.Join(dir, "out"), prefix: "auto"}
	if err := os.MkdirAll(filepath.Join(o.content, "uploads"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{o.dump: dump, filepath.Join(o.content, "uploads/a.txt"): "a"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// run runs the command as a user does.
func run(ctx context.Context, o options) (string, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	defer null.Close()
	if wrong := o.mistakes(nil); len(wrong) > 0 {
		return "", usageError(wrong)
	}
	var out bytes.Buffer
	err = o.run(ctx, &out, null)
	return out.String(), err
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// measure counts the files in some paths, and their bytes.
func measure(t *testing.T, paths ...string) (count, bytes int64) {
	t.Helper()
	for _, path := range paths {
		if err := filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			count, bytes = count+1, bytes+info.Size()
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return count, bytes
}

func TestMistakes(t *testing.T) {
	o := options{dump: "/gone.sql", url: "old.example.com", prefix: "a-b"}
	wrong := strings.Join(o.mistakes([]string{"x"}), "\n")
	for _, want := range []string{"only flags", "--dump", "--content is missing", "--out is missing", "--url", "--prefix"} {
		if !strings.Contains(wrong, want) {
			t.Errorf("no %s in\n%s", want, wrong)
		}
	}
	good := newSite(t, smallDump(1))
	if wrong := good.mistakes(nil); len(wrong) > 0 {
		t.Errorf("right arguments: %q", wrong)
	}
	for name, change := range map[string]func(*options){
		"not empty":                func(o *options) { o.out = filepath.Dir(o.out) },
		"inside of --content":      func(o *options) { o.out = filepath.Join(o.content, "x") },
		"zip archive":              func(o *options) { _ = os.WriteFile(o.dump, []byte("PK\x03\x04"), 0o644) },
		"not a file":               func(o *options) { o.dump = o.content },
		"not like https://example": func(o *options) { o.url = "https://a?b" },
	} {
		o := newSite(t, smallDump(1))
		change(&o)
		if wrong := strings.Join(o.mistakes(nil), "\n"); !strings.Contains(wrong, name) {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

func TestRefusedBeforeAnythingIsWritten(t *testing.T) {
	for _, dump := range []string{strings.TrimSuffix(smallDump(3), "-- Dump completed\n"), "-- Dump completed\n"} {
		o := newSite(t, dump)
		if _, err := run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "nothing was written") {
			t.Errorf("error: %v", err)
		}
		if exists(t, o.out) {
			t.Error("something was written")
		}
	}
}

func TestCheckWritesNothing(t *testing.T) {
	o := newSite(t, smallDump(3))
	o.check = true
	report, err := run(t.Context(), o)
	if err != nil || !strings.Contains(report, "wp_posts") || exists(t, o.out) {
		t.Errorf("%v\n%s", err, report)
	}
}

// cancelled is cancelled once a path exists.
type cancelled struct {
	context.Context
	path string
}

func (c cancelled) Err() error {
	if _, err := os.Stat(c.path); err == nil {
		return context.Canceled
	}
	return nil
}

// Interrupted in any step, it says so, leaves nothing that passes for complete, and ends well when started again.
func TestInterrupted(t *testing.T) {
	whole := newSite(t, smallDump(300))
	want, err := run(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"database.tmp", "files.tar.gz.tmp"} {
		o := newSite(t, smallDump(300))
		if _, err := run(cancelled{context.Background(), filepath.Join(o.out, step)}, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", step, err)
		}
		if exists(t, filepath.Join(o.out, "complete")) || exists(t, filepath.Join(o.out, strings.TrimSuffix(step, ".tmp"))) {
			t.Fatalf("%s: half a part passes for a whole one", step)
		}
		metadata := filepath.Join(o.out, "database/metadata")
		if step == "files.tar.gz.tmp" {
			if err := os.WriteFile(metadata, []byte("kept"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := run(t.Context(), o)
		if err != nil || got != want {
			t.Errorf("%s: %v\n%s", step, err, got)
		}
		if text, err := os.ReadFile(metadata); err != nil || (string(text) == "kept") != (step == "files.tar.gz.tmp") {
			t.Errorf("%s: is the database converted again? %s %v", step, text, err)
		}
		if !exists(t, filepath.Join(o.out, "complete")) || exists(t, filepath.Join(o.out, "movein-unfinished.json")) {
			t.Errorf("%s: not complete", step)
		}
		var complete struct {
			Parts struct{ Count, Bytes int64 }
		}
		if text, err := os.ReadFile(filepath.Join(o.out, "complete")); err != nil || json.Unmarshal(text, &complete) != nil {
			t.Errorf("%s: complete is %s, %v", step, text, err)
		}
		count, bytes := measure(t, filepath.Join(o.out, "database"), filepath.Join(o.out, "files.tar.gz"))
		if complete.Parts.Count != count || complete.Parts.Bytes != bytes {
			t.Errorf("%s: complete states %+v; there are %d parts of %d bytes", step, complete.Parts, count, bytes)
		}
		if _, err := run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "complete backup already") {
			t.Errorf("a complete backup is overwritten: %v", err)
		}
	}

	// Other inputs begin anew.
	o := newSite(t, smallDump(300))
	if _, err := run(cancelled{context.Background(), filepath.Join(o.out, "files.tar.gz.tmp")}, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.dump, []byte(smallDump(1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := run(t.Context(), o); err != nil || !strings.Contains(got, "wp_posts                                          1 rows") {
		t.Errorf("another dump: %v\n%s", err, got)
	}
}
