package syncthing

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// place is a folder and its versions, on which the declared scripts run.
type place struct {
	t                *testing.T
	folder, versions string
}

func newPlace(t *testing.T) place {
	p := place{t, t.TempDir(), t.TempDir()}
	return p
}

// write writes a file that was last written some time ago.
func (p place) write(name, text string, ago time.Duration) {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Now(), time.Now().Add(-ago)); err != nil {
		p.t.Fatal(err)
	}
}

func (p place) read(name string) string {
	text, err := os.ReadFile(filepath.Join(p.folder, name))
	if err != nil {
		return ""
	}
	return string(text)
}

func (p place) run(script string, args ...string) (string, error) {
	script = strings.NewReplacer(versionsPath, p.versions, dataPath, p.folder).Replace(script)
	output, err := exec.Command("sh", append([]string{"-c", script, "sh"}, args...)...).CombinedOutput()
	return string(output), err
}

// keep runs what Syncthing runs, and checks what Syncthing checks: the file is gone.
func (p place) keep(name string) {
	p.t.Helper()
	if output, err := p.run(keepScript, p.versions, p.folder, name); err != nil {
		p.t.Fatalf("%v: %s", err, output)
	}
	if _, err := os.Stat(filepath.Join(p.folder, name)); !os.IsNotExist(err) {
		p.t.Fatalf("%s is still there", name)
	}
}

// kept returns the versions of a file, the oldest first.
func (p place) kept(name string) (texts []string) {
	seconds, err := os.ReadDir(p.versions)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, second := range seconds {
		if text, err := os.ReadFile(filepath.Join(p.versions, second.Name(), name)); err == nil {
			texts = append(texts, string(text))
		}
	}
	return texts
}

func TestWhatIsKept(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"plain", "a dir/it's a name", "new\nline", "-f", "uploads/åäö 你好 😀.jpg", "$(touch evil)", "x~20260101-000000.txt"} {
		p.write(name, "old", time.Hour)
		p.keep(name)
		if got := p.kept(name); !slices.Equal(got, []string{"old"}) {
			t.Errorf("%q: kept %q", name, got)
		}
	}
	// Syncthing follows a write in progress: only what was there before it counts.
	p.write("style.css", "good", time.Hour)
	p.keep("style.css")
	for _, text := range []string{"", "ba"} {
		p.write("style.css", text, 0)
		p.keep("style.css")
	}
	p.write("style.css", "with an old time, in the same second or the next", time.Hour)
	p.keep("style.css")
	if got := p.kept("style.css"); got[0] != "good" || len(got) > 2 {
		t.Errorf("kept %q", got)
	}
	p.write("of the future", "x", -time.Hour)
	p.keep("of the future")
	if len(p.kept("of the future")) != 1 {
		t.Error("a file with a time in the future was not kept")
	}
}

// Without room, a file is deleted as Syncthing would: it must not stay in this region alone.
func TestWithoutRoomNothingIsKept(t *testing.T) {
	p := newPlace(t)
	p.versions = filepath.Join(p.versions, "a-file")
	if err := os.WriteFile(p.versions, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p.write("film.mp4", "old", time.Hour)
	p.keep("film.mp4")
}

func TestUndo(t *testing.T) {
	p := newPlace(t)
	at := func(second, name, text string) {
		folder := p.folder
		p.folder = filepath.Join(p.versions, second)
		p.write(name, text, time.Hour)
		p.folder = folder
	}
	at("20261127140100", "uploads/a.jpg", "before the moment")
	at("20261127140300", "uploads/a.jpg", "at the moment")
	at("20261127140500", "uploads/a.jpg", "after the moment")
	at("20261127140301", "uploads/it's b.jpg", "b")
	at("20261127140301", "themes/style.css", "good")
	at("20261127140302", "top.txt", "top")
	p.write("themes/style.css", "bad", 0)
	for _, step := range []struct {
		args, prints string
		holds        map[string]string
	}{
		{"list 20261127140300", "uploads/a.jpg", map[string]string{"uploads/a.jpg": "", "themes/style.css": "bad"}},
		{"missing 20261127150000", "", map[string]string{"uploads/a.jpg": ""}},
		{"missing 20261127140300 uploads/", "put back uploads/it's b.jpg", map[string]string{"uploads/a.jpg": "at the moment", "uploads/it's b.jpg": "b", "top.txt": ""}},
		{"missing 20261127140300", "put back top.txt", map[string]string{"top.txt": "top", "themes/style.css": "bad"}},
		{"replace 20261127140300 themes/style.css", "put back themes/style.css", map[string]string{"themes/style.css": "good"}},
		{"replace 20261127140300 themes/style.css", "", nil}, // it is the same now
	} {
		output, err := p.run(undoScript, strings.Fields(step.args)...)
		if err != nil || !strings.Contains(output, step.prints) || step.prints == "" && output != "" {
			t.Errorf("%s: %v, %q", step.args, err, output)
		}
		for name, want := range step.holds {
			if got := p.read(name); got != want {
				t.Errorf("after %s, %s is %q, want %q", step.args, name, got, want)
			}
		}
	}
	if lines, _ := p.run(undoScript, "list", "20261127140300"); strings.Count(lines, "\n") != 5 || strings.Contains(lines, "14:01") {
		t.Errorf("it lists\n%s", lines)
	}
	for _, wrong := range []string{"replace 20261127140300", "delete 20261127140300 uploads", "", "missing"} {
		if output, err := p.run(undoScript, strings.Fields(wrong)...); err == nil {
			t.Errorf("%q: no error: %s", wrong, output)
		}
	}
	if info, err := os.Stat(filepath.Join(p.folder, "uploads/a.jpg")); err != nil || time.Since(info.ModTime()) < time.Minute || info.Mode() != 0o640 {
		t.Errorf("a file that was put back has %v, %v", info, err)
	}
}
