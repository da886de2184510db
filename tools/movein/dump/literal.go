package dump

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// Literal is a value of a row.
type Literal struct {
	// Null, or a number or another word that needs no quotes: Raw is as in the dump.
	Raw []byte
	// Text: the value is Bytes. Binary: the dump has it as _binary '...' or as hexadecimals.
	Text, Binary bool
	Bytes        []byte
}

// Null reports whether the value is NULL.
func (l Literal) Null() bool { return !l.Text && len(l.Raw) == 4 && equalFold(l.Raw, "NULL") }

// Parse reads a literal. Its bytes may be those of raw.
func Parse(raw []byte, noEscapes bool) (Literal, error) {
	if len(raw) == 0 {
		return Literal{}, fmt.Errorf("a row has an empty value")
	}
	body, introducer := raw, ""
	if raw[0] == '_' { // _binary '...', _utf8mb4'...'
		if i := bytes.IndexAny(raw, " '\""); i > 0 {
			introducer, body = string(raw[1:i]), trim(raw[i:])
		}
	}
	binary := introducer == "binary"
	if len(body) == 0 {
		return Literal{}, fmt.Errorf("a value that mysqldump does not write: %.40q", raw)
	}
	switch {
	case body[0] == '\'' || body[0] == '"':
		if len(body) < 2 || body[len(body)-1] != body[0] {
			return Literal{}, fmt.Errorf("a value that mysqldump does not write: %.40q", raw)
		}
		return Literal{Text: true, Binary: binary, Bytes: unescape(body[1:len(body)-1], body[0], noEscapes)}, nil
	case len(body) > 2 && body[0] == '0' && (body[1] == 'x' || body[1] == 'X'):
		value, err := hex.DecodeString(string(body[2:]))
		return Literal{Text: true, Binary: true, Bytes: value}, err
	case len(body) > 2 && (body[0] == 'x' || body[0] == 'X') && body[1] == '\'':
		value, err := hex.DecodeString(string(body[2 : len(body)-1]))
		return Literal{Text: true, Binary: true, Bytes: value}, err
	}
	return Literal{Raw: raw}, nil
}

// unescape returns what a quoted literal means.
func unescape(b []byte, quote byte, noEscapes bool) []byte {
	if bytes.IndexByte(b, quote) < 0 && (noEscapes || bytes.IndexByte(b, '\\') < 0) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == quote: // doubled
			i++
		case c == '\\' && !noEscapes && i+1 < len(b):
			i++
			switch c = b[i]; c {
			case '0':
				c = 0
			case 'b':
				c = '\b'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'Z':
				c = 0x1a
			}
		}
		out = append(out, c)
	}
	return out
}

// AppendText appends a quoted literal, as Dumpling escapes it.
func AppendText(out, value []byte) []byte {
	out = append(out, '\'')
	from := 0
	for i, c := range value {
		e := escapes[c]
		if e == 0 {
			continue
		}
		out = append(append(out, value[from:i]...), '\\', e)
		from = i + 1
	}
	return append(append(out, value[from:]...), '\'')
}

var escapes = [256]byte{0: '0', '\n': 'n', '\r': 'r', 0x1a: 'Z', '\'': '\'', '"': '"', '\\': '\\'}

// AppendHex appends bytes as hexadecimals.
func AppendHex(out, value []byte) []byte {
	if len(value) == 0 {
		return append(out, "''"...)
	}
	return hex.AppendEncode(append(out, "0x"...), value)
}
