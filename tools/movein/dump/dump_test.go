package dump

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// read returns what a dump holds, a line a statement and a row. Every dump is also read a byte at a time.
func read(t *testing.T, text string) (lines []string, r *Reader) {
	t.Helper()
	for _, reader := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		var all []string
		r = NewReader(reader)
		for {
			s, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				all = append(all, "error: "+err.Error())
				break
			}
			all = append(all, fmt.Sprintf("%d %s%s %v", s.Kind, s.What, s.Name, s.Columns))
			for s.Kind == Insert {
				row, err := r.Row()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					all = append(all, "error: "+err.Error())
					break
				}
				all = append(all, fmt.Sprintf("%q %s", row, r.Charset))
			}
		}
		if lines != nil && !reflect.DeepEqual(lines, all) {
			t.Fatalf("read at once: %q\na byte at a time: %q", lines, all)
		}
		lines = all
	}
	return lines, r
}

func TestStatements(t *testing.T) {
	for _, each := range []struct {
		name, dump string
		want       []string
	}{
		{"rows", "INSERT INTO `a` VALUES (1,'x'),(2,'y');", []string{"2 a []", `["1" "'x'"] utf8mb4`, `["2" "'y'"] utf8mb4`}},
		{"columns", "INSERT INTO `a` (`b`, `c,d`) VALUES\n(1, NULL ) ,\n(-2.5e3,'');", []string{"2 a [b c,d]", `["1" "NULL"] utf8mb4`, `["-2.5e3" "''"] utf8mb4`}},
		{"ends in texts", `INSERT INTO a VALUES ('),(;--\'''\\','b"(` + "`" + `'),("it's",'/*'),(0x00,_binary 'a;');`,
			[]string{"2 a []", `["'),(;--\\'''\\\\'" "'b\"(` + "`" + `'"] utf8mb4`, `["\"it's\"" "'/*'"] utf8mb4`, `["0x00" "_binary 'a;'"] utf8mb4`}},
		{"replace and ignore", "REPLACE INTO `a` VALUES (1);INSERT  IGNORE INTO `values` VALUES (1);",
			[]string{"2 a []", `["1"] utf8mb4`, "2 values []", `["1"] utf8mb4`}},
		{"MariaDB's sandbox mode", "/*!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n/*M!999999\\- enable the sandbox mode */\nINSERT INTO a VALUES (1);",
			[]string{"2 a []", `["1"] utf8mb4`}},
		{"a trigger", "/*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */ ;\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `x` FOR EACH ROW BEGIN SET @a='INSERT INTO a'; -- don't;\n END */;;\nDELIMITER ;\n/*!50003 SET sql_mode = @saved_sql_mode */ ;\nINSERT INTO a VALUES ('\\'');",
			[]string{"0  []", "4 triggert []", "0  []", "2 a []", `["'\\''"] utf8mb4`}},
		{"a view", "/*!50001 CREATE VIEW `v` AS SELECT 1 AS `a`*/;\n/*!50001 DROP VIEW IF EXISTS `v`*/;\n/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`%` SQL SECURITY DEFINER */\n/*!50001 VIEW `v` AS select 1 */;",
			[]string{"4 viewv []", "0  []", "4 viewv []"}},
		{"an old view", "/*!50001 CREATE TABLE `v` (\n `a` int) ENGINE=MyISAM */;", []string{"3 v []"}},
		{"procedures and events", "DELIMITER ;;\nCREATE DEFINER=`a`@`b` PROCEDURE `p`() BEGIN SELECT 1; END ;;\n/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`b`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */ ;;\nDELIMITER ;",
			[]string{"4 procedurep []", "4 evente []"}},
		{"locks and keys", "LOCK TABLES `a` WRITE;\n/*!40000 ALTER TABLE `a` DISABLE KEYS */;\nUNLOCK TABLES;\nset autocommit=0;", []string{"0  []", "0 a []", "0  []", "0  []"}},
		{"phpMyAdmin's keys", "ALTER TABLE `a`\n  ADD PRIMARY KEY (`b`);", []string{"6 a []"}},
		{"databases", "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `d`;\nUSE `d`;", []string{"5 d []", "5 d []"}},
		{"latin1", "/*!40101 SET NAMES latin1 */;\n/*!40101 SET @saved_cs_client     = @@character_set_client */;\n/*!40101 SET character_set_client = utf8 */;\nCREATE TABLE `a` (b int);\n/*!40101 SET character_set_client = @saved_cs_client */;\nINSERT INTO a VALUES ('\xfc');",
			[]string{"0  []", "0  []", "0  []", "1 a []", "0  []", "2 a []", `["'\xfc'"] latin1`}},
		{"no escapes", "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES' */;INSERT INTO a VALUES ('\\','x');",
			[]string{"0  []", "2 a []", `["'\\'" "'x'"] utf8mb4`}},
		{"cut in a text", "INSERT INTO a VALUES (1),(2,'x", []string{"2 a []", `["1"] utf8mb4`, "error: at byte 30 of the dump: the dump ends inside a literal", "error: at byte 30 of the dump: the dump ends inside an INSERT"}},
		{"unknown", "HANDLER a OPEN;", []string{"7  []"}},
	} {
		got, _ := read(t, each.dump)
		if strings.Join(got, "\n") != strings.Join(each.want, "\n") {
			t.Errorf("%s:\n%s\nwant:\n%s", each.name, strings.Join(got, "\n"), strings.Join(each.want, "\n"))
		}
	}
}

func TestComplete(t *testing.T) {
	for text, want := range map[string]bool{
		"-- MySQL dump 8\nSET a=1;\n\n-- Dump completed on 2026-01-01\n": true,
		"-- Dump completed\n":                             true,
		"-- Dump completed\nINSERT INTO a VALUES (1);":    false,
		"-- MySQL dump 8\nSET a=1;":                       false,
		"INSERT INTO a VALUES ('\n-- Dump completed\n');": false,
	} {
		if _, r := read(t, text); r.Complete != want {
			t.Errorf("%q: complete is %v", text, r.Complete)
		}
	}
}

func TestLiterals(t *testing.T) {
	for _, each := range []struct {
		raw       string
		noEscapes bool
		want      string // its value, "null" or "raw"
	}{
		{`'a\'b''c\\\n\0\Z\r\t\"\%'`, false, "a'b'c\\\n\x00\x1a\r\t\"%"},
		{`'a\''''`, true, `a\''`},
		{`"a""b'"`, false, `a"b'`},
		{`0x00FF`, false, "\x00\xff"},
		{`x'6162'`, false, "ab"},
		{`_binary 'a\0'`, false, "a\x00"},
		{`_utf8mb4'ü'`, false, "ü"},
		{`NULL`, false, "null"},
		{`-1.5`, false, "raw"},
		{`'NULL'`, false, "NULL"},
	} {
		l, err := Parse([]byte(each.raw), each.noEscapes)
		got := string(l.Bytes)
		if l.Null() {
			got = "null"
		} else if !l.Text {
			got = "raw"
		}
		if err != nil || got != each.want {
			t.Errorf("%s is %q (%v), not %q", each.raw, got, err, each.want)
		}
	}
}

// What is written must be read as the same value, whatever its bytes.
func FuzzText(f *testing.F) {
	f.Add("a'b\\\"\x00\n\r\x1aü😀")
	f.Fuzz(func(t *testing.T, value string) {
		for _, raw := range [][]byte{AppendText(nil, []byte(value)), AppendHex(nil, []byte(value))} {
			text := "INSERT INTO a VALUES (" + string(raw) + ");"
			r := NewReader(strings.NewReader(text))
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
			row, err := r.Row()
			if err != nil || len(row) != 1 {
				t.Fatalf("%q: %q, %v", text, row, err)
			}
			if l, err := Parse(row[0], false); err != nil || string(l.Bytes) != value {
				t.Fatalf("%q became %q (%v)", value, l.Bytes, err)
			}
		}
	})
}
