package schema

import (
	"reflect"
	"strings"
	"testing"
)

// create returns the rewritten table.
func create(t *testing.T, text string, exact ...string) (*Table, string) {
	t.Helper()
	table, err := Parse("old_a", text)
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, column := range exact {
		set[column] = true
	}
	sql, err := table.SQL(func(name string) string {
		if name == "other" {
			return ""
		}
		return "wp_" + strings.TrimPrefix(name, "old_")
	}, set)
	if err != nil {
		t.Fatal(err)
	}
	return table, sql
}

func TestTables(t *testing.T) {
	for _, each := range []struct {
		name, create string
		want         []string // in the SQL
		not          []string
		dropped      string
	}{
		{"MariaDB's options", "CREATE TABLE `old_a` (\n `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,\n `t` timestamp NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),\n `d` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',\n PRIMARY KEY (`id`)\n) ENGINE=Aria AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci PAGE_CHECKSUM=1 COMMENT='a''b'",
			[]string{"CREATE TABLE `wp_a`", "AUTO_INCREMENT=17", "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci", "COMMENT='a''b'", "'0000-00-00 00:00:00'", "CURRENT_TIMESTAMP"}, []string{"Aria", "PAGE_CHECKSUM", "520"}, ""},
		{"collations of columns", "CREATE TABLE `a` (`a` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci NOT NULL DEFAULT 'COLLATE x', `b` varchar(9) COLLATE utf8mb4_bin, `c` char(3) CHARACTER SET latin2, `d` text COLLATE utf8mb4_0900_as_cs) DEFAULT CHARSET=utf8mb3",
			[]string{"`a` VARCHAR(9) NOT NULL DEFAULT 'COLLATE x',", "`b` VARCHAR(9) COLLATE utf8mb4_bin", "`c` CHAR(3),", "`d` TEXT COLLATE utf8mb4_bin"}, []string{"latin2", "utf8mb3", "1400"}, ""},
		{"keys that TiDB lacks", "CREATE TABLE `a` (`a` int, `b` text, `g` point NOT NULL, FULLTEXT KEY `f` (`b`), SPATIAL KEY `s` (`g`), KEY `k` (`a`) IGNORED, CONSTRAINT `c` CHECK (`a` > 0))",
			[]string{"`g` LONGBLOB NOT NULL", "INDEX `k`(`a`)"}, []string{"FULLTEXT", "SPATIAL", "IGNORED", "CHECK"}, "the FULLTEXT key f, the SPATIAL key s, a CHECK constraint"},
		{"JSON of MariaDB", "CREATE TABLE `a` (`j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`j`)))",
			[]string{"`j` LONGTEXT DEFAULT NULL COLLATE utf8mb4_bin"}, []string{"json_valid", "CHECK"}, ""},
		{"other types", "CREATE TABLE `a` (`u` uuid NOT NULL DEFAULT uuid(), `i` inet6, `y` text DEFAULT 'x', `n` text DEFAULT NULL, `m` decimal(3,1) DEFAULT -1.5, `bi` bit(1) DEFAULT b'0', `e` enum('a','ü') DEFAULT 'a')",
			[]string{"`u` CHAR(36) NOT NULL", "`i` VARCHAR(45)", "`n` TEXT DEFAULT NULL", "DEFAULT -1.5", "ENUM('a','ü')"}, []string{"uuid()", "UUID"}, "the DEFAULT of column u, the DEFAULT of column y"},
		{"generated columns", "CREATE TABLE `a` (`a` int, `b` int GENERATED ALWAYS AS (`a` + 1) PERSISTENT, `c` varchar(9) GENERATED ALWAYS AS (concat(`a`,_utf8mb4'x' collate utf8mb4_uca1400_ai_ci)) VIRTUAL)",
			[]string{"(`a` + 1) STORED", "VIRTUAL"}, []string{"PERSISTENT", "1400"}, ""},
		{"foreign keys", "CREATE TABLE `a` (`a` int, KEY `k` (`a`), CONSTRAINT `x` FOREIGN KEY (`a`) REFERENCES `old_b` (`b`) ON DELETE CASCADE, CONSTRAINT `y` FOREIGN KEY (`a`) REFERENCES `other` (`b`))",
			[]string{"REFERENCES `wp_b`(`b`) ON DELETE CASCADE"}, []string{"other"}, "the foreign key y to other, which is left out"},
		{"partitions", "CREATE TABLE `a` (`a` int) ENGINE=InnoDB PARTITION BY HASH (`a`) PARTITIONS 4", []string{"`a` INT"}, []string{"PARTITION"}, "its partitions"},
		{"long keys", "CREATE TABLE `a` (`a` varchar(1000) NOT NULL, `b` varchar(20000), `c` text, `d` varchar(200), UNIQUE KEY `u` (`a`), KEY `b` (`b`), KEY `c` (`c`(100)), KEY `m` (`d`,`a`)) DEFAULT CHARSET=latin1",
			[]string{"UNIQUE `u`(`a`(191))", "`b` MEDIUMTEXT", "INDEX `b`(`b`(191))", "`c` MEDIUMTEXT", "INDEX `c`(`c`(100))", "INDEX `m`(`d`, `a`(191))"}, nil, ""},
	} {
		t.Run(each.name, func(t *testing.T) {
			table, sql := create(t, each.create)
			for _, want := range each.want {
				if !strings.Contains(sql, want) {
					t.Errorf("no %s in\n%s", want, sql)
				}
			}
			for _, not := range each.not {
				if strings.Contains(sql, not) {
					t.Errorf("%s in\n%s", not, sql)
				}
			}
			if got := strings.Join(table.Dropped, ", "); got != each.dropped {
				t.Errorf("dropped: %s", got)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	table, sql := create(t, "CREATE TABLE `a` (`id` int AUTO_INCREMENT, `v` varchar(9), `l` text CHARACTER SET latin1, `b` varbinary(9), `bb` blob, `bi` bit(3), `j` json, `g` int AS (`id`), PRIMARY KEY (`id`), UNIQUE KEY `u` (`v`(3),`id`), UNIQUE KEY `n` (`id`)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin", "v")
	want := []Column{
		{Name: "id", AutoID: true}, {Name: "v", Kind: Text, Charset: "utf8mb4", Collation: Binary}, {Name: "l", Kind: Text, Charset: "latin1", Collation: Collation},
		{Name: "b", Kind: Bytes}, {Name: "bb", Kind: Bytes}, {Name: "bi", Kind: Bytes}, {Name: "j", Kind: Text, Charset: "utf8mb4"}, {Name: "g", Generated: true},
	}
	if !reflect.DeepEqual(table.Columns, want) {
		t.Errorf("columns: %+v", table.Columns)
	}
	if keys := []Key{{"u", []int{1, 0}, []int{3, 0}}}; !reflect.DeepEqual(table.Unique, keys) {
		t.Errorf("unique keys: %+v", table.Unique)
	}
	if !strings.Contains(sql, "`v` VARCHAR(9) COLLATE utf8mb4_0900_bin") {
		t.Errorf("column v is not exact:\n%s", sql)
	}
}

func TestImpossible(t *testing.T) {
	for text, want := range map[string]string{
		"CREATE TABLE `a` (`a` int":                                "has no end",
		"CREATE TABLE `a` (`a` int) ENGINE=MRG_MyISAM UNION=(`b`)": "holds no rows of its own",
		"CREATE TABLE `a` (`a` strange)":                           "cannot be created in TiDB",
	} {
		if _, err := Parse("a", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
