package enginetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
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
	},
	"changed": { // and not mail, which would roll WordPress once more
		{"backup.schedule", "30 4 * * 0"}, {"backup.keepDays", "7"}, {"backup.snapshotDays", "3"},
		{"databaseHistoryHours", "72"}, {"fileHistoryDays", "3"},
		{"shield.loginsPerMinute", fmt.Sprint(logins)}, {"shield.requestsPerMinute", "100000"}, {"shield.preview", "false"},
		{"installFrom[1]", "2001:db8::/48"},
	},
	"off": {
		{"backup", ""}, {"mail", ""}, {"mailPassword", ""}, {"databaseHistoryHours", ""}, {"fileHistoryDays", "0"},
		{"shield", ""}, {"xmlrpc", ""}, {"installFrom", ""},
		{"staging", "true"}, // which excludes mail
	},
}

type setting struct{ key, value string }

// turn sets the features, which the test's next update applies with its own changes, and checks what they add to its plan:
// nothing that should stay is replaced or deleted, and of the servers only WordPress and Syncthing change.
func (b *bench) turn(to string) {
	b.t.Helper()
	before := b.plan()
	for _, s := range features[to] {
		args := []string{"config", "set", "--path", "geo-wordpress:" + s.key, s.value}
		switch {
		case s.value == "":
			args = []string{"config", "rm", "--path", "geo-wordpress:" + s.key}
		case s.key == "mailPassword":
			args = append(args, "--secret")
		}
		b.run("pulumi", append(args, "--stack", "dev", "--config-file", b.config)...)
	}
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
	site := strings.TrimSpace(b.outputOf("stack output site_url"))
	status := func(path string) int {
		response, _ := b.visit(site+path, nil)
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
