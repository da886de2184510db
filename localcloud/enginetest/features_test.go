package enginetest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/loadbalancer"
)

// features are the settings of what is off or modest by default: turned on, changed, and turned off again. An empty value
// removes the key.
var features = map[string][]setting{
	"on": {
		{"backup.schedule", "0 3 * * *"}, {"backup.keepDays", "30"},
		{"mail.host", "smtp.example.com"}, {"mail.port", "587"}, {"mail.user", "site"}, {"mail.from", "site@example.com"},
		{"mailPassword", "correct-horse-battery-staple"},
		{"databaseHistoryHours", "48"}, {"fileHistoryDays", "14"},
		{"shield.loginsPerMinute", "30"}, {"shield.banMinutes", "15"}, {"shield.preview", "true"},
		{"xmlrpc", "true"}, {"installFrom[0]", "203.0.113.7/32"},
		{"domain", "www.example.com"}, {"aliases[0]", "example.com"}, {"dnsZone", "example-com"}, {"ipv6", "true"}, {"hsts", "300"},
		{"monitoring.email", "operator@example.com"},
	},
	"changed": { // and not mail; the certificates are issued, so the site moves to its domain too
		{"backup.schedule", "30 4 * * 0"}, {"backup.keepDays", "8"}, {"backup.snapshotDays", "3"},
		{"databaseHistoryHours", "72"}, {"fileHistoryDays", "3"},
		{"shield.loginsPerMinute", fmt.Sprint(logins)}, {"shield.requestsPerMinute", "100000"}, {"shield.preview", "false"},
		{"installFrom[1]", "2001:db8::/48"},
		{"monitoring.email", "other@example.com"}, {"monitoring.diskPercent", "90"},
	},
	"off": {
		{"domain", ""}, {"aliases", ""}, {"dnsZone", ""}, {"ipv6", ""}, {"hsts", ""},
		{"backup", ""}, {"mail", ""}, {"mailPassword", ""}, {"databaseHistoryHours", ""}, {"fileHistoryDays", "0"},
		{"shield", ""}, {"xmlrpc", ""}, {"installFrom", ""},
		{"monitoring", ""},
		{"staging", "true"}, // which excludes mail
	},
}

type setting struct{ key, value string }

// configure sets the settings in the stack's config file.
func (b *bench) configure(settings []setting) {
	b.t.Helper()
	var set, remove []string
	for _, s := range settings {
		switch key := "geo-wordpress:" + s.key; {
		case s.value == "":
			remove = append(remove, key)
		case s.key == "mailPassword":
			set = append(set, "--secret", key+"="+s.value)
		default:
			set = append(set, "--plaintext", key+"="+s.value)
		}
	}
	for command, args := range map[string][]string{"set-all": set, "rm-all": remove} {
		if len(args) > 0 {
			b.run("pulumi", append([]string{"config", command, "--path", "--stack", "dev", "--config-file", b.config}, args...)...)
		}
	}
}

// turn sets the features, which the test's next update applies with its own changes, and checks what they add to its plan
// before: nothing that should stay is replaced or deleted, and of the servers only WordPress and Syncthing change.
func (b *bench) turn(to string, before []string) {
	b.t.Helper()
	switch to {
	case "on":
		b.run(b.tool("localcloud"), "dns", "zone", "example-com", "example.com")
	case "changed":
		b.pulumi("refresh --yes --skip-preview --target **certificatemanager/certificate:Certificate::**")
	}
	b.configure(features[to])
	for _, change := range b.plan() {
		if slices.Contains(before, change) {
			continue
		}
		op, urn, _ := strings.Cut(change, " ")
		kind := urn[:strings.LastIndex(urn, "::")]
		kind = kind[strings.LastIndexAny(kind, ":$")+1:]
		name := urn[strings.LastIndex(urn, "::")+2:]
		switch {
		case op == "create":
			b.added = append(b.added, urn)
		case slices.Contains(b.added, urn): // may go again
		case slices.Contains([]string{"ConfigMap", "Secret", "Job"}, kind): // auto-named, or of one template
		case op == "update" && slices.Contains([]string{"NetworkPolicy", "Stack", "BackendService"}, kind):
		case op == "update" && slices.Contains([]string{"URLMap loadbalancer-https", "TargetHttpProxy loadbalancer-http"}, kind+" "+name):
		case op == "delete" && kind+" "+name == "URLMap loadbalancer": // nothing but port 80 used it, which redirects
		// The cluster collects metrics or does not. While it is updated, its kubeconfig is unknown to the plan.
		case op == "update" && slices.Contains([]string{"Cluster", "kubernetes"}, kind) && strings.HasPrefix(name, "cluster-"):
		case op == "update" && kind == "CronJob" && strings.HasSuffix(name, "-shell"):
		case op == "update" && kind == "Deployment" && (strings.HasPrefix(name, "wordpress-") || strings.HasPrefix(name, "syncthing-")):
		default:
			b.t.Errorf("what is turned %s also plans to %s", to, change)
		}
	}
}

// checkBackup takes a backup in two regions: the first one takes it, and the second finds that it is done.
func checkBackup(b *bench) {
	b.t.Helper()
	for _, region := range regionNames[:2] {
		b.kubectl(region, "-n", "wordpress", "create", "job", "--from=cronjob/backup", "backup-now")
		b.kubectl(region, "-n", "wordpress", "wait", "--for=condition=complete", "--timeout=2m", "job/backup-now")
		b.kubectl(region, "-n", "wordpress", "delete", "job", "backup-now")
	}
	objects := b.output(b.tool("localcloud"), "objects")
	for part, want := range map[string]int{"/complete": 1, "/files.tar.gz": 1, "/database/metadata": 1} {
		if got := strings.Count(objects, part); got != want {
			b.t.Errorf("there are %d objects %s, want %d:\n%s", got, part, want, objects)
		}
	}
}

// logins is the number of the login page's requests that one address may send in a minute.
const logins = 10

// checkShield floods the login page: what exceeds the limit does not reach WordPress, and the front page still answers. The
// installation page is closed to this machine.
func checkShield(b *bench) {
	b.t.Helper()
	client := b.trusting()
	if client == nil {
		return
	}
	status := func(path string) int {
		response, err := client.Get("https://www.example.com" + path)
		if err != nil {
			b.t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	admitted := 0
	for range 3 * logins {
		if status("//wp-login%2ephp") != http.StatusTooManyRequests {
			admitted++
		}
	}
	if admitted != logins {
		b.t.Errorf("%d of %d requests of the login page are admitted, want %d", admitted, 3*logins, logins)
	}
	for path, want := range map[string]int{"/": http.StatusFound, "/wp-admin/./install.php": http.StatusForbidden} {
		if got := status(path); got != want {
			b.t.Errorf("%s answers %d, want %d", path, got, want)
		}
	}
}

// trusting returns a client that trusts the local cloud's authority and finds every name at the site's address, or nil if
// the local cloud does not listen on port 443.
func (b *bench) trusting() *http.Client {
	b.t.Helper()
	address := strings.TrimSpace(b.outputOf("stack output loadbalancer_ip"))
	if strings.Contains(address, ":") {
		b.t.Log("this process may not listen on port 443: HTTPS is not checked")
		return nil
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(b.read(loadbalancer.AuthorityFile(home.Home(b.home).Google()))))
	return &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted},
			DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
				_, port, _ := net.SplitHostPort(to)
				return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(address, port))
			}}}
}

// checkHTTPS checks that the site has moved to its domain: HTTPS with the authority's certificate, and a redirect to it.
func checkHTTPS(b *bench) {
	b.t.Helper()
	client := b.trusting()
	if client == nil {
		return
	}
	address := strings.TrimSpace(b.outputOf("stack output loadbalancer_ip"))
	for url, want := range map[string]string{
		"https://www.example.com/":     "302 https://www.example.com/wp-admin/install.php max-age=300",
		"https://example.com/a?b=c":    "301 https://www.example.com/a?b=c ",
		"http://www.example.com/a?b=c": "301 https://www.example.com/a?b=c ",
		"http://" + address + "/":      "301 https://www.example.com/ ",
	} {
		response, err := client.Get(url)
		if err != nil {
			b.t.Errorf("%s: %v", url, err)
			continue
		}
		response.Body.Close()
		if got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Location"), " ", response.Header.Get("Strict-Transport-Security")); got != want {
			b.t.Errorf("%s answers %q, want %q", url, got, want)
		}
	}
	if url := strings.TrimSpace(b.outputOf("stack output site_url")); url != "https://www.example.com" {
		b.t.Errorf("the site's URL is %s", url)
	}
}
