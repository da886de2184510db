package content

import (
	"path"
	"strings"
)

// LeaveOut returns why a file does not move, and the part of its path that this applies to; "" if it moves.
func LeaveOut(name string) (why, part string) {
	parts := strings.Split(name, "/")
	if strings.HasPrefix(parts[0], ".st") {
		return "Syncthing's own", parts[0]
	}
	for i := 1; i <= min(len(parts), 3); i++ {
		part := strings.Join(parts[:i], "/")
		for _, rule := range leave {
			for _, pattern := range rule.patterns {
				if ok, _ := path.Match(pattern, part); ok {
					return rule.why, part
				}
			}
		}
	}
	return "", ""
}

// leave are patterns of paths below wp-content.
var leave = []struct {
	why      string
	patterns []string
}{
	{"a drop-in of the old hoster or of a caching plugin: it would run on every page", []string{
		"db.php", "object-cache.php", "advanced-cache.php", "sunrise.php", "maintenance.php", "php-error.php", "fatal-error-handler.php"}},
	{"a cache", []string{
		"cache", "et-cache", "litespeed", "endurance-page-cache", "w3tc-config", "wp-rocket-config", "wp-cache-config.php",
		"uploads/cache", "uploads/wp-cache", "uploads/ac_assets", "bte-wb", "swift-performance"}},
	{"a caching plugin, which writes into wp-content on every machine; here, Cloud CDN is the cache (the key cdn)", []string{
		"plugins/wp-super-cache", "plugins/w3-total-cache", "plugins/wp-rocket", "plugins/litespeed-cache", "plugins/wp-fastest-cache",
		"plugins/cache-enabler", "plugins/comet-cache", "plugins/hyper-cache", "plugins/breeze", "plugins/sg-cachepress",
		"plugins/hummingbird-performance", "plugins/redis-cache", "plugins/wp-redis", "plugins/memcached", "plugins/swift-performance*",
		"plugins/wp-hummingbird", "plugins/nginx-helper", "plugins/docket-cache", "plugins/object-cache-pro"}},
	{"what WordPress unpacks during an update", []string{"upgrade", "upgrade-temp-backup"}},
	{"a backup", []string{
		"updraft", "ai1wm-backups", "backups", "backups-*", "backup", "backup-*", "backupwordpress-*", "wpvividbackups", "wpvivid*", "backwpup-*",
		"uploads/backwpup-*", "uploads/backupbuddy*", "uploads/wp-clone", "uploads/backup-guard", "uploads/snapshots", "uploads/wp-migrate-db",
		"uploads/wp-staging", "wp-staging", "uploads/mainwp", "uploads/pb_backupbuddy", "infinitewp", "managewp", "old-cache"}},
	{"a log", []string{"debug.log", "error_log", "wflogs", "uploads/wc-logs", "uploads/wpforms/logs"}},
	{"of a version control system", []string{".git", ".svn", "plugins/*/.git", "themes/*/.git"}},
}
