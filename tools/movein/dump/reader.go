package dump

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
)

// Kind is what a statement does.
type Kind int

// The statements that movein tells apart.
const (
	Other       Kind = iota // anything that needs no action: LOCK TABLES, ALTER TABLE ... DISABLE KEYS, SET of variables
	CreateTable             // Name, Text
	Insert                  // Name, Columns; Row reads the rows
	Placeholder             // Name: a table that stands for a view until the dump's end
	Program                 // What, Name: a view, trigger, procedure, function or event
	Use                     // Name: CREATE DATABASE and USE
	Alter                   // Name, Text: a change of a table, which mysqldump does not write
	Unknown                 // Text
)

// Statement is one statement of the dump. Text is without conditional comments.
type Statement struct {
	Kind    Kind
	Name    string
	What    string
	Text    string
	Columns []string
}

// Reader reads a dump.
type Reader struct {
	lexer
	delimiter string
	inRows    bool
	fields    [][]byte
	from      []int // where the fields begin and end, to use the memory again
	ends      []int
	saved     map[string]string // variables that hold character sets
	before    bool              // noEscapes before the last sql_mode
	// Charset is the character set of the literals: SET NAMES.
	Charset string
	// Complete: the dump's last line says that it is complete. Tool is the first line that names a tool.
	Complete bool
	Tool     string
}

// NewReader returns a reader of an uncompressed dump.
func NewReader(r io.Reader) *Reader {
	return &Reader{lexer: lexer{r: r}, delimiter: ";", Charset: "utf8mb4", saved: map[string]string{}}
}

// Offset is how many uncompressed bytes have been read.
func (r *Reader) Offset() int64 { return r.offset() }

// NoEscapes reports whether a backslash in a literal is a backslash.
func (r *Reader) NoEscapes() bool { return r.noEscapes }

// Next returns the next statement, or io.EOF. It skips rows of an INSERT that were not read.
func (r *Reader) Next() (Statement, error) {
	for r.inRows {
		if _, err := r.Row(); err != nil && !errors.Is(err, io.EOF) {
			return Statement{}, err
		}
	}
	for {
		r.space()
		r.start = r.pos
		c, ok := r.peek(0)
		if !ok {
			if errors.Is(r.err, io.EOF) {
				return Statement{}, io.EOF
			}
			return Statement{}, r.err
		}
		switch {
		case r.lineComment():
			r.skipLine()
			r.comment(string(r.buf[r.start:r.pos]))
			continue
		case r.word("DELIMITER"):
			r.skipLine()
			if fields := strings.Fields(string(r.buf[r.start:r.pos])); len(fields) > 1 {
				r.delimiter = fields[1]
			}
			continue
		case c == '/' && r.plainComment():
			if err := r.skipComment(); err != nil {
				return Statement{}, err
			}
			continue
		}
		r.Complete = false
		if r.word("INSERT") || r.word("REPLACE") {
			return r.insert()
		}
		if err := r.statement(); err != nil {
			return Statement{}, err
		}
		s := classify(r.buf[r.start:r.pos])
		r.pos += len(r.delimiter)
		if s.Kind == Unknown && s.Text == "" {
			continue
		}
		r.set(s.Text)
		return s, nil
	}
}

// word reports whether a keyword begins here.
func (r *Reader) word(w string) bool {
	end, ok := r.peek(len(w))
	return ok && (isSpace(end) || end == '/') && strings.EqualFold(string(r.buf[r.pos:r.pos+len(w)]), w)
}

// plainComment reports whether a comment begins here that no server executes. Version 999999 is MariaDB's sandbox mode: a
// line that older clients take for a comment.
func (r *Reader) plainComment() bool {
	r.peek(9)
	rest := r.buf[r.pos:]
	if !bytes.HasPrefix(rest, []byte("/*")) {
		return false
	}
	return !bytes.HasPrefix(rest, []byte("/*!")) && !bytes.HasPrefix(rest, []byte("/*M!")) ||
		bytes.HasPrefix(rest, []byte("/*!999999")) || bytes.HasPrefix(rest, []byte("/*M!999999"))
}

var tool = regexp.MustCompile(`^-- (MySQL dump|MariaDB dump|phpMyAdmin SQL Dump|Adminer|Host: )`)

func (r *Reader) comment(line string) {
	line = strings.TrimSpace(line)
	r.Complete = strings.HasPrefix(line, "-- Dump completed")
	if r.Tool == "" && tool.MatchString(line) {
		r.Tool = strings.TrimPrefix(line, "-- ")
	}
}

// statement moves to the delimiter that ends the statement.
func (r *Reader) statement() error {
	for {
		c, ok := r.peek(0)
		if !ok {
			return r.ended("a statement")
		}
		if c == r.delimiter[0] {
			r.peek(len(r.delimiter) - 1)
			if bytes.HasPrefix(r.buf[r.pos:], []byte(r.delimiter)) {
				return nil
			}
		}
		switch {
		case c == '\'' || c == '"' || c == '`':
			if err := r.skipQuoted(); err != nil {
				return err
			}
		case r.lineComment():
			r.skipLine()
		case c == '/' && r.plainComment():
			if err := r.skipComment(); err != nil {
				return err
			}
		default:
			r.pos++
		}
	}
}

// set follows the statements that change how literals are read. mysqldump connects with an empty sql_mode, so backslashes
// escape unless the dump itself says otherwise. It sets other values for single statements, and restores these.
func (r *Reader) set(text string) {
	if m := saveCharset.FindStringSubmatch(text); m != nil {
		r.saved[m[1]] = r.Charset
	}
	if m := setCharset.FindStringSubmatch(text); m != nil {
		if old, ok := r.saved[m[1]]; ok {
			r.Charset = old
		} else if m[1][0] != '@' {
			r.Charset = strings.ToLower(m[1])
		}
	}
	if m := setMode.FindStringSubmatch(text); m != nil {
		if m[1][0] == '@' {
			r.noEscapes = r.before
			return
		}
		r.before = r.noEscapes
		r.noEscapes = strings.Contains(strings.ToUpper(m[1]), "NO_BACKSLASH_ESCAPES")
	}
}

var (
	saveCharset = regexp.MustCompile(`(?i)^SET\s+(@\w+)\s*=\s*@@character_set_client\s*$`)
	setCharset  = regexp.MustCompile(`(?i)^SET\s+(?:NAMES|CHARACTER\s+SET|(?:SESSION\s+|@@)?character_set_client\s*=)\s*['"]?(@?\w+)['"]?(?:\s+COLLATE\s+\S+)?\s*$`)
	setMode     = regexp.MustCompile(`(?is)^SET\b.*\bsql_mode\s*=\s*('[^']*'|"[^"]*"|@\w+)`)
)
