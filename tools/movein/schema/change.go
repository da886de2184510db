package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	"github.com/pingcap/tidb/pkg/parser/types"
)

// column changes a column for TiDB, and describes it.
func (t *Table) column(c *ast.ColumnDef, was before) {
	described := Column{Name: c.Name.Name.O}
	if was.changed != "" {
		t.Changed = append(t.Changed, fmt.Sprintf("column %s: %s", described.Name, was.changed))
	}
	switch kind := c.Tp.GetType(); {
	case kind == mysql.TypeBit:
		described.Kind = Bytes
	case isText(kind) && c.Tp.GetCharset() == "binary":
		described.Kind = Bytes
	case isText(kind) || kind == mysql.TypeEnum || kind == mysql.TypeSet || kind == mysql.TypeJSON:
		described.Kind = Text
		t.text(c, &described, was)
	}
	kept := c.Options[:0]
	for _, o := range c.Options {
		switch o.Tp {
		case ast.ColumnOptionCheck:
			if f, ok := o.Expr.(*ast.FuncCallExpr); !ok || f.FnName.L != "json_valid" {
				t.Dropped = append(t.Dropped, "the CHECK of column "+described.Name)
			}
			continue
		case ast.ColumnOptionDefaultValue:
			if !possible(c.Tp, o.Expr) {
				t.Dropped = append(t.Dropped, "the DEFAULT of column "+described.Name)
				continue
			}
		case ast.ColumnOptionGenerated:
			described.Generated = true
		case ast.ColumnOptionAutoIncrement:
			described.AutoID = true
		}
		kept = append(kept, o)
	}
	c.Options = kept
	t.Columns = append(t.Columns, described)
}

// text maps a column's collation, and makes room for texts that are longer in UTF-8.
func (t *Table) text(c *ast.ColumnDef, described *Column, was before) {
	charset, collation := was.charset, was.collation
	if charset == "" && collation == "" {
		charset, collation = t.charset, t.collation
	} else if charset == "" {
		charset = charsetOf(collation)
	} else if collation == "" {
		collation = charset
	}
	described.Charset, described.Collation = charset, mapped(collation)
	if c.Tp.GetType() == mysql.TypeJSON {
		described.Charset, described.Collation = "utf8mb4", ""
		return
	}
	if collation != described.Collation {
		t.Mapped[collation+" to "+described.Collation]++
	}
	larger := map[byte]byte{mysql.TypeTinyBlob: mysql.TypeBlob, mysql.TypeBlob: mysql.TypeMediumBlob, mysql.TypeMediumBlob: mysql.TypeLongBlob}
	if other, ok := larger[c.Tp.GetType()]; ok && grows(charset) {
		c.Tp.SetType(other)
		c.Tp.SetFlen(types.UnspecifiedLength)
	}
	if c.Tp.GetType() == mysql.TypeVarchar && c.Tp.GetFlen() > 16383 {
		t.Changed = append(t.Changed, fmt.Sprintf("column %s: varchar(%d) to mediumtext", described.Name, c.Tp.GetFlen()))
		c.Tp.SetType(mysql.TypeMediumBlob)
		c.Tp.SetFlen(types.UnspecifiedLength)
	}
}

func isText(kind byte) bool {
	switch kind {
	case mysql.TypeVarchar, mysql.TypeVarString, mysql.TypeString:
		return true
	}
	return isLong(kind)
}

func isLong(kind byte) bool {
	switch kind {
	case mysql.TypeTinyBlob, mysql.TypeBlob, mysql.TypeMediumBlob, mysql.TypeLongBlob:
		return true
	}
	return false
}

// possible reports whether TiDB takes a column's DEFAULT.
func possible(kind *types.FieldType, value ast.ExprNode) bool {
	literal, ok := value.(ast.ValueExpr)
	null := ok && literal.GetValue() == nil
	if isLong(kind.GetType()) || kind.GetType() == mysql.TypeJSON {
		return null
	}
	if f, ok := value.(*ast.FuncCallExpr); ok {
		return f.FnName.L == "current_timestamp" || f.FnName.L == "now" || f.FnName.L == "localtime" || f.FnName.L == "localtimestamp"
	}
	if _, ok := value.(*ast.UnaryOperationExpr); ok {
		return true
	}
	return ok
}

// TiDB's longest index, and the prefix that WordPress itself uses: 191 characters of 4 bytes.
const (
	longestKey = 3072
	keyPrefix  = 191
)

// key shortens an index that is too long for TiDB, and lists unique ones.
func (t *Table) key(c *ast.Constraint) {
	unique := false
	switch c.Tp {
	case ast.ConstraintPrimaryKey, ast.ConstraintUniq, ast.ConstraintUniqKey, ast.ConstraintUniqIndex:
		unique = true
	case ast.ConstraintKey, ast.ConstraintIndex:
	default:
		return
	}
	name := c.Name
	if c.Tp == ast.ConstraintPrimaryKey {
		name = "PRIMARY"
	}
	total, texts := 0, false
	for _, part := range c.Keys {
		length, long := t.length(part)
		if long {
			part.Length = keyPrefix
			length = 4 * keyPrefix
		}
		total += length
	}
	shortened := false
	for total > longestKey {
		longest := slices.MaxFunc(c.Keys, func(a, b *ast.IndexPartSpecification) int { return t.bytes(a) - t.bytes(b) })
		if t.bytes(longest) <= 4*keyPrefix {
			break
		}
		total -= t.bytes(longest) - 4*keyPrefix
		longest.Length = keyPrefix
		shortened = true
	}
	if shortened {
		kind := "key"
		if unique {
			kind = "unique key"
		}
		t.Changed = append(t.Changed, fmt.Sprintf("%s %s: of the first %d characters, because TiDB's keys have %d bytes at most", kind, name, keyPrefix, longestKey))
	}
	if !unique {
		return
	}
	k := Key{Name: name}
	for _, part := range c.Keys {
		if part.Column == nil {
			return
		}
		i := t.Index(part.Column.Name.O)
		if i < 0 {
			return
		}
		texts = texts || t.Columns[i].Kind == Text
		k.Parts = append(k.Parts, i)
		k.Prefix = append(k.Prefix, max(part.Length, 0))
	}
	if texts {
		t.Unique = append(t.Unique, k)
	}
}

// length returns how many bytes a part of a key takes, and whether it must get a prefix.
func (t *Table) length(part *ast.IndexPartSpecification) (bytes int, long bool) {
	if part.Column == nil {
		return 0, false
	}
	i := t.Index(part.Column.Name.O)
	if i < 0 || t.Columns[i].Kind == Other {
		return 9, false
	}
	width := 1
	if t.Columns[i].Kind == Text {
		width = 4
	}
	kind := t.statement.Cols[i].Tp
	if part.Length > 0 {
		return width * part.Length, false
	}
	if isLong(kind.GetType()) {
		return 0, true
	}
	return width * max(kind.GetFlen(), 1), false
}

func (t *Table) bytes(part *ast.IndexPartSpecification) int {
	bytes, _ := t.length(part)
	return bytes
}

// Index returns the place of a column, or -1.
func (t *Table) Index(name string) int {
	for i, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return i
		}
	}
	return -1
}
