package report

import (
	"strings"
	"testing"
	"time"

	"geo-wordpress/tools/movein/content"
	"geo-wordpress/tools/movein/dump"
	"geo-wordpress/tools/movein/site"
)

func TestLine(t *testing.T) {
	p := &Progress{step: "converting", total: 1 << 30}
	p.Add(256 << 20)
	p.At("wp_posts", 1025, 0)
	p.At("wp_posts", 1026, 0) // not every row is worth a lock
	if got := p.line(time.Minute); got != "converting: 256.0 MiB of 1.00 GiB, 25 % about 3m0s left (wp_posts, 1025 rows)" {
		t.Error(got)
	}
	if got := (&Progress{step: "reading"}).line(time.Minute); got != "reading: 0.0 KiB" {
		t.Error(got)
	}
}

type quiet struct{}

func (quiet) At(string, int64, int64)          {}
func (quiet) Table(string, string) error       { return nil }
func (quiet) Row(string, string, []byte) error { return nil }

// Nothing that is left out or looks odd goes unsaid.
func TestText(t *testing.T) {
	text := "SET NAMES latin1;CREATE TABLE `a_options` (`option_name` varchar(191), `option_value` text, UNIQUE KEY `n` (`option_name`)) ENGINE=Aria CHARSET=latin1;" +
		"INSERT INTO `a_options` VALUES ('home','https://x'),('siteurl','https://x/wp'),('upload_path','/srv/up'),('\xe9','1'),('e','2');" +
		"CREATE TABLE `a_users` (`ID` int, CHECK (`ID` > 0));CREATE TABLE `a_usermeta` (`meta_key` text);CREATE TABLE `a_posts` (`ID` int);CREATE TABLE `a_postmeta` (`ID` int);" +
		"CREATE TABLE `b` (`c` int);-- Dump completed\n"
	s, err := site.NewSurvey(dump.NewReader(strings.NewReader(text)), quiet{})
	if err != nil {
		t.Fatal(err)
	}
	p, problems := s.NewPlan("", "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	tables, err := p.Rewrite(dump.NewReader(strings.NewReader(text)), quiet{}, quiet{})
	if err != nil {
		t.Fatal(err)
	}
	got := Text(s, p, tables, &content.Result{Files: 2, Size: 4 << 20, Left: []*content.Left{{Path: "cache", Why: "a cache", Files: 3, Size: 1 << 20}},
		Findings: []content.Finding{{Plugin: "plugins/a", What: "XA", Where: "plugins/a/a.php:7"}, {Plugin: "plugins/a", What: "XA", Where: "plugins/a/a.php:9"}},
		Config:   []string{"WP_CACHE: x"}, Plugins: []string{"host.php"}})
	for _, want := range []string{
		"address: https://x\n", "a_, now wp_", "wp_options                                        5 rows", "latin1 to utf8mb4_general_ci: wp_options", "engine Aria",
		"utf8mb4_0900_bin", "1 texts from latin1 to UTF-8", "table b, 0 rows", "wp_users: a CHECK constraint", "wp-content/cache (3 files, 1.0 MiB): a cache",
		"like [\"e\"]", "upload_path is \"/srv/up\"", "WordPress's own address was https://x/wp", "wp-config.php: WP_CACHE", "host.php",
		"plugins/a: XA: plugins/a/a.php:7, plugins/a/a.php:9", "2 files, 4.0 MiB",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(Text(s, p, tables, nil), "wp-content/cache") {
		t.Error("files are reported that were not read")
	}
}
