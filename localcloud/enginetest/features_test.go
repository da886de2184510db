package enginetest

import (
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
		{"monitoring.email", "operator@example.com"},
	},
	"changed": { // and not mail, which would roll WordPress once more
		{"backup.schedule", "30 4 * * 0"}, {"backup.keepDays", "7"}, {"backup.snapshotDays", "3"},
		{"databaseHistoryHours", "72"}, {"fileHistoryDays", "3"},
		{"monitoring.email", "other@example.com"}, {"monitoring.diskPercent", "90"},
	},
	"off": {
		{"backup", ""}, {"mail", ""}, {"mailPassword", ""}, {"databaseHistoryHours", ""}, {"fileHistoryDays", "0"},
		{"monitoring", ""},
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
		case op == "update" && slices.Contains([]string{"NetworkPolicy", "Stack"}, kind):
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
