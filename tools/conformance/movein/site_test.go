package movein

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oldSite installs a WordPress on MariaDB, with the prefix site7_, and fills it.
func oldSite(t *testing.T) (server, wordpress) {
	t.Helper()
	maria, wp := startMariaDB(t), newWordPress(t)
	maria.do(t, "CREATE DATABASE wordpress CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci")
	wp.configure(t, "localhost:"+maria.socket, "site7_", "utf8mb4_unicode_520_ci", "")
	var problem string
	wp.php(t, "define( 'WP_INSTALLING', true );", installer, &problem)
	if problem != "" {
		t.Fatal(problem)
	}
	maria.do(t, "USE wordpress")
	maria.SetMaxOpenConns(1) // USE and sql_mode are of a connection
	maria.do(t, "USE wordpress", "SET SESSION sql_mode=''", "SET NAMES utf8mb4")
	maria.do(t, strings.Split(strings.TrimSpace(filling), ";\n\n")...)
	maria.do(t, latin...)

	content := filepath.Join(wp.dir, "wp-content")
	for name, text := range map[string]string{
		"uploads/2026/01/ü 😀.txt":      "picture",
		"object-cache.php":             "<?php",
		"cache/page.html":              "old",
		"mu-plugins/hoster.php":        "<?php",
		"plugins/search/search.php":    "<?php\n// MATCH (a) AGAINST (b)\n$wpdb->get_results( \"SELECT * FROM x WHERE MATCH (a, b) AGAINST ('c')\" );\n",
		"plugins/wp-rocket/rocket.php": "<?php",
	} {
		path := filepath.Join(content, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(content, "uploads/outside")); err != nil {
		t.Fatal(err)
	}
	return maria, wp
}

// filling is what makes the site a difficult one. seq_1_to_10000 is MariaDB's engine of sequences.
const filling = `
INSERT INTO site7_posts (post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_name, to_ping, pinged, post_content_filtered, guid)
SELECT 1, '2020-01-01' + INTERVAL seq MINUTE, IF(seq % 3, '2020-01-01' + INTERVAL seq MINUTE, '0000-00-00 00:00:00'),
	CONCAT('<p>Ä\'ö"ü\\ \\n 你好 ', IF(seq % 2, '😀', '🏳️‍🌈'), '\r\n\0\Z\t', REPEAT(CONCAT('https://old.example.com/', seq, '; '), seq % 50), '</p>  '),
	CONCAT('Übergröße ', seq, ' '), '', CONCAT('post-', seq), '', '', '', CONCAT('https://old.example.com/?p=', seq) FROM seq_1_to_10000;

INSERT INTO site7_postmeta (post_id, meta_key, meta_value)
SELECT seq, 'geo_meta', CONCAT('a:1:{s:3:"url";s:', LENGTH(CONCAT('https://old.example.com/ü', seq)), ':"https://old.example.com/ü', seq, '";}') FROM seq_1_to_10000;

INSERT INTO site7_options (option_name, option_value) VALUES ('emoji_😀', 'one'), ('emoji_😁', 'two'), ('wp_user_roles', 'a:0:{}');

DELETE FROM site7_options WHERE option_name = 'wp_user_roles';

CREATE TABLE site7_legacy (id int unsigned NOT NULL AUTO_INCREMENT, body text NOT NULL, code varchar(300) DEFAULT 'ä', kind enum('grün','rot') DEFAULT 'rot',
	raw varbinary(20), picture mediumblob, flags bit(9), amount decimal(9,2) DEFAULT 0.00, z date DEFAULT '0000-00-00', PRIMARY KEY (id), UNIQUE KEY code (code), FULLTEXT KEY body (body))
	ENGINE=MyISAM DEFAULT CHARSET=latin1;

INSERT INTO site7_legacy (body, code, kind, raw, picture, flags, amount) SELECT CONCAT('Größe ', seq, ' €'), CONCAT('c', seq), 'grün', UNHEX(MD5(seq)), REPEAT(UNHEX('00275C0A1AFF'), seq), seq % 512, -seq / 3 FROM seq_1_to_300;

CREATE TABLE site7_made (id int NOT NULL, name varchar(50) COLLATE utf8mb4_bin, half int AS (id / 2) PERSISTENT, u uuid, j json, PRIMARY KEY (id), KEY name (name)) DEFAULT CHARSET=utf8mb3;

INSERT INTO site7_made (id, name, u, j) VALUES (1, 'a', UUID(), '{"ü": [1, "\\"x"]}'), (2, 'A', NULL, NULL), (3, 'a ', NULL, '[]');

CREATE TABLE site7_child (id int NOT NULL AUTO_INCREMENT, made int, PRIMARY KEY (id), CONSTRAINT made FOREIGN KEY (made) REFERENCES site7_made (id) ON DELETE CASCADE);

INSERT INTO site7_child (made) VALUES (1), (2), (NULL);

CREATE TABLE forum_posts (a int);

INSERT INTO forum_posts VALUES (1);

CREATE VIEW site7_view AS SELECT ID FROM site7_posts;

CREATE TRIGGER site7_trigger BEFORE INSERT ON site7_legacy FOR EACH ROW SET NEW.body = CONCAT(NEW.body, 'x;');

CREATE PROCEDURE site7_procedure() BEGIN SELECT 'INSERT INTO site7_posts'; END`

// latin is a small site in latin1.
var latin = []string{
	"CREATE DATABASE latin CHARACTER SET latin1",
	"CREATE TABLE latin.l_options LIKE wordpress.site7_options", "INSERT INTO latin.l_options SELECT * FROM wordpress.site7_options WHERE option_name IN ('siteurl', 'home')",
	"CREATE TABLE latin.l_users LIKE wordpress.site7_users", "CREATE TABLE latin.l_usermeta LIKE wordpress.site7_usermeta",
	"CREATE TABLE latin.l_postmeta LIKE wordpress.site7_postmeta",
	"CREATE TABLE latin.l_posts (ID int NOT NULL AUTO_INCREMENT PRIMARY KEY, post_content text) CHARACTER SET latin1",
	"INSERT INTO latin.l_posts (post_content) VALUES ('Grüße für 5 €')",
}
