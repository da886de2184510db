package dashboard_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds one wait, on a machine that is busy with other things.
const patience = 5 * time.Minute

var regions = []string{"europe-west1", "europe-west2", "europe-west3"}

// TestDashboard brings the stack up on its own local cloud and watches it in a browser, without a reload: healthy, then
// with visitors, then with a region lost, and healthy again. With DASHBOARD_SCREENSHOTS set to a folder it saves a
// picture with visitors, and one with the region lost, there.
func TestDashboard(t *testing.T) {
	browser := find(t)
	c := up(t)
	page := open(t, browser, c.dashboard(t))

	page.until("every instance is in rotation", `document.querySelectorAll('td.health.good').length === 6`)
	page.until("the connection is live", `document.querySelector('#state').className === 'live'`)
	for _, region := range regions {
		page.until(region, fmt.Sprintf(`[...document.querySelectorAll('#picture text.big')].some(e => e.textContent === %q)`, region))
	}
	for what, count := range map[string]string{
		"a WordPress pod on each node":         `document.querySelectorAll('.chip.good').length === 6`,
		"Raft between neighbours":              `document.querySelectorAll('.link.raft').length === 4`,
		"Syncthing between all":                `document.querySelectorAll('.link.sync').length === 3`,
		"nothing broken":                       `document.querySelectorAll('.link.broken, .dot.bad, .box.bad').length === 0`,
		"one leader of the Placement Drivers":  `[...document.querySelectorAll('#picture text')].filter(e => e.textContent === 'leader').length >= 1`,
		"nothing to notice":                    `document.querySelector('#notice').hidden`,
		"all texts within their place":         overflows + ` === ''`,
		"the address, as the stack outputs it": fmt.Sprintf(`document.querySelector('#picture').textContent.includes(%q)`, c.site),
	} {
		page.until(what, count)
	}

	c.visit(t)
	page.until("a third of the requests each", `['europe-west1', 'europe-west2', 'europe-west3'].every(region => {
		const shares = [...document.querySelectorAll('#instances tbody tr')].filter(row => row.cells[0].textContent === region)
			.map(row => parseInt(row.cells[3].textContent));
		const sum = shares.reduce((a, b) => a + b, 0);
		return sum >= 31 && sum <= 36 })`)
	page.until("the requests flow", `document.querySelectorAll('.flow').length === 6`)
	page.keep("dashboard")

	c.localcloud(t, "fail", "region", "europe-west2")
	page.until("the loss is said", `document.querySelector('#notice').textContent.includes('region europe-west2')`)
	page.until("the region's instances leave the rotation", `[...document.querySelectorAll('#instances tbody tr')].every(
		row => (row.cells[2].textContent === 'healthy') === (row.cells[0].textContent !== 'europe-west2'))`)
	page.until("its links are broken", `document.querySelectorAll('.link.http').length === 4 && document.querySelectorAll('.link.sync').length === 1`)
	page.until("the region is marked", `document.querySelectorAll('.region.bad').length === 1`)
	page.until("the others take its requests", `document.querySelectorAll('.flow').length === 4`)
	page.until("all texts within their place", overflows+` === ''`)
	page.keep("dashboard-region-lost")

	c.localcloud(t, "heal")
	page.until("all is well again", `document.querySelectorAll('td.health.good').length === 6 &&
		document.querySelectorAll('.link.broken, .dot.bad, .box.bad').length === 0 && document.querySelector('#notice').hidden`)
	for _, problem := range page.problems() {
		t.Error("the page:", problem)
	}
}

// overflows lists the texts of the picture that exceed its frame or overlap another text.
const overflows = `(() => {
	const texts = [...document.querySelectorAll('#picture text')].filter(e => e.textContent).map(e => [e.textContent, e.getBoundingClientRect()]);
	const frame = document.querySelector('#picture').getBoundingClientRect();
	const bad = [];
	texts.forEach(([text, a], i) => {
		if (a.left < frame.left || a.right > frame.right) bad.push(text);
		texts.slice(i + 1).forEach(([other, b]) => {
			if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4) bad.push(text + ' over ' + other);
		});
	});
	return bad.join('; ') })()`

// find finds Chromium.
func find(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("missing: chromium (Debian's package chromium; tools/conformance/install installs it)")
	return ""
}

// stack is the dev stack on a local cloud.
type stack struct {
	root, home string
	env        []string
	site       string
}

func up(t *testing.T) *stack {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("", "geo-") // short: a socket's path may have 108 characters
	if err != nil {
		t.Fatal(err)
	}
	c := &stack{root: root, home: filepath.Join(home, "cloud")}
	c.env = append(os.Environ(), "LOCALCLOUD_HOME="+c.home)
	if _, err := os.Stat(c.tool()); err != nil {
		t.Fatalf("%v\nrun `make tools` first", err)
	}
	t.Cleanup(func() {
		_ = c.command("reset", "--yes").Run()
		_ = os.RemoveAll(home)
	})
	run := exec.Command(filepath.Join(root, "tools", "local"), "up")
	run.Env = c.env
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("tools/local up: %v\n%s", err, out)
	}
	found := regexp.MustCompile(`(?m)^Site: (\S+)$`).FindStringSubmatch(c.localcloud(t, "status"))
	if found == nil {
		t.Fatal("localcloud status shows no site address")
	}
	c.site = found[1]
	return c
}

func (c *stack) tool() string { return filepath.Join(c.root, ".bin", "localcloud") }

func (c *stack) command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.tool(), args...)
	cmd.Env, cmd.Dir = c.env, c.root
	return cmd
}

func (c *stack) localcloud(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("localcloud %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// dashboard starts the dashboard and returns its address.
func (c *stack) dashboard(t *testing.T) string {
	t.Helper()
	cmd := c.command("dashboard")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the dashboard ends with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(line)
	if address == "" {
		t.Fatalf("the dashboard printed no address: %q %v", line, err)
	}
	return address
}

// visit sends a few requests a second to the site, from visitors without cookies, until the test ends.
func (c *stack) visit(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Add(1)
	t.Cleanup(func() { stop(); done.Wait() })
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	go func() {
		defer done.Done()
		for range 20 * 60 * 20 { // for 20 minutes at most
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.site, nil)
			if err != nil {
				return
			}
			if response, err := client.Do(request); err == nil {
				_ = response.Body.Close()
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
}

// tab is the dashboard in a browser.
type tab struct {
	t     *testing.T
	ctx   context.Context
	mu    sync.Mutex
	wrong []string
}

func open(t *testing.T, browser, address string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // the test may run as root
		chromedp.ExecPath(browser), chromedp.WindowSize(1240, 1020), chromedp.Flag("disable-gpu", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(patience))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	p := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.note(e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError {
				p.note(fmt.Sprint(e.Args))
			}
		}
	})
	if err := chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(1240, 1020, 1, false), chromedp.Navigate(address)); err != nil {
		t.Fatalf("opening %s: %v", address, err)
	}
	return p
}

func (p *tab) note(problem string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, problem)
}

func (p *tab) problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrong
}

// until waits until a script returns true.
func (p *tab) until(what, script string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err := chromedp.Run(ctx, chromedp.Poll(`Boolean(`+script+`)`, nil, chromedp.WithPollingInterval(200*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		var text, notes string
		_ = chromedp.Run(p.ctx, chromedp.Evaluate(`document.body.innerText + '\n' + document.querySelector('#picture').textContent`, &text),
			chromedp.Evaluate(overflows, &notes))
		p.keep("dashboard-failure")
		p.t.Fatalf("%s: %v\n%s\n%s\n%v", what, err, text, notes, p.problems())
	}
}

// keep saves a picture of the page, if DASHBOARD_SCREENSHOTS is set.
func (p *tab) keep(name string) {
	p.t.Helper()
	folder := os.Getenv("DASHBOARD_SCREENSHOTS")
	if folder == "" {
		return
	}
	var picture []byte
	// Wait for the transitions, of half a second, to end.
	err := chromedp.Run(p.ctx, chromedp.Sleep(time.Second), chromedp.FullScreenshot(&picture, 100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		p.t.Errorf("a picture of the page: %v", err)
	}
}
