package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRealWordPress brings the committed stack up on its own local cloud, with the real WordPress. The stack's address
// shows the installation page; once installed through it, every region shows the site, also after a stop and start of
// the local cloud. The test takes some minutes, so it runs only with GEO_REAL_WORDPRESS=1.
func TestRealWordPress(t *testing.T) {
	if os.Getenv("GEO_REAL_WORDPRESS") == "" {
		t.Skip("GEO_REAL_WORDPRESS is not set: `make real-wordpress-test` sets it")
	}
	b := newBench(t)
	b.localcloud("start", "--real-wordpress")
	b.eval()
	b.run(b.tool("pulumi"), "stack", "select", "--create", "dev")
	config := filepath.Join(filepath.Dir(b.home), "Pulumi.dev.yaml")
	b.copy(config, filepath.Join(b.root, "Pulumi.dev.yaml"))
	b.run(b.tool("pulumi"), "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev", "--config-file", config)
	site := strings.TrimSpace(b.run(b.tool("pulumi"), "stack", "output", "site_url", "--stack", "dev"))

	b.answers()
	page := b.eventually(site+"/", "the installation page", `id="setup"`)
	if strings.Contains(page, "simulated") || !strings.Contains(page, "wp-admin/css/install") {
		t.Errorf("it is not WordPress's:\n%s", page)
	}
	const title = "Three regions åäö 你好"
	response, err := client.PostForm(site+"/wp-admin/install.php?step=2", url.Values{
		"weblog_title": {title}, "user_name": {"editor"}, "admin_email": {"editor@example.org"},
		"admin_password": {"correct horse battery staple"}, "admin_password2": {"correct horse battery staple"},
		"blog_public": {"0"}, "Submit": {"Install WordPress"},
	})
	if err != nil {
		t.Fatal(err)
	}
	installed, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(installed), "Success!") {
		t.Fatalf("the installation: %s, %v\n%s", response.Status, err, installed)
	}

	b.everyRegionShows(site, title, "first")
	b.localcloud("stop")
	b.localcloud("start") // with the real WordPress, as the last time
	b.answers()
	b.everyRegionShows(site, title, "again")

	b.run(b.tool("pulumi"), "destroy", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev", "--config-file", config)
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		_, err := os.Stat(filepath.Join(b.home, "wordpress"))
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the volumes outlive the stack's disks (%v)", err)
		}
	}
}

// client is a visitor without cookies, who may be sent to any region.
var client = &http.Client{Timeout: 2 * time.Minute}

// bench is the test's own local cloud.
type bench struct {
	t    *testing.T
	root string // of the repository
	home string
	env  []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	directory, err := os.MkdirTemp("", "geo-") // short: a socket's path may have 108 characters
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, root: root, home: filepath.Join(directory, "cloud")}
	b.env = append(os.Environ(), "LOCALCLOUD_HOME="+b.home)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the local cloud's log:\n%s", b.run(b.tool("localcloud"), "logs"))
		}
		b.run(b.tool("localcloud"), "reset", "--yes")
		_ = os.RemoveAll(directory)
	})
	return b
}

func (b *bench) tool(name string) string { return filepath.Join(b.root, ".bin", name) }

func (b *bench) localcloud(args ...string) string { return b.run(b.tool("localcloud"), args...) }

// eval adopts the environment that `localcloud env` prints.
func (b *bench) eval() {
	b.t.Helper()
	out := b.run("sh", "-c", `eval "$(`+b.tool("localcloud")+` env)"; env -0`)
	b.env = strings.Split(strings.Trim(out, "\x00"), "\x00")
}

// run runs a command, and ends the test if it fails. It returns standard output.
func (b *bench) run(name string, args ...string) string {
	b.t.Helper()
	command := exec.Command(name, args...)
	command.Dir, command.Env = b.root, b.env
	var out, errOut bytes.Buffer
	command.Stdout, command.Stderr = &out, &errOut
	if err := command.Run(); err != nil {
		b.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String()
}

func (b *bench) copy(to, from string) {
	b.t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// answers waits until the real WordPress answers.
func (b *bench) answers() {
	b.t.Helper()
	var status struct {
		RealWordPress struct{ State, Step string }
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		command := exec.Command(b.tool("localcloud"), "status", "--json") // its exit status reports other things
		command.Env = b.env
		out, _ := command.Output()
		if err := json.Unmarshal(out, &status); err != nil {
			b.t.Fatalf("the status: %v\n%s", err, out)
		}
		if status.RealWordPress.State == "ready" {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("after %v the real WordPress is %+v", patience, status.RealWordPress)
		}
	}
}

// eventually polls a page until it shows a text, and returns the page.
func (b *bench) eventually(page, what, text string) string {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		body, err := get(page)
		if err == nil && strings.Contains(body, text) {
			return body
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s is not %s: %v\n%s", page, what, err, body)
		}
	}
}

func get(page string) (string, error) {
	response, err := client.Get(page)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return string(body), err
}

// everyRegionShows requests the front page until every region's own WordPress has shown it with the title. The
// WordPress logs tell which region a visit came to.
func (b *bench) everyRegionShows(site, title, when string) {
	b.t.Helper()
	b.eventually(site+"/", "the front page", "<title>"+title)
	var regions []string
	for _, log := range b.logs("*-wordpress-*-wordpress.log") {
		region, _, _ := strings.Cut(filepath.Base(log), "-wordpress-")
		regions = append(regions, region)
	}
	if len(regions) != 3 {
		b.t.Fatalf("WordPress has run in %q, want three regions", regions)
	}
	for visit, deadline := 0, time.Now().Add(patience); ; visit++ {
		body, err := get(fmt.Sprintf("%s/?%s=%d", site, when, visit))
		if err != nil || !strings.Contains(body, "<title>"+title) {
			b.t.Fatalf("visit %d: %v\n%s", visit, err, body)
		}
		var missing []string
		for _, region := range regions {
			visited := false
			for _, log := range b.logs(region + "-wordpress-*-wordpress.log") {
				text, err := os.ReadFile(log)
				if err != nil {
					b.t.Fatal(err)
				}
				visited = visited || strings.Contains(string(text), "GET /?"+when+"=")
			}
			if !visited {
				missing = append(missing, region)
			}
		}
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("after %d visits nobody came to %q", visit+1, missing)
		}
	}
}

func (b *bench) logs(pattern string) []string {
	all, err := filepath.Glob(filepath.Join(b.home, "wordpress", "logs", pattern))
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}
