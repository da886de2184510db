package dump

import (
	"io"
	"regexp"
)

var insertInto = regexp.MustCompile(`(?is)^(?:INSERT|REPLACE)\s+(?:/\*.*?\*/\s*)?(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+)?(?:IGNORE\s+)?(?:/\*.*?\*/\s*)?(?:INTO\s+)?` + name + `\s*(?:\((.*)\))?\s*$`)

var columnName = regexp.MustCompile("`(?:[^`]|``)+`|[\\w$]+")

// insert reads an INSERT up to its rows.
func (r *Reader) insert() (Statement, error) {
	for {
		c, ok := r.peek(0)
		switch {
		case !ok:
			return Statement{}, r.ended("an INSERT")
		case c == '`':
			if err := r.skipQuoted(); err != nil {
				return Statement{}, err
			}
			continue
		case c == '\'' || c == '"' || c == ';':
			return Statement{}, r.syntax("an INSERT without VALUES")
		case (c == 'V' || c == 'v') && r.pos > r.start && !isWord(r.buf[r.pos-1]):
			if word, ok := r.values(); ok {
				m := insertInto.FindSubmatch(r.buf[r.start:r.pos])
				if m == nil {
					return Statement{}, r.syntax("an INSERT that mysqldump does not write")
				}
				s := Statement{Kind: Insert, Name: unquote(string(m[1]))}
				for _, column := range columnName.FindAll(m[2], -1) {
					s.Columns = append(s.Columns, unquote(string(column)))
				}
				r.pos += word
				r.inRows = true
				return s, nil
			}
		}
		r.pos++
	}
}

// values reports whether VALUES or VALUE begins here, and its length.
func (r *Reader) values() (int, bool) {
	r.peek(6)
	for _, n := range []int{6, 5} {
		if r.pos+n < len(r.buf) && !isWord(r.buf[r.pos+n]) && equalFold(r.buf[r.pos:r.pos+n], "VALUES"[:n]) {
			return n, true
		}
	}
	return 0, false
}

func equalFold(b []byte, upper string) bool {
	for i := range b {
		if b[i]&^0x20 != upper[i] {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// Row returns the next row of an INSERT: its literals as the dump has them, valid until the next call. It returns io.EOF
// behind the last one.
func (r *Reader) Row() ([][]byte, error) {
	if !r.inRows {
		return nil, io.EOF
	}
	for {
		r.space()
		r.start = r.pos
		c, ok := r.peek(0)
		if !ok {
			return nil, r.ended("an INSERT")
		}
		switch c {
		case ',':
			r.pos++
			continue
		case ';':
			r.pos++
			r.inRows = false
			return nil, io.EOF
		case '(':
			return r.row()
		}
		return nil, r.syntax("an INSERT with more than rows: %.40q", r.buf[r.pos:])
	}
}

// row reads one row. The window may move while it is read, so it keeps offsets from its start.
func (r *Reader) row() ([][]byte, error) {
	r.pos++
	from, ends := append(r.from[:0], 1), r.ends[:0]
	for depth := 0; ; {
		c, ok := r.peek(0)
		if !ok {
			return nil, r.ended("a row")
		}
		switch c {
		case '\'', '"':
			if err := r.skipQuoted(); err != nil {
				return nil, err
			}
			continue
		case '(':
			depth++
		case ')':
			if depth == 0 {
				ends = append(ends, r.pos-r.start)
				r.pos++
				r.fields, r.from, r.ends = r.fields[:0], from, ends
				for i, end := range ends {
					r.fields = append(r.fields, trim(r.buf[r.start+from[i]:r.start+end]))
				}
				return r.fields, nil
			}
			depth--
		case ',':
			if depth == 0 {
				ends = append(ends, r.pos-r.start)
				from = append(from, r.pos-r.start+1)
			}
		}
		r.pos++
	}
}

func trim(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
