package site

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"geo-wordpress/tools/movein/dump"
	"geo-wordpress/tools/movein/schema"
)

// Survey is what a dump holds.
type Survey struct {
	Tables    map[string]*Table
	Order     []string // the tables' names
	Databases []string
	Programs  []string // views, triggers and the like
	Problems  []string // why the dump cannot be converted
	Tool      string
	Charset   string // of the literals
}

// Table is a table of the dump, and what was found in its rows.
type Table struct {
	*schema.Table
	Rows int64
	// Strings with bytes above 127 in a dump that says latin1: those that are UTF-8, and others.
	UTF8, Legacy int64
	// Twice counts texts that look as if they had been encoded twice.
	Twice int64
	// Collisions are by key.
	Collisions map[string]*keys
	Large      []string
	Zero       int64 // rows whose automatic ID is 0
	// Of a table of options: the values of known options, and the names that begin with a prefix. Of one of usermeta: keys.
	Options map[string]string
	Names   map[string]bool
	Invalid int64 // texts with bytes that are no UTF-8

	unique []schema.Key // of the table, and those that WordPress takes for unique
	marks  []bool       // columns whose values are read in any case
	values [][]byte     // of the row that is being read
}

// largestRow is TiDB's txn-entry-size-limit less some room for what it stores beside the values.
const largestRow = 6<<20 - 4<<10

// Progress is told what is being read.
type Progress interface {
	At(table string, rows int64, offset int64)
}

// NewSurvey reads a dump.
func NewSurvey(r *dump.Reader, progress Progress) (*Survey, error) {
	s := &Survey{Tables: map[string]*Table{}, Charset: "utf8mb4"}
	for {
		statement, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		progress.At(statement.Name, 0, r.Offset())
		switch statement.Kind {
		case dump.CreateTable:
			s.create(statement)
		case dump.Insert:
			if err := s.insert(r, statement, progress); err != nil {
				return nil, err
			}
		case dump.Program:
			if name := statement.What + " " + statement.Name; !slices.Contains(s.Programs, name) {
				s.Programs = append(s.Programs, name)
			}
		case dump.Use:
			if !slices.Contains(s.Databases, statement.Name) {
				s.Databases = append(s.Databases, statement.Name)
			}
		case dump.Alter:
			s.problem("it changes the table %s with ALTER TABLE, which mysqldump and mariadb-dump do not (phpMyAdmin does)", statement.Name)
		case dump.Unknown:
			s.problem("it has a statement that mysqldump does not write: %.60q", statement.Text)
		}
	}
	s.Tool = r.Tool
	if !r.Complete {
		s.problem("it is cut off: its last line is not \"-- Dump completed\". Dump it again, without --compact and --skip-comments")
	}
	if len(s.Databases) > 1 {
		s.problem("it holds the databases %s: dump only the site's", strings.Join(s.Databases, ", "))
	}
	return s, nil
}

func (s *Survey) problem(format string, args ...any) {
	if p := fmt.Sprintf(format, args...); !slices.Contains(s.Problems, p) && len(s.Problems) < 10 {
		s.Problems = append(s.Problems, p)
	}
}

func (s *Survey) create(statement dump.Statement) {
	if s.Tables[statement.Name] != nil {
		s.problem("it creates the table %s twice", statement.Name)
		return
	}
	parsed, err := schema.Parse(statement.Name, statement.Text)
	if err != nil {
		s.problem("%v", err)
		return
	}
	t := &Table{Table: parsed, Collisions: map[string]*keys{}, Options: map[string]string{}, Names: map[string]bool{}}
	t.unique = append(slices.Clone(parsed.Unique), t.meant()...)
	t.marks, t.values = t.needed(), make([][]byte, len(t.Columns))
	s.Tables[statement.Name] = t
	s.Order = append(s.Order, statement.Name)
}

// meant returns columns that WordPress takes for unique although their indexes are not.
func (t *Table) meant() []schema.Key {
	var all []schema.Key
	for suffix, columns := range map[string][]string{"users": {"user_login", "user_email", "user_nicename"}, "terms": {"slug"}} {
		for _, column := range columns {
			if i := t.Index(column); i >= 0 && strings.HasSuffix(t.Name, suffix) {
				all = append(all, schema.Key{Name: column, Parts: []int{i}, Prefix: []int{0}})
			}
		}
	}
	return all
}

func (s *Survey) insert(r *dump.Reader, statement dump.Statement, progress Progress) error {
	t := s.Tables[statement.Name]
	if t == nil {
		s.problem("it has rows of the table %s, but not its CREATE TABLE", statement.Name)
		return nil
	}
	if err := checkCharset(r.Charset); err != nil {
		return err
	}
	if !isUTF8(r.Charset) {
		s.Charset = r.Charset
	}
	var places []int
	for {
		row, err := r.Row()
		if errors.Is(err, io.EOF) {
			// A table's keys are compared while its rows are read, and forgotten when those of another one are.
			for _, other := range s.Tables {
				if other != t {
					other.forget()
				}
			}
			return nil
		}
		if err != nil {
			return err
		}
		if places, err = t.places(places, statement.Columns, len(row)); err != nil {
			return err
		}
		if err := t.look(row, places, r); err != nil {
			return fmt.Errorf("table %s, row %d: %w", t.Name, t.Rows+1, err)
		}
		t.Rows++
		progress.At(t.Name, t.Rows, r.Offset())
	}
}

func (t *Table) forget() {
	for _, k := range t.Collisions {
		k.seen = nil
	}
}

// places returns which of the table's columns the values of a row are: those of the statement's row before, if it had as many.
func (t *Table) places(before []int, columns []string, values int) ([]int, error) {
	if len(before) == values {
		return before, nil
	}
	if len(columns) == 0 && values != len(t.Columns) {
		columns = t.Stored()
	}
	if len(columns) == 0 {
		columns = make([]string, 0, len(t.Columns))
		for _, c := range t.Columns {
			columns = append(columns, c.Name)
		}
	}
	if len(columns) != values {
		return nil, fmt.Errorf("table %s has %d columns, and a row has %d values", t.Name, len(columns), values)
	}
	places := make([]int, values)
	for i, column := range columns {
		if places[i] = t.Index(column); places[i] < 0 {
			return nil, fmt.Errorf("table %s has no column %s, which an INSERT names", t.Name, column)
		}
	}
	return places, nil
}

// look surveys a row.
func (t *Table) look(row [][]byte, places []int, r *dump.Reader) error {
	size := 0
	values := t.values
	clear(values)
	for i, raw := range row {
		c := t.Columns[places[i]]
		size += len(raw)
		if c.Kind == schema.Other {
			if c.AutoID && string(raw) == "0" {
				t.Zero++
			}
			if t.marks[places[i]] {
				values[places[i]] = raw
			}
			continue
		}
		high := c.Kind == schema.Text && !ascii(raw)
		if !high && !t.marks[places[i]] {
			continue
		}
		literal, err := dump.Parse(raw, r.NoEscapes())
		if err != nil {
			return err
		}
		if literal.Null() {
			continue
		}
		values[places[i]] = literal.Bytes
		if high {
			t.count(literal.Bytes, c, r.Charset)
		}
	}
	if size > largestRow {
		if err := t.large(row, r); err != nil {
			return err
		}
	}
	t.known(values)
	t.compare(values)
	return nil
}

// large remembers a row that TiDB refuses.
func (t *Table) large(row [][]byte, r *dump.Reader) error {
	size := 0
	for _, raw := range row {
		literal, err := dump.Parse(raw, r.NoEscapes())
		if err != nil {
			return err
		}
		size += len(literal.Bytes) + len(literal.Raw)
	}
	if size > largestRow {
		t.Large = append(t.Large, fmt.Sprintf("the row that begins with %.40s has %.1f MiB", row[0], float64(size)/(1<<20)))
	}
	return nil
}

// count looks at a text with bytes above 127.
func (t *Table) count(text []byte, c schema.Column, charset string) {
	valid := utf8.Valid(text)
	switch {
	case !isUTF8(charset) && valid:
		t.UTF8++
	case !isUTF8(charset):
		t.Legacy++
	case !valid:
		t.Invalid++
	case c.Charset == "latin1" && twice(text):
		t.Twice++
	}
}
