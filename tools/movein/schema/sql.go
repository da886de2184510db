package schema

import (
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/format"
	"github.com/pingcap/tidb/pkg/parser/model"
)

// Quote returns a name in backquotes.
func Quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// SQL returns the CREATE TABLE. rename returns the new name of a table, or "" for one that is left out. Columns in exact
// get the collation Exact.
func (t *Table) SQL(rename func(string) string, exact map[string]bool) (string, error) {
	var lines []string
	for i, column := range t.statement.Cols {
		line, err := restore(column)
		if err != nil {
			return "", err
		}
		collation := t.Columns[i].Collation
		if exact[column.Name.Name.O] {
			collation = Exact
		}
		if collation != "" && collation != Collation {
			line += " COLLATE " + collation
		}
		lines = append(lines, line)
	}
	for _, c := range t.statement.Constraints {
		if c.Refer != nil {
			parent := rename(c.Refer.Table.Name.O)
			if parent == "" {
				t.Dropped = append(t.Dropped, "the foreign key "+c.Name+" to "+c.Refer.Table.Name.O+", which is left out")
				continue
			}
			c.Refer.Table.Name = model.NewCIStr(parent)
		}
		line, err := restore(c)
		if err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	sql := "CREATE TABLE " + Quote(rename(t.Name)) + " (\n  " + strings.Join(lines, ",\n  ") + "\n) DEFAULT CHARSET=utf8mb4 COLLATE=" + Collation
	if t.auto != "" {
		sql += " AUTO_INCREMENT=" + t.auto
	}
	if t.comment != "" {
		sql += " COMMENT=" + t.comment
	}
	return sql + ";\n", nil
}

func restore(node ast.Node) (string, error) {
	var b strings.Builder
	err := node.Restore(format.NewRestoreCtx(format.RestoreStringSingleQuotes|format.RestoreStringEscapeBackslash|
		format.RestoreKeyWordUppercase|format.RestoreNameBackQuotes|format.RestoreSpacesAroundBinaryOperation|
		format.RestoreStringWithoutCharset|format.RestoreTiDBSpecialComment, &b))
	return b.String(), err
}

// Stored returns the names of the columns whose values an INSERT has, in the table's order.
func (t *Table) Stored() []string {
	var names []string
	for _, c := range t.Columns {
		if !c.Generated {
			names = append(names, c.Name)
		}
	}
	return names
}

// MappedCollations returns the changes of collations in order.
func (t *Table) MappedCollations() []string {
	var all []string
	for m := range t.Mapped {
		all = append(all, m)
	}
	slices.Sort(all)
	return all
}
