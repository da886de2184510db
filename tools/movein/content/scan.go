package content

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Finding is a place in a plugin or a theme that may not work here.
type Finding struct {
	Plugin string // plugins/NAME or themes/NAME
	What   string
	Where  string // file:line
}

// scanned is the largest file that is looked at.
const scanned = 4 << 20

func wants(e Entry) bool {
	ext := strings.ToLower(path.Ext(e.Path))
	code := strings.HasPrefix(e.Path, "plugins/") || strings.HasPrefix(e.Path, "themes/") || strings.HasPrefix(e.Path, "mu-plugins/")
	return code && e.Size <= scanned && (ext == ".php" || ext == ".inc" || ext == ".sql")
}

// What TiDB 8.5 does with statements that plugins write, as tried with the server.
var statements = []struct {
	pattern *regexp.Regexp
	what    string
}{
	{regexp.MustCompile(`(?is)\bMATCH\s*\([^()]{1,300}\)\s*AGAINST\b`), "full-text search (MATCH ... AGAINST): TiDB answers with an error"},
	{regexp.MustCompile(`(?i)\bFULLTEXT\s+(?:KEY|INDEX)\b|\bADD\s+FULLTEXT\b|\bCREATE\s+FULLTEXT\b`), "FULLTEXT keys: TiDB takes the statement and makes no key; searches with MATCH fail"},
	{regexp.MustCompile(`(?i)\bSPATIAL\s+(?:KEY|INDEX)\b|\bST_(?:Distance|Contains|Within|GeomFromText)\w*\s*\(`), "spatial keys and functions: TiDB answers with an error"},
	{regexp.MustCompile(`\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:PROCEDURE|TRIGGER|EVENT)\s+[\x60\w{$%]`), "stored procedures, triggers or events: TiDB has none"},
	{regexp.MustCompile(`\bSQL_CALC_FOUND_ROWS\b`), "SQL_CALC_FOUND_ROWS: works through $wpdb (geo-tidb.php counts); on a connection of the plugin's own, FOUND_ROWS() is the number of rows on the page"},
	{regexp.MustCompile(`(?i)["']\s*LOCK\s+TABLES?\s`), "LOCK TABLES: TiDB does nothing, and two pages may write at once"},
	{regexp.MustCompile(`(?i)["']\s*XA\s+(?:START|BEGIN|PREPARE)\b`), "XA transactions: TiDB answers with an error"},
	{regexp.MustCompile(`(?i)\bENGINE\s*=\s*(?:MEMORY|FEDERATED|MERGE)\b`), "a table in memory or elsewhere: in TiDB it is a table like others"},
	{regexp.MustCompile(`(?i)\bmysqli?_(?:p?connect|real_connect)\s*\(|\bnew\s+\\?(?:mysqli|PDO)\s*\(`), "a connection of its own: it passes by the plugins of this system and the reading of the region's own replica"},
	{regexp.MustCompile(`(?i)\butf8mb4_unicode_520_ci\b`), "the collation utf8mb4_unicode_520_ci, which TiDB lacks: a table with it is not created"},
}

// perFile limits what is said about one statement in one file.
const perFile = 3

// Scan looks for statements in a file that TiDB does not run as MySQL does. Comments are looked at, too, but for whole
// lines of them.
func Scan(name string, text []byte) []Finding {
	var found []Finding
	for _, s := range statements {
		n := 0
		for _, at := range s.pattern.FindAllIndex(text, -1) {
			if comment(text, at[0]) {
				continue
			}
			if n++; n > perFile {
				break
			}
			found = append(found, Finding{plugin(name), s.what, fmt.Sprintf("%s:%d", name, 1+bytes.Count(text[:at[0]], []byte("\n")))})
		}
	}
	return found
}

// comment reports whether a place is in a line that is a comment.
func comment(text []byte, at int) bool {
	line := bytes.TrimSpace(text[bytes.LastIndexByte(text[:at], '\n')+1 : at])
	for _, mark := range []string{"*", "//", "#", "/*"} {
		if bytes.HasPrefix(line, []byte(mark)) {
			return true
		}
	}
	return false
}

func plugin(name string) string {
	parts := strings.SplitN(name, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

var define = regexp.MustCompile(`\bdefine\s*\(\s*['"](\w+)['"]\s*,`)

// constants of wp-config.php that do not move by themselves. Their values are not printed: the file holds secrets.
var constants = map[string]string{
	"MULTISITE": "a multisite, which this system does not run", "WP_ALLOW_MULTISITE": "multisite was allowed",
	"WP_HOME":        "fixed the address; here the program does. If it differs from the option home, give it with --url",
	"WP_SITEURL":     "fixed the address; here the program does",
	"WP_CONTENT_DIR": "wp-content was elsewhere: is --content the right directory?", "WP_CONTENT_URL": "wp-content had another address: look for it in posts",
	"UPLOADS": "uploads were elsewhere: they must be in wp-content/uploads", "WP_PLUGIN_DIR": "plugins were elsewhere: they must be in wp-content/plugins",
	"WPMU_PLUGIN_DIR":   "mu-plugins were elsewhere",
	"CUSTOM_USER_TABLE": "users were in a table of another name: movein looks for PREFIXusers", "CUSTOM_USER_META_TABLE": "the same of usermeta",
	"COOKIE_DOMAIN": "logins were for another domain; here WordPress chooses it", "DB_CHARSET": "compare with what the report says about character sets",
	"DB_COLLATE": "here it is utf8mb4_general_ci", "WP_CACHE": "loaded advanced-cache.php, which is left out",
	"DISABLE_WP_CRON": "here a CronJob calls WP-Cron", "WP_MEMORY_LIMIT": "here PHP's memory is fixed by the program",
	"WP_DEFAULT_THEME": "not set here", "WP_POST_REVISIONS": "not set here: revisions are kept without limit",
	"WP_DEBUG": "not set here", "DISALLOW_FILE_MODS": "not set here",
}

// ScanConfig lists the constants of wp-config.php that matter, and those that only the site knows.
func ScanConfig(text []byte) []string {
	var found, others []string
	for _, m := range define.FindAllSubmatchIndex(text, -1) {
		name := string(text[m[2]:m[3]])
		if comment(text, m[0]) {
			continue
		}
		if known, ok := constants[name]; ok {
			found = append(found, name+": "+known)
		} else if !expected.MatchString(name) {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		found = append(found, "constants that plugins may need, and that are not set here: "+strings.Join(others, ", "))
	}
	return found
}

var expected = regexp.MustCompile(`^(DB_\w+|(AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(KEY|SALT)|ABSPATH|WP_DEBUG\w*|WP_CONTENT_FOLDERNAME|FORCE_SSL_ADMIN|FS_METHOD|WP_AUTO_UPDATE_CORE|AUTOMATIC_UPDATER_DISABLED|DISALLOW_FILE_EDIT)$`)
