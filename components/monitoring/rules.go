package monitoring

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"geo-wordpress/components/backup"
	"geo-wordpress/config"
	"geo-wordpress/regions"
)

// severity as Google shows it.
const (
	critical = "CRITICAL" // visitors notice it, or the next failure loses data
	warning  = "WARNING"
)

// rule is an alert on the metrics that the collectors collect.
type rule struct {
	name     string // of the resource, and of its chapter in docs/monitoring.md
	title    string
	severity string
	// query is in PromQL. Each series that it returns for as long as hold is an incident.
	query string
	hold  time.Duration
	means string // what it means, and what to look at first
}

// renewalDays is how long before the end of the database's certificates their alert comes. An update in the half year before has
// renewed them.
const renewalDays = 90

// scope has what queries need to know: which clusters belong to the stack, for a project may have several stacks.
type scope struct {
	regions  []regions.Region // those that stand
	clusters []string         // their clusters' names, in the same order
	until    time.Time        // when the first of the database's certificates expires
}

// matcher selects the series of the stack's clusters.
func (s scope) matcher() string {
	var names []string
	for _, name := range s.clusters {
		names = append(names, regexp.QuoteMeta(name))
	}
	return fmt.Sprintf("cluster=~%q", strings.Join(names, "|"))
}

// in completes queries: $in becomes the matcher, $all the number of regions, and $recent the time for which a series without new
// samples counts. Google keeps its last sample for five minutes: it knows no staleness
// (https://cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences).
func (s scope) in(query string) string {
	return strings.NewReplacer("$in", s.matcher(), "$all", fmt.Sprint(len(s.regions)), "$recent", "2m").Replace(query)
}

// rules are the alerts on collected metrics. Names and texts do not depend on the clusters' names.
func rules(config *config.Config, s scope) []rule {
	all := []rule{
		{"region", "a region is out of rotation", critical, s.outOfRotation(), 3 * time.Minute,
			"In this region no WordPress pod passes its health page, or no metrics arrive. The load balancer sends visitors to the " +
				"other regions. First look: `kubectl --context REGION get pods -A`, then the pods' events."},
		// From PD 8.5.5 on a store has its own series of 0 or 1; before, one has the number of all. A slow store is up, and has a
		// type of its own (pkg/statistics/store_collection.go in tikv/pd).
		{"quorum", "the database runs without its spare", critical, s.in(
			`label_replace((count(last_over_time(up{job="pd",$in}[$recent]) == 1) or vector(0)) < $all, "part", "pd", "", "") or ` +
				`label_replace((sum(max by (type, store) (last_over_time(pd_cluster_status{type=~"store_(up|slow)_count",$in}[$recent]))) ` +
				`or vector(0)) < $all, "part", "tikv", "", "")`),
			5 * time.Minute,
			"Fewer Placement Drivers or TiKV stores are up than there are regions. The site serves, but losing another region loses the " +
				"quorum: drain no machines and run no update that restarts the database. First look: the pods of the database's " +
				"namespace in the region that misses one."},
		{"files", "a region lacks files of the others", warning, s.in(
			`label_replace(max by (cluster) (syncthing_model_folder_summary{scope="need",type=~"files|directories|symlinks|deleted",$in}) > 0, ` +
				`"why", "behind", "", "") or ` +
				`label_replace(sum by (cluster) (syncthing_connections_active{$in}) < $all - 1, "why", "a peer is not connected", "", "") or ` +
				`label_replace((count(count by (cluster) (syncthing_connections_active{$in})) or vector(0)) < $all, "why", "no metrics", "", "")`),
			30 * time.Minute,
			"For half an hour a region's Syncthing has not caught up, has lacked a peer, or has not been seen. Visitors of that region may " +
				"miss pictures. First look: the log of deploy/syncthing in the files' namespace, and the free space of its disk."},
		{"conflicts", "files are in conflict", warning, s.in(`max(geo_wordpress_files_conflicts{$in}) > 0`), 0,
			"Two regions have changed the same file at the same time. Syncthing has kept both: the older one is named " +
				"NAME.sync-conflict-DATE. Compare the two, keep one, and delete the other in any region."},
		// The query has a metric because Google might refuse one without.
		{"database-certificates", "the database's certificates are not renewed", warning, s.in(fmt.Sprintf(
			`vector(time()) > %d and on () up{job="pd",$in}`, s.until.AddDate(0, 0, -renewalDays).Unix())), 0,
			"The certificates of PD, TiKV and TiDB end on " + s.until.Format("2 January 2006") + ". From then on they refuse new connections, " +
				"and the site fails in every region. An update renews them, and none has done so for months: run `pulumi up`. " +
				"docs/certificates.md, \"Renewal\", says what restarts."},
	}
	if config.Backup != nil {
		all = append(all, rule{"backup", "the newest backup is too old", critical,
			s.in(fmt.Sprintf(`min(geo_wordpress_backup_age_seconds{$in}) > %d`, int(backupAge(config.Backup).Seconds()))), 0,
			"No backup has been completed in time. First look: the pods of CronJob backup in WordPress's namespace, in every region."})
	}
	return all
}

// ruleNames are the names of the alerts on collected metrics.
func ruleNames(config *config.Config) (names []string) {
	for _, r := range rules(config, scope{}) {
		names = append(names, r.name)
	}
	return names
}

// backupAge is the greatest age of the newest backup, if each begins in time and takes no longer than it may.
func backupAge(settings *config.Backup) time.Duration {
	return settings.Interval() + backup.DeadlineSeconds*time.Second
}

// outOfRotation returns a series for each region in which no pod is healthy, or none is seen.
func (s scope) outOfRotation() string {
	var terms []string
	for i, name := range s.clusters {
		terms = append(terms, fmt.Sprintf(
			`label_replace(absent(last_over_time(geo_wordpress_healthy{cluster=%q}[$recent]) == 1), "region", %q, "", "")`,
			name, s.regions[i].Name))
	}
	return s.in(strings.Join(terms, " or "))
}
