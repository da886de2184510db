package conformance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"

	corev1 "k8s.io/api/core/v1"
)

// undo runs tools/undo/database.php as tools/undo/undo does, in a pod with WordPress's image, and returns what it printed.
func undo(t *testing.T, w *world.World, region, statements string, args ...string) string {
	t.Helper()
	script, err := os.ReadFile("../undo/database.php")
	if err != nil {
		t.Fatal(err)
	}
	output, err := json.Marshal(map[string]string{
		"name": w.Stack.Output("database", "name"), "rootPassword": w.Stack.Output("database", "rootPassword"),
	})
	if err != nil {
		t.Fatal(err)
	}
	pod := w.Start(region, "database-init", func(pod *declared.Pod) {
		c := pod.Container("database-init")
		for _, variable := range c.Env {
			if variable.Name == "DB_HOST" {
				c.Env = append(c.Env, corev1.EnvVar{Name: "WORDPRESS_DB_HOST", Value: variable.Value})
			}
		}
		c.Command = append([]string{"sh", "-ec", `input=$1 script=$2; shift 2; printf '%s' "$input" | php -r "$script" -- "$@"`, "sh",
			string(output) + "\n" + statements, string(script)}, args...)
	})
	w.Done(time.Minute, pod)
	return strings.TrimSpace(pod.Log("database-init"))
}

// The page docs/undo.md, with its statements: rows, tables, a database and the whole site come back, and what was written since
// stays where the page says so. Garbage collection leaves the declared history alone.
func undoDatabase(t *testing.T, w *world.World, tidb *kubelet.Pod) {
	collected := collectGarbage(t, w, tidb)
	region := tidb.Region.Name
	root := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	site := w.Database(tidb, w.Stack.Output("database", "user"), w.Stack.Output("database", "password"))
	grants := rows(t, root, "SHOW GRANTS FOR 'wordpress'@'%'")
	for _, statement := range []string{
		// WordPress's zero dates, and what a plugin's table may hold.
		"CREATE TABLE wordpress.wp_posts (ID BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, post_date DATETIME NOT NULL, post_title TEXT, " +
			"price DECIMAL(10,2), raw BLOB, more JSON, size INT AS (CHAR_LENGTH(post_title)), sticky BIT(1), mask BIT(64), " +
			"modified DATETIME ON UPDATE CURRENT_TIMESTAMP, KEY post_date (post_date))",
		"CREATE TABLE wordpress.wp_options (option_id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(191) UNIQUE, option_value LONGTEXT)",
		"CREATE TABLE wordpress.wp_terms (term_id BIGINT PRIMARY KEY, name VARCHAR(200))",
		"CREATE TABLE wordpress.wp_links (link_id BIGINT PRIMARY KEY)",
	} {
		must(t, root, statement)
	}
	connection := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	connection.SetMaxOpenConns(1)
	must(t, connection, "SET sql_mode = '', cte_max_recursion_depth = 10000")
	must(t, connection, "INSERT INTO wordpress.wp_posts (post_date, post_title, price, raw, more, sticky, mask, modified) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "+
		`SELECT IF(i % 2, '0000-00-00 00:00:00', '2026-11-27 14:03:00'), IF(i % 7, CONCAT('it''s \\ 你好 😀 ', i), NULL), -i / 4, UNHEX(CONCAT('00FF27', HEX(i))), '{"a": "ä"}', i % 2, IF(i % 3, ~i, NULL), '2020-01-01' FROM n`)
	for _, statement := range []string{
		"INSERT INTO wordpress.wp_options (option_name, option_value) VALUES ('sidebars_widgets', 'good'), ('home', 'good')",
		"INSERT INTO wordpress.wp_terms VALUES (1, 'News'), (2, 'Sport')",
		"INSERT INTO wordpress.wp_links VALUES (1), (2), (3)",
	} {
		must(t, site, statement)
	}
	all := "SELECT * FROM wordpress.wp_posts%s ORDER BY ID"
	posts := rows(t, root, strings.Replace(all, "%s", "", 1))
	time.Sleep(time.Second)
	moment := rows(t, root, "SELECT UTC_TIMESTAMP(3)")
	time.Sleep(time.Second)

	// Somebody destroys half of it, and others go on working.
	for _, statement := range []string{
		"DELETE FROM wordpress.wp_posts WHERE ID <= 2000",
		"UPDATE wordpress.wp_posts SET post_title = 'changed since' WHERE ID = 2400",
		"INSERT INTO wordpress.wp_posts (post_date, post_title) VALUES ('2026-11-27 14:05:00', 'written since')",
		"UPDATE wordpress.wp_options SET option_value = 'bad' WHERE option_name = 'sidebars_widgets'",
		"UPDATE wordpress.wp_options SET option_value = 'better' WHERE option_name = 'home'",
		"DROP TABLE wordpress.wp_terms",
		"TRUNCATE TABLE wordpress.wp_links",
	} {
		must(t, site, statement)
	}

	undo(t, w, region, "FLUSH PRIVILEGES;\n"+
		"REVOKE INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON wordpress.* FROM 'wordpress'@'%';\n", "sql")
	w.Eventually(2*time.Minute, "the site can only read", func() error {
		if _, err := site.Exec("DELETE FROM wordpress.wp_links WHERE link_id = 9"); refusal(err) != commandDenied {
			return fmt.Errorf("a DELETE ends with %v", err)
		}
		return nil
	})
	if got := rows(t, site, "SELECT COUNT(*) FROM wordpress.wp_posts"); got != "501" {
		t.Errorf("the site reads %s posts, want 501", got)
	}

	if got := undo(t, w, region, "SET time_zone = '+00:00';\nSELECT COUNT(*) FROM wordpress.wp_posts AS OF TIMESTAMP '"+moment+"';\n", "sql"); got != "2500" {
		t.Errorf("there were %s posts at %s, want 2500", got, moment)
	}
	if got := undo(t, w, region, "", "copy", moment, "wp_posts", "wp_options"); got != "wordpress_undo.wp_posts: 2500 rows\nwordpress_undo.wp_options: 2 rows" {
		t.Errorf("copied: %s", got)
	}
	if got := rows(t, root, "SELECT * FROM wordpress_undo.wp_posts ORDER BY ID"); got != posts {
		t.Errorf("the copy of the posts is different: %d bytes, were %d", len(got), len(posts))
	}
	undo(t, w, region, "INSERT IGNORE INTO wordpress.wp_posts (ID, post_date, post_title, price, raw, more) "+
		"SELECT ID, post_date, post_title, price, raw, more FROM wordpress_undo.wp_posts;\n"+
		"REPLACE INTO wordpress.wp_options SELECT * FROM wordpress_undo.wp_options WHERE option_name = 'sidebars_widgets';\n"+
		"FLASHBACK TABLE wordpress.wp_terms;\nFLASHBACK TABLE wordpress.wp_links TO wp_links_before;\n", "sql")
	for query, want := range map[string]string{
		"SELECT COUNT(*) FROM wordpress.wp_posts": "2501",
		"SELECT post_title FROM wordpress.wp_posts WHERE ID = 2400 OR post_date = '2026-11-27 14:05:00' ORDER BY ID": "changed since\nwritten since",
		"SELECT option_value FROM wordpress.wp_options ORDER BY option_name":                                         "better\ngood",
		"SELECT name FROM wordpress.wp_terms ORDER BY term_id":                                                       "News\nSport",
		"SELECT COUNT(*) FROM wordpress.wp_links_before":                                                             "3",
		"SELECT COUNT(*) FROM wordpress.wp_links":                                                                    "0",
	} {
		if got := rows(t, root, query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}

	// The whole site: the database is dropped, comes back, and goes back to the moment.
	collected() // meanwhile
	undo(t, w, region, "SET GLOBAL tidb_gc_enable = OFF;\n", "sql")
	must(t, root, "DROP DATABASE wordpress")
	undo(t, w, region, "FLASHBACK DATABASE wordpress;\n", "sql")
	if got := rows(t, root, "SELECT COUNT(*) FROM wordpress.wp_posts"); got != "2501" {
		t.Errorf("the dropped database came back with %s posts", got)
	}
	undo(t, w, region, "DROP DATABASE wordpress_undo;\n", "sql")
	undo(t, w, region, "", "copy", moment)
	undo(t, w, region, "", "swap")
	if got := rows(t, root, strings.Replace(all, "%s", "", 1)); got != posts {
		t.Errorf("the site's posts are %d bytes, were %d", len(got), len(posts))
	}
	for query, want := range map[string]string{
		"SELECT COUNT(*) FROM wordpress.wp_links":                            "3",
		"SELECT COUNT(*) FROM wordpress_before.wp_posts":                     "2501",
		"SHOW TABLES FROM wordpress_undo":                                    "",
		"SELECT option_value FROM wordpress.wp_options ORDER BY option_name": "good\ngood",
	} {
		if got := rows(t, root, query); got != want {
			t.Errorf("after the swap, %s: %q, want %q", query, got, want)
		}
	}
	undo(t, w, region, "FLUSH PRIVILEGES;\nGRANT INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON wordpress.* TO 'wordpress'@'%';\n"+
		"SET GLOBAL tidb_gc_enable = ON;\nDROP DATABASE wordpress_undo;\n", "sql")
	if again := rows(t, root, "SHOW GRANTS FOR 'wordpress'@'%'"); again != grants {
		t.Errorf("the site's rights are\n%s\nand were\n%s", again, grants)
	}
	w.Eventually(2*time.Minute, "the site writes again", func() error {
		_, err := site.Exec("INSERT INTO wordpress.wp_posts (post_date, post_title) VALUES ('2026-11-27 15:00:00', 'afterwards')")
		return err
	})
}

// collectGarbage asks TiDB for a round of garbage collection, and returns a function that waits until TiDB has chosen what the
// round may delete, and checks that this leaves the declared history.
func collectGarbage(t *testing.T, w *world.World, tidb *kubelet.Pod) func() {
	t.Helper()
	root := w.Database(tidb, "root", w.Stack.Output("database", "rootPassword"))
	// As if the last round were long ago, by a TiDB that has ended: TiDB never chooses an earlier point than the last one.
	const longAgo = "20200101-00:00:00.000 +0000"
	must(t, root, "UPDATE mysql.tidb SET variable_value = '"+longAgo+"' "+
		"WHERE variable_name IN ('tikv_gc_safe_point', 'tikv_gc_last_run_time', 'tikv_gc_leader_lease')")
	began := time.Now()
	return func() {
		const asked = "SELECT variable_value FROM mysql.tidb WHERE variable_name = 'tikv_gc_safe_point'"
		w.Eventually(2*time.Minute, "a round of garbage collection", func() error {
			if rows(t, root, asked) == longAgo {
				return errors.New("TiDB has not chosen yet")
			}
			return nil
		})
		text := regexp.MustCompile(`^\d{8}-\d\d:\d\d:\d\d`).FindString(rows(t, root, asked))
		point, err := time.Parse("20060102-15:04:05", text)
		if err != nil {
			t.Fatal(err)
		}
		if kept := time.Since(point); kept < 24*time.Hour || kept > 24*time.Hour+time.Since(began)+time.Minute {
			t.Errorf("garbage collection leaves %v of history", kept)
		}
	}
}
