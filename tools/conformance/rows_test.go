package conformance_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/world"
)

// pages are statements of the kinds with which plugins read one page of a list, and then ask for the number of rows.
// {found} marks the place of SQL_CALC_FOUND_ROWS, {page} that of the LIMIT; without both, the statements read all rows.
var pages = map[string]string{
	"WordPress's own": `SELECT {found} wp_posts.ID FROM wp_posts WHERE 1=1 AND wp_posts.post_type = 'product' ORDER BY wp_posts.post_date DESC {page}`,
	// WooCommerce: products by their prices, orders, reports.
	"products by price": `SELECT {found} wp_posts.*, lookup.* FROM wp_posts
		LEFT JOIN wp_probe_lookup lookup ON wp_posts.ID = lookup.product_id
		WHERE wp_posts.post_type = 'product' AND lookup.min_price >= 10 ORDER BY lookup.min_price ASC, lookup.product_id ASC {page}`,
	"products by two attributes": `SELECT {found} p.ID, colour.*, size.* FROM wp_posts p
		INNER JOIN wp_postmeta colour ON p.ID = colour.post_id AND colour.meta_key = 'colour'
		INNER JOIN wp_postmeta size ON p.ID = size.post_id AND size.meta_key = 'size' WHERE p.post_type = 'product' {page}`,
	"distinct products by two attributes": `SELECT {found} DISTINCT colour.meta_value, size.meta_value FROM wp_postmeta colour
		INNER JOIN wp_postmeta size ON colour.post_id = size.post_id WHERE colour.meta_key = 'colour' AND size.meta_key = 'size' ORDER BY 1, 2 {page}`,
	"products grouped": `SELECT {found} wp_posts.ID FROM wp_posts INNER JOIN wp_postmeta ON (wp_posts.ID = wp_postmeta.post_id)
		WHERE wp_posts.post_type = 'product' GROUP BY wp_posts.ID ORDER BY wp_postmeta.meta_value+0 DESC {page}`,
	"sales above a sum": `SELECT {found} m.meta_value AS colour, SUM(l.min_price) AS total FROM wp_probe_lookup l
		INNER JOIN wp_postmeta m ON m.post_id = l.product_id AND m.meta_key = 'colour' GROUP BY m.meta_value HAVING total > 20 ORDER BY total DESC {page}`,
	"what is near": `SELECT {found} p.ID, ABS(l.min_price - 14) AS distance FROM wp_posts p INNER JOIN wp_probe_lookup l ON l.product_id = p.ID
		HAVING distance < 4 ORDER BY distance {page}`,
	// The Events Calendar: occurrences of events, with columns of both tables and the dates beside them.
	"occurrences": `SELECT {found} wp_posts.*, CAST(o.start_date AS DATETIME) AS event_date, o.post_id, o.start_date AS start_date
		FROM wp_posts INNER JOIN wp_probe_occurrences o ON wp_posts.ID = o.post_id LEFT JOIN wp_postmeta m ON wp_posts.ID = m.post_id
		WHERE o.end_date > '2026-01-02 00:00:00' GROUP BY o.occurrence_id ORDER BY event_date ASC, wp_posts.post_date DESC {page}`,
	"occurrences and their posts": `SELECT {found} o.*, p.ID AS post_id FROM wp_probe_occurrences o JOIN wp_posts p ON p.ID = o.post_id ORDER BY o.start_date {page}`,
	// Others.
	"a union": `SELECT {found} ID, post_title FROM wp_posts WHERE post_type = 'product'
		UNION SELECT product_id, 'x' FROM wp_probe_lookup ORDER BY 1 {page}`,
	"a union of columns of one name": `SELECT {found} ID, ID FROM wp_posts WHERE post_type = 'product' UNION ALL SELECT product_id, product_id FROM wp_probe_lookup {page}`,
	"a union in parentheses": `(SELECT {found} ID FROM wp_posts WHERE post_type = 'product' ORDER BY ID LIMIT 3)
		UNION ALL (SELECT product_id FROM wp_probe_lookup ORDER BY product_id LIMIT 4) ORDER BY 1 {page}`,
	"DISTINCT first":             `SELECT DISTINCT {found} meta_value FROM wp_postmeta WHERE meta_key = 'colour' {page}`,
	"a comment first":            `/* list */ SELECT /* all; LIMIT 1 */ {found} ID FROM wp_posts WHERE post_type = 'product' {page}`,
	"a limit in a subquery":      `SELECT {found} ID FROM wp_posts WHERE ID IN (SELECT product_id FROM (SELECT product_id FROM wp_probe_lookup ORDER BY product_id LIMIT 3) few) {page}`,
	"a subquery with a limit":    `SELECT {found} p.ID, few.ID FROM wp_posts p JOIN (SELECT ID FROM wp_posts WHERE post_type = 'product' ORDER BY ID LIMIT 2) few {page}`,
	"a limit in a text":          `SELECT {found} ID FROM wp_posts WHERE post_type = 'product' AND post_title <> ' ORDER BY 1 LIMIT 1' {page}`,
	"a quote in a text":          `SELECT {found} ID FROM wp_posts WHERE post_type = 'product' AND post_title <> 'it''s \' LIMIT 1' {page}`,
	"a column called limit":      "SELECT {found} l.limit, l.`limit` FROM wp_probe_lookup l ORDER BY l.limit {page}",
	"an index's hint":            `SELECT {found} ID FROM wp_posts USE INDEX FOR ORDER BY (type_status_date) WHERE post_type = 'product' ORDER BY post_date {page}`,
	"rows to change":             `SELECT {found} ID FROM wp_posts WHERE post_type = 'product' {page} FOR UPDATE`,
	"a star beside a star":       `SELECT {found} *, wp_posts.* FROM wp_posts WHERE post_type = 'product' {page}`,
	"an aggregate":               `SELECT {found} COUNT(*) FROM wp_posts WHERE post_type = 'product' {page}`,
	"nothing":                    `SELECT {found} wp_posts.*, wp_postmeta.* FROM wp_posts JOIN wp_postmeta WHERE post_type = 'nothing' {page}`,
	"a window":                   `SELECT {found} ID, ROW_NUMBER() OVER (ORDER BY post_date DESC) AS n FROM wp_posts WHERE post_type = 'product' {page}`,
	"a group's order":            `SELECT {found} GROUP_CONCAT(ID ORDER BY ID) AS ids, post_author FROM wp_posts GROUP BY post_type, post_author {page};`,
	"a word that holds the word": `SELECT ID FROM wp_posts WHERE post_title <> 'SELECT SQL_CALC_FOUND_ROWS' AND post_type = 'product'`,
}

// pagesData creates what the statements read: seven products of three colours and two sizes, with prices, and
// occurrences.
var pagesData = []string{
	"CREATE TABLE wp_probe_lookup (product_id BIGINT PRIMARY KEY, min_price DECIMAL(10,2), `limit` INT)",
	"CREATE TABLE wp_probe_occurrences (occurrence_id BIGINT PRIMARY KEY AUTO_INCREMENT, post_id BIGINT, start_date DATETIME, end_date DATETIME)",
	`INSERT INTO wp_posts (ID, post_author, post_date, post_title, post_type, post_status, post_content, post_excerpt, to_ping, pinged, post_content_filtered)
		VALUES (101,1,'2026-01-01','a','product','publish','','','','',''),(102,1,'2026-01-02','b','product','publish','','','','',''),
		(103,1,'2026-01-03','c','product','publish','','','','',''),(104,1,'2026-01-04','d','product','publish','','','','',''),
		(105,1,'2026-01-05','e','product','publish','','','','',''),(106,1,'2026-01-06','f','product','publish','','','','',''),
		(107,1,'2026-01-07','g','product','publish','','','','','')`,
	"INSERT INTO wp_probe_lookup SELECT ID, ID - 92, 1 FROM wp_posts WHERE post_type = 'product'",
	"INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT ID, 'colour', ELT(1 + ID % 3, 'red', 'green', 'blue') FROM wp_posts WHERE post_type = 'product'",
	"INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT ID, 'size', 1 + ID % 2 FROM wp_posts WHERE post_type = 'product'",
	"INSERT INTO wp_probe_occurrences (post_id, start_date, end_date) SELECT ID, post_date, post_date + INTERVAL 1 DAY FROM wp_posts WHERE post_type = 'product'",
	"INSERT INTO wp_probe_occurrences (post_id, start_date, end_date) SELECT ID, post_date, post_date + INTERVAL 2 DAY FROM wp_posts WHERE post_type = 'product'",
}

// FOUND_ROWS() returns the same as in MySQL: the number of rows that the statement before would have without its LIMIT.
func countsRows(t *testing.T, w *world.World, tidb, wordpress *kubelet.Pod) {
	putPlugin(t, w, wordpress.Region.Name, "probe", probePlugin)
	activate(t, w, tidb, "probe")
	var errors []string
	if probe(t, wordpress, "sql", pagesData, &errors); len(errors) > 0 {
		t.Fatal(errors)
	}

	type answer struct {
		Rows, Found int
		Error       string
	}
	with := func(found, page string) map[string]answer {
		statements, answers := map[string]string{}, map[string]answer{}
		for name, text := range pages {
			statements[name] = strings.NewReplacer("{found}", found, "{page}", page).Replace(text)
		}
		probe(t, wordpress, "rows", statements, &answers)
		return answers
	}
	all := with("", "")
	for _, page := range []string{"LIMIT 2", "limit 0, 2", "LIMIT 2\n OFFSET 1", ""} {
		answers := with("SQL_CALC_FOUND_ROWS", page)
		for _, name := range slices.Sorted(maps.Keys(pages)) {
			want, got := all[name], answers[name]
			if want.Error != "" || got.Error != "" || got.Found != want.Rows {
				t.Errorf("%s, %q: FOUND_ROWS() is %d %s, all rows are %d %s", name, page, got.Found, got.Error, want.Rows, want.Error)
			}
		}
	}
}
