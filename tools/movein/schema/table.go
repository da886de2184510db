package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // values in the parser's tree
)

// Kind is how a column's values are rewritten.
type Kind int

// The kinds of columns.
const (
	Other Kind = iota // numbers and times
	Text              // converted to UTF-8
	Bytes             // written as hexadecimals
)

// Column is a column of a table.
type Column struct {
	Name      string
	Kind      Kind
	Charset   string // before
	Collation string // after
	Generated bool
	AutoID    bool
}

// Key is a unique key that has a text column. Parts are its columns, by their places in the table, and how many characters
// of each count; 0 stands for all.
type Key struct {
	Name   string
	Parts  []int
	Prefix []int
}

// Table is a table of the dump.
type Table struct {
	Name    string
	Columns []Column
	Unique  []Key
	// Mapped counts columns by "old collation -> new collation". Dropped is what the result lacks; Changed, what differs.
	Mapped           map[string]int
	Dropped, Changed []string
	Engine           string

	statement *ast.CreateTableStmt
	auto      string
	comment   string
	charset   string // the table's own
	collation string
}

// Parse reads a CREATE TABLE without comments.
func Parse(name, text string) (*Table, error) {
	t := &Table{Name: name, Mapped: map[string]int{}}
	definitions, options, err := split(text)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	if err := t.options(options); err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	kept, columns := t.definitions(definitions)
	p := parser.New()
	p.SetSQLMode(mysql.ModeNone)
	statement, err := p.ParseOneStmt("CREATE TABLE `t` (\n"+strings.Join(kept, ",\n")+"\n)", "", "")
	if err != nil {
		return nil, fmt.Errorf("table %s cannot be created in TiDB: %w", name, err)
	}
	t.statement = statement.(*ast.CreateTableStmt)
	for i, column := range t.statement.Cols {
		t.column(column, columns[i])
	}
	for _, c := range t.statement.Constraints {
		t.key(c)
	}
	return t, nil
}

// options reads what follows the definitions.
func (t *Table) options(list []token) error {
	for i, o := range list {
		if o.is("PARTITION") {
			t.Dropped = append(t.Dropped, "its partitions")
			list = list[:i]
			break
		}
	}
	list, t.charset, t.collation = collated(list)
	if t.collation == "" {
		t.collation = t.charset
	}
	if t.charset == "" {
		t.charset = charsetOf(t.collation)
	}
	if t.charset == "" {
		t.charset, t.collation = "utf8mb4", Collation
	}
	for i, o := range list {
		value := ""
		if i+1 < len(list) {
			value = list[i+1].text
		}
		if value == "=" && i+2 < len(list) {
			value = list[i+2].text
		}
		switch {
		case o.is("AUTO_INCREMENT"):
			t.auto = value
		case o.is("COMMENT"):
			t.comment = value
		case o.is("ENGINE"):
			t.Engine = value
			if strings.EqualFold(value, "MERGE") || strings.EqualFold(value, "MRG_MyISAM") || strings.EqualFold(value, "FEDERATED") {
				return fmt.Errorf("its engine %s holds no rows of its own", value)
			}
		}
	}
	return nil
}

// before is a column's type in the dump.
type before struct{ charset, collation, changed string }

// definitions removes what TiDB's parser does not know, and character sets, which the columns keep in columns.
func (t *Table) definitions(all [][]token) (kept []string, columns []before) {
	for _, list := range all {
		if len(list) == 0 {
			continue
		}
		first := list[0]
		constraint := first.is("CONSTRAINT") && slices.ContainsFunc(list, func(t token) bool { return t.is("CHECK") })
		switch {
		case first.is("FULLTEXT", "SPATIAL"):
			t.Dropped = append(t.Dropped, fmt.Sprintf("the %s key %s", strings.ToUpper(first.text), nameIn(list)))
			continue
		case first.is("CHECK"), constraint:
			t.Dropped = append(t.Dropped, "a CHECK constraint")
			continue
		case first.is("PERIOD"):
			t.Dropped = append(t.Dropped, "a PERIOD")
			continue
		}
		if first.text[0] == '`' {
			var b before
			list, b.charset, b.collation = collated(list)
			list, b.changed = known(list)
			columns = append(columns, b)
		}
		list = slices.DeleteFunc(list, func(t token) bool { return t.is("IGNORED") })
		kept = append(kept, join(list))
	}
	return kept, columns
}

func nameIn(list []token) string {
	for _, t := range list {
		if t.text[0] == '`' {
			return strings.Trim(t.text, "`")
		}
	}
	return "without a name"
}

// known replaces types and words that TiDB lacks in a column's definition.
func known(list []token) (rest []token, changed string) {
	for i := 0; i < len(list); i++ {
		t := list[i]
		if i == 1 {
			kind := strings.ToLower(t.text)
			if other, ok := unknown[kind]; ok {
				t.text, changed = other, kind+" to "+other
			}
		}
		switch {
		case t.is("PERSISTENT"):
			t.text = "STORED"
		case t.is("INVISIBLE", "COMPRESSED"):
			continue
		case t.is("REF_SYSTEM_ID"):
			i += 2
			continue
		}
		rest = append(rest, t)
	}
	return rest, changed
}

var unknown = map[string]string{
	"uuid": "char(36)", "inet6": "varchar(45)", "inet4": "varchar(15)",
	"geometry": "longblob", "point": "longblob", "linestring": "longblob", "polygon": "longblob", "multipoint": "longblob",
	"multilinestring": "longblob", "multipolygon": "longblob", "geometrycollection": "longblob", "geomcollection": "longblob",
}
