package conformance_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"geo-wordpress/tools/conformance/images"
)

// The programs here have the declared version, or the one that docs/unproven.md names in its place.
func TestVersions(t *testing.T) {
	for _, each := range []struct {
		app, program, flag string
		instead            string // the version here, if not the declared one
	}{
		{"syncthing", "syncthing", "--version", ""},
		{"tidb", "tidb-server", "-V", "v8.5.6"},
		{"pd", "pd-server", "-V", "None"}, // a commit of April 2024: the build leaves PD's version out
	} {
		var image string
		pod := committed(t, nil).Regions[0].Pod(each.app)
		for _, c := range pod.Spec().Containers {
			if c.Name == each.app {
				image = c.Image
			}
		}
		_, declared, _ := strings.Cut(image, ":")
		output, err := exec.Command(filepath.Join(images.Bin(), each.program), each.flag).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", each.program, each.flag, err, output)
		}
		found := regexp.MustCompile(`(?i)(?:release version:|syncthing)\s+v?(\S+)`).FindSubmatch(output)
		if found == nil {
			t.Fatalf("%s %s names no version:\n%s", each.program, each.flag, output)
		}
		want := declared
		if each.instead != "" {
			want = each.instead
		}
		if version := string(found[1]); strings.TrimPrefix(want, "v") != version {
			t.Errorf("%s is declared, %s should run here, and %s does", image, want, version)
		}
	}
}
