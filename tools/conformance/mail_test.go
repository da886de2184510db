package conformance_test

import (
	"crypto/tls"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/tools/conformance/authority"
	"geo-wordpress/tools/conformance/images"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/mailserver"
	"geo-wordpress/tools/conformance/sandbox"
	"geo-wordpress/tools/conformance/world"
)

const (
	mailHost     = "smtp.example.com"
	mailPassword = `hunter2's "$(HOME)" \`
)

// withMail has WordPress send mail through a server at mailHost.
var withMail = map[string]string{
	"geo-wordpress:mail":         `{"host":"` + mailHost + `","port":587,"user":"` + mailserver.User + `","from":"site@example.com","fromName":"It's \\ a site"}`,
	"geo-wordpress:mailPassword": mailPassword,
}

// postOffice is a world's mail server, with the certificates that it may show.
type postOffice struct {
	*mailserver.Server
	own, stranger, anothers *tls.Certificate
}

// openPost starts the mail server at mailHost, whose authority WordPress trusts from now on.
func openPost(t *testing.T, w *world.World) *postOffice {
	t.Helper()
	address := netip.MustParseAddr("203.0.113.25")
	if err := w.Network.Assign(address); err != nil {
		t.Fatal(err)
	}
	w.Names.Set(mailHost, func() []netip.Addr { return []netip.Addr{address} })
	p := &postOffice{Server: mailserver.New(netip.AddrPortFrom(address, 587).String())}
	t.Cleanup(p.Close)
	authority := newAuthority(t)
	w.Authority = authority.PEM
	p.own, p.anothers = certificate(t, authority, mailHost), certificate(t, authority, "smtp.example.net")
	p.stranger = certificate(t, newAuthority(t), mailHost)
	return p
}

func newAuthority(t *testing.T) *authority.Authority {
	t.Helper()
	authority, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func certificate(t *testing.T, authority *authority.Authority, host string) *tls.Certificate {
	t.Helper()
	made, err := authority.Certificate(host)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Failures and success of the page that asks for a new password.
const (
	mailFailed = "The email could not be sent"
	mailSent   = "Check your email"
)

// askForPassword sends the form of the lost password, as a visitor, and returns the page that answers.
func askForPassword(t *testing.T, w *world.World, visitor *session) string {
	t.Helper()
	request, err := visitor.form("/wp-login.php?action=lostpassword", url.Values{"user_login": {w.Stack.Output("admin", "user")}})
	if err != nil {
		t.Fatal(err)
	}
	page, err := visitor.send(request, http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// sendsMail: whoever has lost the password gets a mail from the configured sender, by TLS, with a link to the site that
// works. If the server is not the configured one, or does not take the password, nothing is sent and the page says so.
func sendsMail(t *testing.T, w *world.World, p *postOffice, wordpress *kubelet.Pod) {
	editor, err := logIn(w, wordpress.Region)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := editor.get("/wp-admin/"); err != nil || strings.Contains(string(page), "geo-wordpress-mail") {
		t.Errorf("the dashboard says that mail is off (%v)", err)
	}
	for name, conduct := range map[string]mailserver.Conduct{
		"another password":           {Password: "another", Certificate: p.own},
		"no TLS":                     {Password: mailPassword},
		"a stranger's certificate":   {Password: mailPassword, Certificate: p.stranger},
		"another name's certificate": {Password: mailPassword, Certificate: p.anothers},
	} {
		if err := p.Serve(conduct); err != nil {
			t.Fatal(err)
		}
		before := len(wordpress.Log("wordpress"))
		page := askForPassword(t, w, anybody(w, editor, wordpress.Region))
		if sent := p.Messages(); !strings.Contains(page, mailFailed) || len(sent) > 0 || p.Connections() == 0 {
			t.Errorf("%s: %d connections, %d mails, and the page\n%s", name, p.Connections(), len(sent), page)
		}
		said := wordpress.Log("wordpress")[before:]
		if !strings.Contains(said, "geo-wordpress: mail was not sent: ") || strings.Contains(said, mailPassword) {
			t.Errorf("%s: the log says\n%s", name, said)
		}
	}

	if err := p.Serve(mailserver.Conduct{Password: mailPassword, Certificate: p.own}); err != nil {
		t.Fatal(err)
	}
	visitor := anybody(w, editor, wordpress.Region)
	if page := askForPassword(t, w, visitor); !strings.Contains(page, mailSent) {
		t.Errorf("with the configured server the page says\n%s\n%s", page, w.Describe(wordpress))
	}
	sent := p.Messages()
	if len(sent) != 1 {
		t.Fatalf("%d mails arrived", len(sent))
	}
	got := sent[0]
	if got.From != "site@example.com" || !slices.Equal(got.To, []string{"editor@example.com"}) || !got.TLS {
		t.Errorf("the mail is from %s to %v, by TLS: %v", got.From, got.To, got.TLS)
	}
	message, err := mail.ReadMessage(strings.NewReader(got.Data))
	if err != nil {
		t.Fatal(err)
	}
	from, err := message.Header.AddressList("From")
	if err != nil || len(from) != 1 || *from[0] != (mail.Address{Name: `It's \ a site`, Address: "site@example.com"}) {
		t.Errorf("the mail is from %v (%v)", from, err)
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil || !strings.Contains(subject, "Password Reset") {
		t.Errorf("the mail is about %q (%v)", subject, err)
	}
	text, err := io.ReadAll(message.Body)
	if err != nil {
		t.Fatal(err)
	}
	site := w.Stack.Output("site_url")
	link := regexp.MustCompile(regexp.QuoteMeta(site) + `(/wp-login\.php\?[^\s>]*\bkey=[^\s>]+)`).FindSubmatch(text)
	if link == nil {
		t.Fatalf("no link to %s in\n%s", site, got.Data)
	}
	if page, err := visitor.get(string(link[1])); err != nil || !strings.Contains(string(page), `id="resetpassform"`) {
		t.Errorf("the link %s leads to (%v)\n%s", link[1], err, page)
	}
}

// sendsNoMail: without a mail server, mail fails at once, and whoever may change that is told on the dashboard.
func sendsNoMail(t *testing.T, w *world.World, wordpress *kubelet.Pod) {
	editor, err := logIn(w, wordpress.Region)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := editor.get("/wp-admin/"); err != nil || !strings.Contains(string(page), "geo-wordpress-mail") {
		t.Errorf("the dashboard does not say that mail is off (%v)", err)
	}
	before := len(wordpress.Log("wordpress"))
	if page := askForPassword(t, w, anybody(w, editor, wordpress.Region)); !strings.Contains(page, mailFailed) {
		t.Errorf("who has lost the password is told\n%s", page)
	}
	said := wordpress.Log("wordpress")[before:]
	if !strings.Contains(said, "geo-wordpress: mail was not sent: mail is off") || strings.Contains(said, "sendmail") {
		t.Errorf("the log says\n%s", said)
	}
}

// On port 465 TLS comes first. A server may also be given by its address, which no public authority certifies: its certificate
// then has the configured name.
func TestMailOnPort465(t *testing.T) {
	const server = "127.0.0.1"
	authority := newAuthority(t)
	trusted := filepath.Join(sandbox.State(), "authority.pem")
	if err := os.WriteFile(trusted, []byte(authority.PEM), 0o644); err != nil {
		t.Fatal(err)
	}
	plugin, err := filepath.Abs("../../components/wordpress/files/geo-mail.php")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"/usr/share/wordpress", filepath.Join(images.Bin(), "unstable/usr/share/wordpress")} {
		for of, certificate := range map[string]*tls.Certificate{
			"":                           certificate(t, authority, mailHost),
			"a stranger's certificate":   certificate(t, newAuthority(t), mailHost),
			"another name's certificate": certificate(t, authority, "smtp.example.net"),
		} {
			s := mailserver.New(server + ":465")
			if err := s.Serve(mailserver.Conduct{Password: mailPassword, Certificate: certificate, FromTheStart: true}); err != nil {
				t.Fatal(err)
			}
			php := exec.Command("php", "testdata/mail.php", plugin, version+"/wp-includes/PHPMailer", server, mailHost, "465", mailserver.User)
			php.Env = append(php.Environ(), "SSL_CERT_FILE="+trusted, "GEO_WORDPRESS_MAIL_PASSWORD="+mailPassword)
			output, err := php.CombinedOutput()
			sent := len(s.Messages())
			s.Close()
			if want := map[bool]int{true: 1}[of == ""]; err != nil || sent != want || strings.Contains(string(output), "sent\n") != (of == "") {
				t.Errorf("%s: %s: %d mails, want %d: %v, %s", version, of, sent, want, err, output)
			}
		}
	}
}
