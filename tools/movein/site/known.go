package site

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"geo-wordpress/tools/movein/schema"
)

// The options that the plan and the report need.
var wanted = map[string]bool{"siteurl": true, "home": true, "db_version": true, "active_plugins": true, "template": true,
	"stylesheet": true, "upload_path": true, "upload_url_path": true}

// maxNames limits the names of options and keys of usermeta that are remembered.
const maxNames = 100_000

// known remembers some options and keys of usermeta. The prefix is not known yet, so it does so for any such table.
func (t *Table) known(values [][]byte) {
	switch {
	case strings.HasSuffix(t.Name, "options"):
		n, v := t.Index("option_name"), t.Index("option_value")
		if n < 0 || v < 0 {
			return
		}
		name := string(values[n])
		if wanted[name] {
			t.Options[name] = string(values[v])
		}
		prefix := strings.TrimSuffix(t.Name, "options")
		if len(t.Names) < maxNames && (strings.HasPrefix(name, prefix) || strings.HasPrefix(name, Prefix)) {
			t.Names[name] = true
		}
	case strings.HasSuffix(t.Name, "usermeta"):
		k := t.Index("meta_key")
		if k >= 0 && len(t.Names) < maxNames {
			t.Names[string(values[k])] = true
		}
	}
}

// needed marks the columns that known and compare read.
func (t *Table) needed() []bool {
	marks := make([]bool, len(t.Columns))
	for _, key := range t.unique {
		for _, part := range key.Parts {
			marks[part] = true
		}
	}
	for _, column := range []string{"option_name", "option_value", "meta_key"} {
		if i := t.Index(column); i >= 0 && (strings.HasSuffix(t.Name, "options") || strings.HasSuffix(t.Name, "usermeta")) {
			marks[i] = true
		}
	}
	return marks
}

// compare looks for values of keys that the new collations take for equal.
func (t *Table) compare(values [][]byte) {
	for _, key := range t.unique {
		var whole, folded []byte
		null := false
		for j, part := range key.Parts {
			value, c := values[part], t.Columns[part]
			null = null || value == nil
			same := value
			if c.Kind == schema.Text {
				if !utf8.Valid(value) {
					value, _ = decode(value, "latin1")
				}
				value = first(value, key.Prefix[j])
				switch same = value; c.Collation {
				case schema.Collation:
					same = fold(value)
				case schema.Binary:
					same = bytes.TrimRight(value, " ")
				}
			}
			whole = append(append(whole, value...), 0)
			folded = append(append(folded, same...), 0)
		}
		if null {
			continue
		}
		k := t.Collisions[key.Name]
		if k == nil {
			k = newKeys()
			t.Collisions[key.Name] = k
		}
		k.add(folded, whole)
	}
}

// first returns the first n characters of a text, or all of it.
func first(text []byte, n int) []byte {
	if n == 0 {
		return text
	}
	i := 0
	for ; n > 0 && i < len(text); n-- {
		_, size := utf8.DecodeRune(text[i:])
		i += size
	}
	return text[:i]
}
