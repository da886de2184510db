package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxToken is the longest statement but an INSERT, and the longest row: max_allowed_packet is 1 GiB at most, and TiDB takes
// no row above 6 MiB, which is 12 MiB when every byte is escaped, and 24 MiB as hexadecimals with some room.
const maxToken = 256 << 20

// lexer is a window on the dump. What lies between start and pos is the token that is being read.
type lexer struct {
	r          io.Reader
	buf        []byte
	start, pos int
	err        error
	read       int64
	// noEscapes: the sql_mode NO_BACKSLASH_ESCAPES.
	noEscapes bool
}

// errSyntax says where the dump is not understood.
type errSyntax struct {
	offset int64
	what   string
}

func (e errSyntax) Error() string { return fmt.Sprintf("at byte %d of the dump: %s", e.offset, e.what) }

func (l *lexer) syntax(format string, args ...any) error {
	return errSyntax{l.offset(), fmt.Sprintf(format, args...)}
}

// offset is where the lexer is in the uncompressed dump.
func (l *lexer) offset() int64 { return l.read - int64(len(l.buf)-l.pos) }

// more reads on, keeping the current token. It returns false at the end of the dump or after an error, which is in l.err.
func (l *lexer) more() bool {
	if l.err != nil {
		return false
	}
	if l.start > 0 {
		n := copy(l.buf, l.buf[l.start:])
		l.buf = l.buf[:n]
		l.pos -= l.start
		l.start = 0
	}
	if len(l.buf) == cap(l.buf) {
		if len(l.buf) >= maxToken {
			l.err = l.syntax("a statement or a row is longer than %d MiB", maxToken>>20)
			return false
		}
		grown := make([]byte, len(l.buf), max(64<<10, 2*cap(l.buf)))
		copy(grown, l.buf)
		l.buf = grown
	}
	for {
		n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf = l.buf[:len(l.buf)+n]
		l.read += int64(n)
		if err != nil {
			l.err = err
		}
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
}

// peek returns the byte that is i bytes ahead, or false at the end of the dump.
func (l *lexer) peek(i int) (byte, bool) {
	for l.pos+i >= len(l.buf) {
		if !l.more() {
			return 0, false
		}
	}
	return l.buf[l.pos+i], true
}

// ended returns the error of a dump that ends inside what.
func (l *lexer) ended(what string) error {
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return l.err
	}
	return l.syntax("the dump ends inside %s", what)
}

// skipQuoted moves behind a literal or a name, whose opening quote is the current byte.
func (l *lexer) skipQuoted() error {
	quote := l.buf[l.pos]
	escapes := quote != '`' && !l.noEscapes
	l.pos++
	for {
		rest := l.buf[l.pos:]
		i := 0
		for i < len(rest) && rest[i] != quote && (rest[i] != '\\' || !escapes) {
			i++
		}
		l.pos += i
		switch {
		case i == len(rest):
			if !l.more() {
				return l.ended("a literal")
			}
		case rest[i] == '\\':
			if _, ok := l.peek(1); !ok {
				return l.ended("a literal")
			}
			l.pos += 2
		default:
			l.pos++
			// A doubled quote is a part of the literal.
			if c, ok := l.peek(0); !ok || c != quote {
				return nil
			}
			l.pos++
		}
	}
}

// skipLine moves behind the end of the line.
func (l *lexer) skipLine() {
	for {
		if i := bytes.IndexByte(l.buf[l.pos:], '\n'); i >= 0 {
			l.pos += i + 1
			return
		}
		l.pos = len(l.buf)
		if !l.more() {
			return
		}
	}
}

// skipComment moves behind a /* comment */, whose slash is the current byte.
func (l *lexer) skipComment() error {
	l.pos += 2
	for {
		if i := bytes.Index(l.buf[l.pos:], []byte("*/")); i >= 0 {
			l.pos += i + 2
			return nil
		}
		l.pos = max(l.pos, len(l.buf)-1)
		if !l.more() {
			return l.ended("a comment")
		}
	}
}

// space moves behind white space.
func (l *lexer) space() {
	for {
		c, ok := l.peek(0)
		if !ok || !isSpace(c) {
			return
		}
		l.pos++
	}
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'
}

// lineComment reports whether a comment that ends with the line begins here.
func (l *lexer) lineComment() bool {
	c, ok := l.peek(0)
	if !ok {
		return false
	}
	if c == '#' {
		return true
	}
	d, _ := l.peek(1)
	if c != '-' || d != '-' {
		return false
	}
	e, ok := l.peek(2)
	return !ok || isSpace(e)
}
