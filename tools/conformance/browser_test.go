package conformance_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/sandbox"
	"geo-wordpress/tools/conformance/world"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is one browser window with its own set of cookies.
type browser struct {
	t     *testing.T
	w     *world.World
	ctx   context.Context
	site  string
	shots string
}

// patience is the timeout of one step in the browser.
const patience = 4 * time.Minute

// openBrowser starts a browser for a site. Screenshots go to the test's artefacts, with a prefix. A failing page or
// script fails the test.
func openBrowser(t *testing.T, w *world.World, site, prefix string) *browser {
	t.Helper()
	if err := os.MkdirAll(w.Artefacts, 0o755); err != nil {
		t.Fatal(err)
	}
	output, err := os.Create(filepath.Join(w.Artefacts, "chromium.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = output.Close() })
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // the test runs as root
		chromedp.ExecPath("chromium"),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-gpu-watchdog", true), // the watchdog takes a busy machine for a broken one
		chromedp.CombinedOutput(output),
		chromedp.Flag("lang", "en-GB"),
		chromedp.UserDataDir(filepath.Join(sandbox.State(), "chromium-"+prefix)),
		chromedp.WSURLReadTimeout(patience),
		// Without this, the browser dies with the thread that started it, and threads that entered another network
		// namespace end at any time. The browser ends with this test's PID namespace anyway.
		chromedp.ModifyCmdFunc(func(*exec.Cmd) {}),
	)
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	// The browser may speak a newer protocol than the library: log such errors to the file, not to the test's output.
	errorf := func(format string, args ...any) { fmt.Fprintf(output, "chromedp: "+format+"\n", args...) }
	return newWindow(t, w, allocator, site, prefix, chromedp.WithErrorf(errorf))
}

// stranger opens a window that shares no cookies with the first, like somebody else's browser.
func (b *browser) stranger() *browser {
	b.t.Helper()
	return newWindow(b.t, b.w, b.ctx, b.site, filepath.Base(b.shots), chromedp.WithNewBrowserContext())
}

func newWindow(t *testing.T, w *world.World, parent context.Context, site, prefix string, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	b := &browser{t: t, w: w, ctx: ctx, site: site, shots: filepath.Join(w.Artefacts, prefix)}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventResponseReceived:
			// Only 5xx answers of the site itself count: WordPress requests some files that it knows may be missing.
			// The browser's request for an icon is exempt: an empty site redirects it to the installation page too,
			// which does not answer while another request is creating the tables.
			icon := e.Type == network.ResourceTypeOther && strings.HasSuffix(e.Response.URL, "/wp-admin/install.php")
			if e.Response.Status >= 500 && strings.HasPrefix(e.Response.URL, site) && !icon {
				t.Errorf("%s answered %d", e.Response.URL, e.Response.Status)
			}
		case *runtime.EventExceptionThrown:
			// The browser aborts the animation between two pages when a third one loads, or when the machine is too
			// slow.
			if text := e.ExceptionDetails.Error(); !strings.Contains(text, "Transition was ") {
				t.Errorf("a script of the page failed: %s", text)
			}
		case *page.EventJavascriptDialogOpening:
			go func() { _ = chromedp.Run(ctx, page.HandleJavaScriptDialog(true)) }()
		}
	})
	// The browser lives as long as the context of the first action, so that context has no timeout.
	if err := chromedp.Run(ctx, network.Enable(), chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return b
}

// do performs actions in the browser, and ends the test if they fail.
func (b *browser) do(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v\n%s", what, err, b.view())
	}
}

// view describes where the browser is and what it shows, and saves a screenshot.
func (b *browser) view() string {
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	var at, text string
	_ = chromedp.Run(ctx, chromedp.Location(&at), chromedp.Evaluate(`document.body.innerText.slice(0, 800)`, &text))
	b.keep("failure")
	return fmt.Sprintf("at %s:\n%s", at, text)
}

// open opens a page of the site, which must answer 200 and show no error of PHP or of the database.
func (b *browser) open(path string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.Navigate(b.site+path))
	if err != nil {
		b.t.Fatalf("opening %s: %v\n%s", path, err, b.view())
	}
	if response != nil && response.Status != 200 {
		b.t.Fatalf("%s answered %d\n%s", path, response.Status, b.view())
	}
	b.sound(path)
}

// sound fails the test if the page shows an error.
func (b *browser) sound(path string) {
	b.t.Helper()
	text := b.text("body")
	for _, sign := range []string{"Fatal error", "Warning:", "WordPress database error", "Error establishing a database connection",
		"There has been a critical error"} {
		if strings.Contains(text, sign) {
			b.t.Errorf("%s shows %q\n%s", path, sign, b.view())
		}
	}
}

// text returns the text of the first element that matches a selector. It first replaces pictures of emoji by
// text: WordPress inserts them for browsers that know too few emoji.
func (b *browser) text(selector string) (text string) {
	b.t.Helper()
	b.script("reading "+selector, fmt.Sprintf(`(() => {
		document.querySelectorAll('img.emoji').forEach(picture => picture.replaceWith(picture.alt));
		return document.querySelector(%q)?.innerText ?? '' })()`, selector), &text)
	return text
}

// shows fails the test if the page does not show the texts.
func (b *browser) shows(texts ...string) {
	b.t.Helper()
	all := b.text("body")
	for _, text := range texts {
		if !strings.Contains(all, text) {
			b.t.Errorf("the page does not show %q\n%s", text, b.view())
		}
	}
}

// count returns the number of elements that match a selector.
func (b *browser) count(selector string) (n int) {
	b.t.Helper()
	b.script("counting "+selector, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector), &n)
	return n
}

// script runs a script in the page, waits for its promise, and reads its result. It retries during a navigation, when
// there is no page to run the script in.
func (b *browser) script(what, text string, into any) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		err := chromedp.Run(ctx, chromedp.Evaluate(text, into, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
			return p.WithAwaitPromise(true)
		}))
		if err == nil {
			return
		}
		if ctx.Err() != nil || !strings.Contains(err.Error(), "context") {
			b.t.Fatalf("%s: %v\n%s", what, err, b.view())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// until waits until a condition holds in the page.
func (b *browser) until(what, condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		var holds bool
		b.script(what, "!!("+condition+")", &holds)
		if holds {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("after %v it does not hold that %s\n%s", patience, what, b.view())
		}
	}
}

// entry is a form field and the text for it.
type entry struct{ selector, text string }

// fill types into the fields of a form, replacing their content, and repeats this until each field holds its text: if a
// page moves the cursor meanwhile, text lands in the wrong field. WordPress's login page moves it a fifth of a second
// after it has loaded.
func (b *browser) fill(what string, entries ...entry) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		for _, e := range entries {
			b.do(what,
				chromedp.WaitVisible(e.selector, chromedp.ByQuery),
				chromedp.Focus(e.selector, chromedp.ByQuery),
				chromedp.Evaluate(fmt.Sprintf(`(document.querySelector(%q).select(), true)`, e.selector), nil),
				input.InsertText(e.text))
		}
		wrong := slices.IndexFunc(entries, func(e entry) bool {
			var holds string
			b.script("reading "+e.selector, fmt.Sprintf(`document.querySelector(%q).value`, e.selector), &holds)
			return holds != e.text
		})
		switch {
		case wrong < 0:
			return
		case time.Now().After(deadline):
			b.t.Fatalf("%s: after %v %s does not hold what is written into it\n%s", what, patience, entries[wrong].selector, b.view())
		}
	}
}

// TestBrowserFills fills a form whose page moves the cursor back to the first field just before the second is filled.
func TestBrowserFills(t *testing.T) {
	b := openBrowser(t, &world.World{Artefacts: t.TempDir()}, "http://nowhere.invalid", "form")
	b.do("opening a form", chromedp.Navigate(`data:text/html,<input id=name><input id=word type=password><script>
		const [first, second] = document.querySelectorAll('input')
		second.select = () => { delete second.select; first.select() }</script>`))
	b.fill("filling it in", entry{"#name", "astrid"}, entry{"#word", "secret"})
	var got []string
	b.script("reading it", `[document.querySelector('#name').value, document.querySelector('#word').value]`, &got)
	if !slices.Equal(got, []string{"astrid", "secret"}) {
		t.Errorf("the fields hold %q", got)
	}
}

// submit clicks a button that loads another page, and waits for an element of that page.
func (b *browser) submit(button, then string) {
	b.t.Helper()
	b.do("clicking "+button, chromedp.WaitVisible(button, chromedp.ByQuery), chromedp.Click(button, chromedp.ByQuery))
	b.do("waiting for "+then, chromedp.WaitVisible(then, chromedp.ByQuery))
	b.sound(then)
}

// keep saves a screenshot of the page.
func (b *browser) keep(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	var picture []byte
	err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture))
	if err == nil {
		err = os.MkdirAll(b.shots, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(b.shots, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Errorf("keeping a picture of %s: %v", name, err)
	}
}
