package stack_test

import (
	"slices"
	"strings"
	"testing"

	"geo-wordpress/config/configtest"
)

// The database keeps more or less history from the next run of its init Job on. No server restarts: they mount neither the
// number nor the script.
func TestTheDatabasesHistoryChangesOneJob(t *testing.T) {
	changed, added, removed := changes(t, map[string]string{"databaseHistoryHours": "48"})
	if !slices.Equal(changed, []string{"Job tidb-*-database-init"}) || len(added)+len(removed) > 0 {
		t.Errorf("changes %v, adds %v, removes %v", changed, added, removed)
	}
}

// Old versions of files are kept for longer, or not at all, and Syncthing alone restarts.
func TestTheFilesHistoryRestartsSyncthingOnly(t *testing.T) {
	for days, want := range map[string][]string{
		"30": eachThrice("Deployment syncthing-*"),
		"0":  eachThrice("Deployment syncthing-*", "Secret syncthing-*"), // the daemon's own configuration as well
	} {
		changed, added, removed := changes(t, map[string]string{"fileHistoryDays": days})
		if !slices.Equal(changed, want) || len(added)+len(removed) > 0 {
			t.Errorf("%s days: changes %v, adds %v, removes %v", days, changed, added, removed)
		}
	}
}

// Old versions of files are on the files' disk, outside of what the NFS server exports to WordPress and of what Syncthing
// keeps alike.
func TestOldVersionsOfFilesAreOutsideOfTheSharedVolume(t *testing.T) {
	s := run(t, configtest.Committed(t), false)
	seen := 0
	for _, w := range s.Workloads() {
		for _, c := range slices.Concat(w.Pod.InitContainers, w.Pod.Containers) {
			for _, m := range c.VolumeMounts {
				if !strings.HasSuffix(m.SubPath, "versions") {
					continue
				}
				seen++
				if app(w) != "syncthing" || m.SubPath != "syncthing/versions" || strings.HasPrefix(m.MountPath, "/var/syncthing/wp-content") {
					t.Errorf("%s mounts %s at %s", w, m.SubPath, m.MountPath)
				}
			}
		}
	}
	if want := 6; seen != want { // the daemon and its housekeeping, in three regions
		t.Errorf("%d containers mount old versions, want %d", seen, want)
	}
}
