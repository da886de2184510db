package config

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"

	"github.com/robfig/cron/v3"
)

// Backup is when and where the site is backed up.
type Backup struct {
	// Schedule is in Kubernetes' form of cron, in UTC.
	Schedule string
	// Bucket is the operator's; empty for one of the stack's own, with the two settings below.
	Bucket string
	// Location of the stack's bucket: a multi-region or a region of Cloud Storage. KeepDays is how long it keeps a backup.
	Location string
	KeepDays int
	// SnapshotDays is how long the daily snapshots of the disks are kept; 0 for none.
	SnapshotDays int
}

// Interval is the longest time between two runs of the schedule, for one that runs at least once in five years.
func (b *Backup) Interval() time.Duration {
	schedule, err := cron.ParseStandard(b.Schedule)
	if err != nil {
		panic("config: " + err.Error()) // the configuration has passed checkSchedule
	}
	first := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC) // a leap year
	var longest time.Duration
	for last := schedule.Next(first); last.Before(first.AddDate(5, 0, 0)); {
		next := schedule.Next(last)
		if next.IsZero() {
			break
		}
		longest = max(longest, next.Sub(last))
		last = next
		if last.Sub(first) > 400*24*time.Hour && longest <= 40*24*time.Hour {
			break // a year has shown every gap of a schedule that runs every month
		}
	}
	return longest
}

// Restore names the backup from which the stack's site is made.
type Restore struct {
	Bucket, Name string
}

const (
	maxKeepDays     = 3650
	maxSnapshotDays = 365
)

var (
	backupFields  = []string{"schedule", "keepDays", "bucket", "location", "snapshotDays"}
	restoreFields = []string{"bucket", "name"}
)

// backup reads the settings of the backups: an empty object for none.
func (l *loader) backup(all []regions.Region) *Backup {
	object := l.top("backup")
	fields, ok := object.object(backupFields)
	if given, _ := object.value.(map[string]any); !ok || len(given) == 0 {
		return nil
	}
	b := &Backup{}
	b.Schedule, _ = object.required(fields, "schedule", "when to back up, in cron's form and UTC, such as 0 3 * * *").checked(checkSchedule)
	if days, ok := fields["snapshotDays"]; ok {
		b.SnapshotDays, _ = days.whole(0, maxSnapshotDays, "days for which the daily snapshots of the disks are kept; 0 for none")
	}
	if bucket, ok := fields["bucket"]; ok {
		b.Bucket, _ = bucket.checked(checkBucket)
		for _, name := range []string{"keepDays", "location"} {
			if own, ok := fields[name]; ok {
				own.fails("is for the bucket that the stack makes: remove it, or remove " + object.key + ".bucket. " +
					"A bucket of your own keeps what its lifecycle rules say")
			}
		}
		return b
	}
	days := object.required(fields, "keepDays", "the number of days for which backups are kept")
	b.KeepDays, ok = days.whole(1, maxKeepDays, "days; then Cloud Storage deletes a backup")
	if ok && b.Schedule != "" {
		// A day, because the next backup takes its time, and may fail once.
		if least := int(math.Ceil(b.Interval().Hours()/24)) + 1; b.KeepDays < least {
			days.fails(fmt.Sprintf("must be at least %d, a day more than the longest time between two runs of %s.schedule, which is %q: "+
				"keep backups longer, or take them more often", least, object.key, b.Schedule))
		}
	}
	if location, ok := fields["location"]; ok {
		b.Location, _ = location.checked(checkLocation)
	} else if len(all) > 0 {
		if b.Location = googlecloud.MultiRegion(all[0].Name); b.Location == "" && all[0].Name != "" {
			l.problem(object.key+".location", "", "is not set, and no multi-region of Cloud Storage is near "+all[0].Name+
				": set it to EU, US or ASIA, or to a region that is none of the stack's")
		}
	}
	return b
}

// checkSchedule returns what is wrong with a schedule, or nothing. Kubernetes reads it with the same library.
func checkSchedule(schedule string) string {
	const form = "must be a schedule of five fields in cron's form (minute, hour, day, month, weekday; UTC), such as 0 3 * * *"
	if strings.Contains(schedule, "TZ") {
		return form + ", without a time zone"
	}
	if strings.HasPrefix(schedule, "@every") {
		return form + ": the regions would not agree on when @every begins"
	}
	if _, err := cron.ParseStandard(schedule); err != nil {
		return form + " (" + err.Error() + ")"
	}
	return ""
}

func checkBucket(name string) string {
	if strings.HasPrefix(name, "gs://") {
		return "must be the bucket's name alone, without gs:// and without a path"
	}
	if !googlecloud.BucketName.MatchString(name) || strings.HasPrefix(name, "goog") || strings.Contains(name, "..") {
		return "must be the name of a Cloud Storage bucket: 3 to 63 lower-case letters, digits, hyphens, underscores and dots, " +
			"starting and ending with a letter or digit, and not starting with goog"
	}
	return ""
}

func checkLocation(location string) string {
	if googlecloud.IsMultiRegion(location) || googlecloud.IsRegion(location) {
		return ""
	}
	return "must be EU, US or ASIA, or the name of a region" + suggestion(location, googlecloud.Regions())
}

// backupName is the form of a backup's name: a path in the bucket, as the backups and movein name them.
var backupName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)

// restore reads which backup the site is made from: an empty object for none.
func (l *loader) restore(site *Site) *Restore {
	object := l.top("restore")
	fields, ok := object.object(restoreFields)
	if given, _ := object.value.(map[string]any); !ok || len(given) == 0 {
		return nil
	}
	if site != nil {
		l.problem(object.key, "", "is set, and so is "+l.project+":site: the site and its users come from the backup, remove site")
	}
	r := &Restore{}
	r.Bucket, _ = object.required(fields, "bucket", "the bucket that holds the backup").checked(checkBucket)
	r.Name, _ = object.required(fields, "name", "the backup's name, as `gcloud storage ls gs://BUCKET` lists it").checked(func(name string) string {
		if !backupName.MatchString(name) || len(name) > 200 {
			return "must be the name of one backup in the bucket, such as 2026-11-27T03-00-05Z-europe-west1: no gs://, no slash at its ends"
		}
		return ""
	})
	return r
}
