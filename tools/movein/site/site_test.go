package site

import (
	"strings"
	"testing"
	"unicode/utf8"

	"geo-wordpress/tools/movein/dump"
)

type quiet struct{}

func (quiet) At(string, int64, int64) {}

// written keeps what is rewritten.
type written struct {
	tables map[string]string
	rows   map[string][]string
}

func (w *written) Table(name, sql string) error { w.tables[name] = sql; return nil }
func (w *written) Row(table, columns string, row []byte) error {
	w.rows[table] = append(w.rows[table], columns+string(row))
	return nil
}

// wordpress is a small site's dump. Each trap adds to it.
func wordpress(prefix string) string {
	return strings.ReplaceAll(`-- MariaDB dump 10.19
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `+"`P_options` (`option_id` bigint NOT NULL AUTO_INCREMENT, `option_name` varchar(191) NOT NULL, `option_value` longtext NOT NULL, PRIMARY KEY (`option_id`), UNIQUE KEY `option_name` (`option_name`)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci"+`;
INSERT INTO `+"`P_options`"+` VALUES (1,'siteurl','https://old.example.com/wp'),(2,'home','https://old.example.com/'),(3,'P_user_roles','a:1:{s:6:\"editor\";}');
CREATE TABLE `+"`P_users` (`ID` bigint AUTO_INCREMENT, `user_login` varchar(60), `user_email` varchar(100), `user_nicename` varchar(50), PRIMARY KEY (`ID`))"+`;
INSERT INTO `+"`P_users`"+` VALUES (1,'müller','a@b','mueller'),(2,'zoe','z@b','zoe');
CREATE TABLE `+"`P_usermeta` (`umeta_id` bigint AUTO_INCREMENT, `user_id` bigint, `meta_key` varchar(255), `meta_value` longtext, PRIMARY KEY (`umeta_id`))"+`;
INSERT INTO `+"`P_usermeta`"+` VALUES (1,1,'P_capabilities','a:1:{s:13:\"administrator\";b:1;}'),(2,1,'P_user_level','10'),(3,1,'nickname','P_capabilities'),(4,1,NULL,'x');
CREATE TABLE `+"`P_posts` (`ID` bigint AUTO_INCREMENT, `post_content` longtext, PRIMARY KEY (`ID`))"+`;
CREATE TABLE `+"`P_postmeta` (`meta_id` bigint AUTO_INCREMENT, `meta_value` longtext, PRIMARY KEY (`meta_id`))"+`;
`, "P_", prefix)
}

const end = "-- Dump completed on 2026-01-01\n"

func survey(t *testing.T, text string) *Survey {
	t.Helper()
	s, err := NewSurvey(dump.NewReader(strings.NewReader(text)), quiet{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// convert returns what becomes of a dump.
func convert(t *testing.T, text string) (*Survey, *Plan, []*Moved, *written) {
	t.Helper()
	s := survey(t, text)
	p, problems := s.NewPlan("", "")
	if len(problems) > 0 {
		t.Fatalf("problems: %q", problems)
	}
	w := &written{map[string]string{}, map[string][]string{}}
	moved, err := p.Rewrite(dump.NewReader(strings.NewReader(text)), w, quiet{})
	if err != nil {
		t.Fatal(err)
	}
	return s, p, moved, w
}

func TestPrefix(t *testing.T) {
	_, p, moved, w := convert(t, wordpress("site7_")+"CREATE TABLE `forum` (`a` int);INSERT INTO `forum` VALUES (1);"+end)
	if p.URL != "https://old.example.com" || p.Old != "site7_" || strings.Join(p.LeftOut, "") != "forum" {
		t.Errorf("plan: %+v", p)
	}
	for table, want := range map[string]string{
		"wp_options":  `(1,'siteurl','https://old.example.com/wp') (2,'home','https://old.example.com/') (3,'wp_user_roles','a:1:{s:6:\"editor\";}')`,
		"wp_usermeta": `(1,1,'wp_capabilities','a:1:{s:13:\"administrator\";b:1;}') (2,1,'wp_user_level','10') (3,1,'nickname','site7_capabilities') (4,1,NULL,'x')`,
		"wp_users":    `(1,'müller','a@b','mueller') (2,'zoe','z@b','zoe')`,
	} {
		if got := strings.Join(w.rows[table], " "); got != want {
			t.Errorf("%s: %s\nwant %s", table, got, want)
		}
	}
	if w.tables["wp_posts"] == "" || len(w.tables) != 5 || len(moved) != 5 {
		t.Errorf("tables: %v", w.tables)
	}
}

// An old administrator's rights must not return.
func TestStale(t *testing.T) {
	text := wordpress("site7_") + "INSERT INTO `site7_usermeta` VALUES (9,2,'wp_capabilities','a:1:{s:13:\\\"administrator\\\";b:1;}'),(10,2,'wp_other','x');" +
		"INSERT INTO `site7_options` VALUES (9,'wp_user_roles','old'),(10,'wp_page','x');" + end
	_, _, moved, w := convert(t, text)
	if all := strings.Join(w.rows["wp_usermeta"], " "); strings.Contains(all, "(9,") || !strings.Contains(all, "(10,2,'wp_other','x')") {
		t.Errorf("usermeta: %s", all)
	}
	if all := strings.Join(w.rows["wp_options"], " "); strings.Contains(all, "(9,") || !strings.Contains(all, "(10,'wp_page','x')") {
		t.Errorf("options: %s", all)
	}
	if moved[0].Stale != 1 || moved[2].Stale != 1 {
		t.Errorf("not reported: %+v %+v", moved[0], moved[2])
	}
}

func TestRefused(t *testing.T) {
	site := wordpress("site7_")
	for name, each := range map[string]struct{ dump, want string }{
		"cut off":            {site, "it is cut off"},
		"no WordPress":       {"CREATE TABLE `a` (`b` int);" + end, "has no WordPress"},
		"two WordPresses":    {site + strings.ReplaceAll(wordpress("wp_"), "-- Maria", "-- ") + end, "prefixes site7_, wp_: choose one with --prefix"},
		"multisite":          {site + "CREATE TABLE `site7_blogs` (`a` int);" + end, "is a multisite"},
		"multisite's site":   {site + "CREATE TABLE `site7_2_options` (`a` int);" + end, "is a multisite"},
		"no address":         {strings.NewReplacer("'siteurl'", "'x'", "'home'", "'y'").Replace(site) + end, "neither home nor siteurl"},
		"a strange address":  {strings.ReplaceAll(site, "https://old.example.com/'", "old.example.com'") + end, "not like https://example.com"},
		"databases":          {"USE `a`;" + site + "USE `b`;" + end, "databases a, b"},
		"phpMyAdmin":         {site + "ALTER TABLE `site7_posts` ADD KEY `a` (`ID`);" + end, "phpMyAdmin"},
		"a row above 6 MiB":  {site + "INSERT INTO `site7_posts` VALUES (7,'" + strings.Repeat("x", 6<<20) + "');" + end, "6 MiB"},
		"the number 0":       {site + "INSERT INTO `site7_posts` VALUES (0,'x');" + end, "automatic number is 0"},
		"a table without it": {site + "INSERT INTO `gone` VALUES (1);" + end, "not its CREATE TABLE"},
		"an unknown type":    {site + "CREATE TABLE `site7_x` (`a` strange);" + end, "cannot be created in TiDB"},
	} {
		_, problems := survey(t, each.dump).NewPlan("", "")
		if all := strings.Join(problems, "\n"); !strings.Contains(all, each.want) {
			t.Errorf("%s: %q", name, problems)
		}
	}
	if p, problems := survey(t, site+strings.ReplaceAll(wordpress("site7_old_"), "-- Maria", "-- ")+end).NewPlan("site7_", ""); len(problems) > 0 || len(p.Tables) != 5 || len(p.LeftOut) != 5 {
		t.Errorf("a WordPress whose prefix begins with the other's: %+v %q", p, problems)
	}
	if _, err := NewSurvey(dump.NewReader(strings.NewReader("SET NAMES sjis;"+site)), quiet{}); err != nil {
		t.Error(err) // the site's own SET NAMES counts
	}
	if _, err := NewSurvey(dump.NewReader(strings.NewReader(strings.ReplaceAll(site, "SET NAMES utf8mb4", "SET NAMES sjis"))), quiet{}); err == nil || !strings.Contains(err.Error(), "sjis") {
		t.Errorf("sjis: %v", err)
	}
}

// legacy is a dump that says latin1.
func legacy(text string) string {
	site := strings.ReplaceAll(wordpress("wp_"), "SET NAMES utf8mb4", "SET NAMES latin1")
	site = strings.ReplaceAll(site, "müller", "mueller")
	return site + "CREATE TABLE `wp_l` (`a` int, `t` tinytext, `b` blob) DEFAULT CHARSET=latin1;INSERT INTO `wp_l` VALUES (1," + text + ");" + end
}

func TestLatin1(t *testing.T) {
	for _, each := range []struct{ text, want, report string }{
		{"'M\xfcller \x80\\\\','\xfc'", `(1,'Müller €\\',0xfc)`, "latin1"},
		{"'Müller','\xc3'", `(1,'Müller',0xc3)`, ""},                                // UTF-8 under the name of latin1
		{"'Müller','x'),(2,'\xfc','x'", `(1,'Müller',0x78) (2,'ü',0x78)`, "latin1"}, // both
	} {
		_, p, _, w := convert(t, legacy(each.text))
		if got := strings.Join(w.rows["wp_l"], " "); got != each.want || p.Legacy != each.report {
			t.Errorf("%q became %s, from %q", each.text, got, p.Legacy)
		}
		if !strings.Contains(w.tables["wp_l"], "`t` TEXT") {
			t.Errorf("a tinytext of latin1 has no room in UTF-8:\n%s", w.tables["wp_l"])
		}
	}
	s, _, moved, w := convert(t, wordpress("wp_")+"CREATE TABLE `wp_l` (`a` text, `c` int AS (1)) CHARSET=latin1;INSERT INTO `wp_l` VALUES ('MÃ¼ller',1),('Müller',1),('\xff',1);"+end)
	if l := s.Tables["wp_l"]; l.Twice != 1 || l.Invalid != 1 || moved[5].Replaced != 1 {
		t.Errorf("twice %d, invalid %d, replaced %d", l.Twice, l.Invalid, moved[5].Replaced)
	}
	if got := strings.Join(w.rows["wp_l"], " "); got != "(`a`) ('MÃ¼ller') (`a`) ('Müller') (`a`) ('\ufffd')" {
		t.Errorf("rows: %s", got)
	}
}

func TestCollisions(t *testing.T) {
	for _, each := range []struct {
		rows  string
		exact bool
	}{
		{"'a😀','x'),(11,'a😁','x'", true},
		{"'straße','x'),(11,'strase','x'", true},
		{"'a','x'),(11,'b','x'", false},
		{"'ä','x'),(11,'A','x'", true},
	} {
		s, p, moved, w := convert(t, strings.Replace(wordpress("wp_"), "(3,'wp_user_roles'", "(10,"+each.rows+"),(3,'wp_user_roles'", 1)+end)
		if p.Exact["wp_options"]["option_name"] != each.exact || strings.Contains(w.tables["wp_options"], "utf8mb4_0900_bin") != each.exact || (len(moved[0].Exact) == 1) != each.exact {
			t.Errorf("%s: %+v\n%s", each.rows, p.Exact, w.tables["wp_options"])
		}
		if c := s.Tables["wp_options"].Collisions["option_name"]; c.Count > 0 != each.exact {
			t.Errorf("%s: %+v", each.rows, c)
		}
	}
	s, p, _, _ := convert(t, strings.Replace(wordpress("wp_"), "(2,'zoe'", "(3,'Muller','A@B','x'),(4,'MULLER','c@b','y'),(2,'zoe'", 1)+end)
	users := s.Tables["wp_users"].Collisions
	if users["user_login"].Count != 2 || users["user_email"].Count != 1 || users["user_nicename"].Count != 0 || len(p.Exact) != 0 {
		t.Errorf("users: %+v", users)
	}
}

// fold must not tell apart what the collation takes for equal. TiDB's own weights are compared by TestMoveIn.
func TestFold(t *testing.T) {
	for _, pair := range [][2]string{{"Straße", "strasE"}, {"é", "E"}, {"а", "А"}, {"😀", "😁"}, {"a ", "A"}, {"Å", "a"}, {"ϲ", "σ"}} {
		if string(fold([]byte(pair[0]))) != string(fold([]byte(pair[1]))) {
			t.Errorf("%q and %q differ", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"ss", "ß"}, {" a", "a"}, {"你", "好"}, {"æ", "ae"}} {
		if string(fold([]byte(pair[0]))) == string(fold([]byte(pair[1]))) {
			t.Errorf("%q and %q do not differ", pair[0], pair[1])
		}
	}
}

// A random cut of the dump is never taken for a whole one.
func TestCuts(t *testing.T) {
	whole := wordpress("site7_") + end
	for i := range len(whole) - len(" on 2026-01-01\n") {
		if !utf8.ValidString(whole[:i]) {
			continue
		}
		s, err := NewSurvey(dump.NewReader(strings.NewReader(whole[:i])), quiet{})
		if err == nil && len(s.Problems) == 0 {
			t.Fatalf("cut at byte %d: %q", i, whole[max(0, i-40):i])
		}
	}
}

func TestKeys(t *testing.T) {
	for _, each := range []struct{ prefix, name, want string }{
		{"site7_", "site7_capabilities", "wp_capabilities"}, {"site7_", "site7_anything", "wp_anything"}, {"site7_", "xsite7_a", "xsite7_a"},
		{"wp_", "wp_capabilities", "wp_capabilities"}, {"s", "session_tokens", "session_tokens"}, {"s", "scapabilities", "wp_capabilities"},
		{"session_", "session_tokens", "session_tokens"}, {"s", "show_welcome_panel", "show_welcome_panel"},
	} {
		if got := (&Plan{Old: each.prefix}).key(each.name); got != each.want {
			t.Errorf("%s with the prefix %s became %s", each.name, each.prefix, got)
		}
	}
}
