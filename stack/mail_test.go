package stack_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
	"geo-wordpress/ports"
	"geo-wordpress/stack/stacktest"

	"pgregory.net/rapid"
)

var mailRules = []invariant{
	{"WordPress reaches the internet on the ports it needs", outsideByFewPorts},
	{"only WordPress has the mail server's password, by reference", theMailPasswordIsWordPresss},
}

// withMail is a configuration with a mail server that wants a password.
func withMail(values map[string]string) map[string]string {
	values = with(values, "mail", `{"host":"smtp.example.com","port":2525,"user":"apikey","from":"site@example.com"}`)
	return with(values, "mailPassword", "a password of the mail server")
}

// sendsMail are the applications whose pods send mail.
func sendsMail(app string) bool { return app == "wordpress" || app == "wordpress-cli" }

// outsideByFewPorts: WordPress reaches the web, and the mail server if there is one, by an address only at that address.
// Backups reach Cloud Storage, and the metadata server for their token. No other pod reaches the internet, and none a private
// address but the mail server's.
func outsideByFewPorts(t rapid.TB, s *system) {
	public, private := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("192.168.7.26")
	metadata := netip.MustParseAddr("169.254.169.254")
	addresses := []netip.Addr{public, private, netip.MustParseAddr("10.255.255.254"), metadata}
	tried := []int{25, 80, 443, 465, 587, 2525, 65535, ports.TiDB}
	mail := s.config.Mail
	var server netip.Addr
	byAddress := false
	if mail != nil {
		tried = append(tried, mail.Port)
		if server, byAddress = mail.Address(); byAddress {
			addresses = append(addresses, server)
		}
	}
	for _, region := range s.config.Regions {
		for _, from := range s.pods(region) {
			for _, address := range addresses {
				for _, port := range tried {
					want := false
					if from.app == "backup" || from.app == "restore" {
						want = port == 443 && address.IsGlobalUnicast() && !address.IsPrivate() || port == 80 && address == metadata
					}
					if sendsMail(from.app) {
						want = !address.IsPrivate() && !address.IsLinkLocalUnicast() && (port == 80 || port == 443) ||
							mail != nil && port == mail.Port && (address == server || !byAddress && address == public)
					}
					if got := s.leaves(from, address, pod{}, port); got != want {
						t.Errorf("%s of %s reaches %s on port %d: %v, want %v", from.app, region.Name, address, port, got, want)
					}
				}
			}
		}
	}
}

const mailPassword = "GEO_WORDPRESS_MAIL_PASSWORD"

func theMailPasswordIsWordPresss(t rapid.TB, s *system) {
	has := s.config.Mail != nil && s.config.Mail.Password != ""
	for _, w := range s.Workloads() {
		for _, c := range w.Pod.All() {
			v, want := c.EnvVar(mailPassword), has && sendsMail(app(w)) && c.Name != "health" && c.Name != "fetch"
			switch {
			case (v != nil) != want:
				t.Errorf("%s: %s has the mail server's password: %v, want %v", w, c.Name, v != nil, want)
			case v != nil && (v.ValueFrom.SecretKeyRef == nil || v.ValueFrom.SecretKeyRef.Optional):
				t.Errorf("%s: %s does not take the mail server's password from a Secret: %+v", w, c.Name, *v)
			}
		}
	}
	for _, region := range s.config.Regions {
		for _, r := range s.in(region, "Secret") {
			value, ok := r.Data()[mailPassword]
			if ok && (!has || !s.Preview && value != string(s.config.Mail.Password)) {
				t.Errorf("%s holds %s, and the password is set: %v", r, mailPassword, has)
			}
		}
	}
}

// Mail on or off changes WordPress's own objects: its settings, its Secret, its way out and its pods, which therefore roll
// once. Nothing is added or removed.
func TestMailChangesWordPressOnly(t *testing.T) {
	before := run(t, configurations(t)["with a site"], false)
	after := run(t, withMail(configurations(t)["with a site"]), false)
	var want []string
	for _, r := range before.Resources {
		mine := r.Kind() == "ConfigMap" || r.Kind() == "Secret" || r.Kind() == "NetworkPolicy" && sendsMail(r.Metadata().Name)
		if r.IsKubernetes() && mine && strings.HasPrefix(r.Name, "wordpress-") {
			want = append(want, r.URN)
		}
	}
	for _, w := range before.Workloads() {
		if sendsMail(app(w)) {
			want = append(want, w.URN)
		}
	}
	c := between(before, after)
	slices.Sort(c.changed)
	slices.Sort(want)
	if len(c.added)+len(c.removed) > 0 || !slices.Equal(c.changed, want) || len(want) != 6*len(before.config.Regions) {
		t.Errorf("changes %+v, want %v", c, want)
	}
	if !equal(before.Stack().Outputs, after.Stack().Outputs) {
		t.Errorf("the outputs change from %v to %v", before.Stack().Outputs, after.Stack().Outputs)
	}
}

// The engine gives the program the password in plain text. It must not be stored so.
func TestAPlainMailPasswordRegistersNothing(t *testing.T) {
	g, err := stacktest.Run(withMail(configtest.Committed(t)), stacktest.Options{SecretKeys: []string{}})
	if err == nil || !containsAll(err.Error(), "mailPassword", "--secret") || strings.Contains(err.Error(), "a password of") {
		t.Fatalf("got %v", err)
	}
	if len(g.Resources) != 1 {
		t.Errorf("%d resources were registered, want the stack alone", len(g.Resources))
	}
}
