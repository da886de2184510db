package conformance_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/images"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/sandbox"
	"geo-wordpress/tools/conformance/world"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// stable adds Debian stable's WordPress to the browser's tour. CI goes on the tour once, with the newest.
var stable = flag.Bool("stable", false, "go through the site in the browser with WordPress 6.1 as well, without the settings for fast pages")

// A person installs the site in the browser, writes, uploads, comments, searches and opens the pages of the dashboard,
// in one region and then in another without logging in again. No SQL statement fails.
func TestWordPressInBrowser(t *testing.T) {
	versions := []string{images.Unstable}
	if *stable {
		versions = append(versions, images.Stable)
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			// The newest WordPress runs with everything that makes visitors' pages fast.
			var fast map[string]string
			if version == images.Unstable {
				fast = map[string]string{"geo-wordpress:visitorStaleness": staleness, "geo-wordpress:cdn": "true"}
			}
			w := world.New(t, committed(t, fast))
			w.WordPress = version
			startPDs(w)
			tidbs := startTiDBs(w, w.Stack.Regions)
			servers, daemons := startFiles(w)
			var pods []*kubelet.Pod
			for _, region := range w.Stack.Regions {
				pods = append(pods, w.Start(region.Name, "wordpress"))
			}
			w.Ready(5*time.Minute, pods...)
			entrance := w.OpenEntrance()
			b := openBrowser(t, w, entrance.URL, version)

			b.install()
			b.logIn()
			b.settle()
			b.permalinks()
			post := b.writePost()
			b.comment()
			b.search()
			b.pagination()
			b.pages()
			b.stranger().visit(post)

			for _, region := range w.Stack.Regions[1:] {
				entrance.Lead(region.Name)
				for _, path := range []string{"/", "/wp-admin/edit.php"} { // each needs its own cookie
					b.open(path)
					if b.count("#loginform") > 0 || b.count("#wpadminbar") == 0 {
						t.Fatalf("%s asks to log in again\n%s", region.Name, b.view())
					}
				}
				b.shows("A letter from " + places[0])
				b.open(post)
				b.seesPicture()
				b.quickDraft(region.Name)
			}
			noFailedSQL(t, tidbs...)
			unharmed(t, w, slices.Concat(pods, servers, daemons, tidbs)...)
		})
	}
}

// The person's name and texts.
const (
	siteTitle = "Överallt"
	person    = "astrid"
	password  = "correct horse battery staple"
	postTitle = "Smörgåsbord 你好 😀"
	postText  = "Räksmörgås åäö, 世界 and a cat 🐈"
	remark    = "Läckert! 😋"
)

// install goes through the installation page, to which an empty site redirects.
func (b *browser) install() {
	b.open("/")
	// Debian's stable version first asks for a language.
	if b.count("#language") > 0 {
		b.submit("#language-continue", "#weblog_title")
	}
	b.keep("01-installation")
	b.fill("filling in the installation",
		entry{"#weblog_title", siteTitle},
		entry{"#user_login", person},
		entry{"#pass1", password},
		entry{"#admin_email", "astrid@example.com"})
	if b.count("#pw-weak:checked") == 0 {
		b.script("allowing the password", `(() => { const c = document.querySelector('.pw-weak:not([style*="display: none"]) .pw-checkbox'); if (c && c.offsetParent) c.click(); return true })()`, nil)
	}
	b.submit("#submit", `a[href*="wp-login.php"]`)
	b.shows("Success!", person)
	b.keep("02-installed")
}

// logIn logs in through the form.
func (b *browser) logIn() {
	b.open("/wp-login.php")
	b.fill("filling in the login", entry{"#user_login", person}, entry{"#user_pass", password})
	b.submit("#wp-submit", "#wpadminbar")
	b.shows("Dashboard")
	b.keep("03-dashboard")
}

// settle hides the welcome panel and what comes from the internet: WordPress's news, and the avatars.
func (b *browser) settle() {
	b.open("/wp-admin/?welcome=0") // where "Dismiss" leads
	b.until("the welcome is gone", `document.querySelector('#welcome-panel')?.offsetParent == null`)
	const news = "#dashboard_primary-hide"
	b.do("putting the news away",
		chromedp.Click("#show-settings-link", chromedp.ByQuery), chromedp.WaitVisible(news, chromedp.ByQuery), chromedp.Click(news, chromedp.ByQuery))
	b.until("that is stored", `window.jQuery && jQuery.active === 0`)
	b.open("/wp-admin/options-discussion.php")
	b.do("unticking the portraits", chromedp.Click("#show_avatars", chromedp.ByQuery))
	b.submit("#submit", "#setting-error-settings_updated")
	if b.count("#show_avatars:checked") > 0 {
		b.t.Error("the setting was not kept")
	}
}

// permalinks chooses addresses with date and name. The installation does too, if the site answers to one within 5 seconds. On a
// busy machine it settles for such with index.php, at which WordPress 7.1 does not find a name that is not ASCII.
func (b *browser) permalinks() {
	b.open("/wp-admin/options-permalink.php")
	b.do("choosing addresses", chromedp.Click("#permalink-input-day-name", chromedp.ByQuery))
	b.submit("#submit", "#setting-error-settings_updated, .updated")
}

// writePost writes a post with an uploaded picture in the block editor, checks it, and returns its path.
func (b *browser) writePost() (path string) {
	picture := filepath.Join(sandbox.State(), "sunset.jpg")
	file, err := os.Create(picture)
	if err != nil {
		b.t.Fatal(err)
	}
	defer file.Close()
	if err := drawPicture(file, 1600, 1200, 0); err != nil {
		b.t.Fatal(err)
	}
	b.open("/wp-admin/media-new.php?browser-uploader")
	b.shows("Maximum upload file size: 64 MB")
	b.do("choosing a picture", chromedp.SetUploadFiles("#async-upload", []string{picture}, chromedp.ByQuery))
	b.submit("#html-upload", ".wp-list-table, .attachments-browser .attachment")
	b.open("/wp-admin/upload.php?mode=list")
	b.shows("sunset")
	b.keep("04-media")

	b.open("/wp-admin/post-new.php")
	b.until("the editor is ready", `window.wp && wp.data && wp.data.select('core/editor') && wp.data.select('core/editor').getCurrentPostId() > 0`)
	b.script("closing the welcome", `(() => {
		for (const scope of ['core', 'core/edit-post']) wp.data.dispatch('core/preferences')?.set?.(scope, 'welcomeGuide', false);
		return true })()`, nil)
	const canvas = `(document.querySelector('iframe[name="editor-canvas"]')?.contentDocument || document)`
	const title = canvas + `.querySelector('.wp-block-post-title, .editor-post-title__input')`
	b.until("the title is there", `!!`+title)
	// A new post's title has the focus, and keys go where the focus is.
	b.script("going to the title", `(() => { const f = document.querySelector('iframe[name="editor-canvas"]'); if (f) f.focus(); `+title+`.focus(); return true })()`, nil)
	b.do("writing", input.InsertText(postTitle), chromedp.KeyEvent(kb.Enter), input.InsertText(postText))
	b.script("adding the picture", `(async () => {
		const media = await wp.apiFetch({ path: '/wp/v2/media?per_page=1' });
		const block = wp.blocks.createBlock('core/image', { id: media[0].id, url: media[0].source_url, alt: 'A sunset' });
		await wp.data.dispatch('core/block-editor').insertBlocks(block);
		return true })()`, nil)
	b.until("the text has arrived", fmt.Sprintf(`wp.data.select('core/editor').getEditedPostAttribute('title') === %q && wp.data.select('core/editor').getEditedPostContent().includes(%q)`, postTitle, postText))
	b.keep("05-editor")
	const publish = ".editor-post-publish-button__button"
	b.do("publishing", chromedp.WaitEnabled(publish, chromedp.ByQuery), chromedp.Click(publish, chromedp.ByQuery))
	const confirm = ".editor-post-publish-panel__header-publish-button .editor-post-publish-button"
	// The panel slides in. If the loading picture moved the page during the click, no panel opened: click again, as a
	// person would.
	b.until("the panel has come to rest", fmt.Sprintf(`(() => {
		const editor = wp.data.select('core/editor'), opened = editor.isPublishSidebarOpened ?? wp.data.select('core/edit-post').isPublishSidebarOpened;
		if (!opened()) { document.querySelector(%q)?.click(); return false }
		const right = document.querySelector(%q)?.getBoundingClientRect().right, before = window.panelRight;
		window.panelRight = right;
		return right > 0 && right === before && right <= window.innerWidth })()`, publish, confirm))
	b.do("confirming", chromedp.WaitEnabled(confirm, chromedp.ByQuery), chromedp.Click(confirm, chromedp.ByQuery))
	b.until("it is published", `wp.data.select('core/editor').isCurrentPostPublished() && !wp.data.select('core/editor').isSavingPost()`)

	var link string
	b.script("reading the post's address", `wp.data.select('core/editor').getPermalink()`, &link)
	path = strings.TrimPrefix(link, b.site)
	b.open(path)
	b.shows(postTitle, postText)
	b.seesPicture()
	b.keep("06-post")
	return path
}

// seesPicture reloads the page until it shows the uploaded picture, which may not have reached the region yet.
func (b *browser) seesPicture() {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		b.until("the pictures have come", `[...document.images].every(i => i.complete)`)
		var seen bool
		b.script("looking for the picture", `[...document.images].some(i => i.src.includes('sunset') && i.naturalWidth > 0)`, &seen)
		if seen {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the picture is not shown\n%s", b.view())
		}
		b.do("loading the page again", chromedp.Reload())
	}
}

// comment comments on the open post.
func (b *browser) comment() {
	b.fill("writing a comment", entry{"#comment", remark})
	b.submit("#commentform #submit", ".comment-content, .wp-block-comment-content")
	b.shows(remark)
	b.keep("07-comment")
}

// search looks for a word of the post, and for one that is nowhere.
func (b *browser) search() {
	b.open("/?s=" + "R%C3%A4ksm%C3%B6rg%C3%A5s")
	b.shows(postTitle)
	b.keep("08-search")
	b.open("/?s=nowhere-to-be-found")
	b.shows("Sorry, but nothing")
}

// places are where letters come from: with the post from the editor and WordPress's first one, they make 26 posts.
var places = []string{
	"Reykjavík", "Łódź", "São Paulo", "Αθήνα", "東京", "Київ", "Zürich", "Đà Nẵng", "القاهرة", "서울", "İzmir", "Åbo",
	"Plzeň", "תל אביב", "上海", "Málaga", "Şanlıurfa", "Chișinău", "Győr", "София", "Tórshavn", "København", "Besançon", "Rīga",
}

// pagination writes posts until there are 26, and pages through the front page and the dashboard's list.
func (b *browser) pagination() {
	b.open("/wp-admin/post-new.php")
	b.until("requests can be made", `window.wp && wp.apiFetch && true`)
	list, err := json.Marshal(places)
	if err != nil {
		b.t.Fatal(err)
	}
	var total string
	b.script("writing posts", fmt.Sprintf(`(async () => {
		for (const [i, place] of %s.entries()) {
			await wp.apiFetch({ path: '/wp/v2/posts', method: 'POST', data: {
				title: 'A letter from ' + place + ' ✉️', content: 'Number ' + (i + 1) + ' of our letters comes from ' + place + '.',
				date_gmt: new Date(Date.now() - (i + 1) * 86400e3).toISOString().slice(0, 19), status: 'publish' } });
		}
		const list = await wp.apiFetch({ path: '/wp/v2/posts?per_page=10&page=3', parse: false });
		return list.headers.get('X-WP-Total') + ' in ' + list.headers.get('X-WP-TotalPages') + ', ' + (await list.json()).length + ' on the last';
	})()`, list), &total)
	if want := "26 in 3, 6 on the last"; total != want {
		b.t.Errorf("the posts are %s, want %s", total, want)
	}
	const posts = "main .wp-block-post, main article.post"
	for i, want := range []int{10, 10, 6} {
		b.open(fmt.Sprintf("/?paged=%d", i+1))
		if n := b.count(posts); n != want {
			b.t.Errorf("page %d shows %d posts, want %d\n%s", i+1, n, want, b.view())
		}
	}
	b.shows(places[len(places)-1])
	b.open("/wp-admin/edit.php?paged=2")
	if n := b.count("#the-list tr.type-post"); n != 6 {
		b.t.Errorf("the second page of the list shows %d posts, want 6", n)
	}
}

// visit looks at the front page and at a post as somebody who is not logged in.
func (b *browser) visit(post string) {
	b.open("/")
	b.shows(postTitle, places[0])
	b.until("its pictures have come", `[...document.images].every(i => i.complete)`)
	if b.count("#wpadminbar") > 0 {
		b.t.Error("a stranger is logged in")
	}
	b.keep("20-front-page")
	b.open(post)
	b.seesPicture()
	b.shows(postText, remark)
	b.keep("21-post")
}

// pages looks at the pages of the dashboard.
func (b *browser) pages() {
	for i, each := range []struct{ path, shows string }{
		{"/wp-admin/index.php", "At a Glance"},
		{"/wp-admin/edit.php", "Published (26)"},
		{"/wp-admin/upload.php?mode=list", "sunset"},
		{"/wp-admin/edit-comments.php", remark},
		{"/wp-admin/themes.php", "Themes"},
		{"/wp-admin/plugins.php", "Akismet"},
		{"/wp-admin/users.php", "astrid@example.com"},
		{"/wp-admin/options-general.php", "astrid@example.com"},
		{"/wp-admin/site-health.php", "Site Health"},
	} {
		b.open(each.path)
		if each.path == "/wp-admin/options-general.php" {
			var value string
			b.do("reading a setting", chromedp.Value("#new_admin_email", &value, chromedp.ByQuery))
			if value != each.shows {
				b.t.Errorf("the setting is %q, want %q", value, each.shows)
			}
		} else {
			b.shows(each.shows)
		}
		name, _, _ := strings.Cut(filepath.Base(each.path), ".")
		b.keep(fmt.Sprintf("%d-%s", 10+i, name))
	}
}

// quickDraft writes a draft on the dashboard of a region.
func (b *browser) quickDraft(region string) {
	b.open("/wp-admin/index.php")
	b.fill("writing a draft", entry{"#quick-press #title", "Draft from " + region}, entry{"#quick-press #content", "åäö"})
	b.do("keeping the draft", chromedp.Click("#save-post", chromedp.ByQuery))
	b.until("the draft is listed", fmt.Sprintf(`document.querySelector('.drafts')?.innerText.includes(%q)`, "Draft from "+region))
}
