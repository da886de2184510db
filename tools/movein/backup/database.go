package backup

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"geo-wordpress/tools/movein/schema"

	"github.com/klauspost/compress/gzip"
)

// Database is the name of WordPress's database.
const Database = "wordpress"

// Limits in bytes: of a statement, as Dumpling's; and of a file before it is compressed.
const (
	statementSize = 1_000_000
	fileSize      = 60 << 20
)

// What Dumpling writes at the head of files. Texts are UTF-8.
const head = "/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n/*!40101 SET NAMES utf8mb4*/;\n"

// Writer writes the directory database. It is a site.Sink.
type Writer struct {
	dir     string
	began   time.Time
	numbers map[string]int
	table   string
	columns string
	file    *part
	written int64 // of the file
	pending []byte
	first   bool
}

// NewWriter makes the directory. It writes into dir; whoever calls renames it after Close.
func NewWriter(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, began: time.Now(), numbers: map[string]int{}}
	create := fmt.Sprintf("%sCREATE DATABASE %s /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE %s */;\n", head, schema.Quote(Database), schema.Collation)
	return w, os.WriteFile(filepath.Join(dir, Database+"-schema-create.sql"), []byte(create), 0o644)
}

// Table writes a table's definition.
func (w *Writer) Table(name, createTable string) error {
	return os.WriteFile(filepath.Join(w.dir, Database+"."+name+"-schema.sql"), []byte(head+createTable), 0o644)
}

// Row writes a row. It begins a new statement, or a new file, if the current one is full.
func (w *Writer) Row(table, columns string, row []byte) error {
	if w.file == nil || table != w.table || w.written > fileSize {
		if err := w.end(); err != nil {
			return err
		}
		name := fmt.Sprintf("%s.%s.%09d.sql.gz", Database, table, w.numbers[table])
		w.numbers[table]++
		var err error
		if w.file, err = newPart(filepath.Join(w.dir, name)); err != nil {
			return err
		}
		w.table, w.written = table, 0
		if err := w.write([]byte(head)); err != nil {
			return err
		}
		w.first = true
	}
	if columns != w.columns || len(w.pending)+len(row) > statementSize && !w.first {
		if err := w.statement(); err != nil {
			return err
		}
		w.columns = columns
	}
	if w.first {
		w.pending = append(append(append(w.pending, "INSERT INTO "...), schema.Quote(table)...), " "+columns+"VALUES\n"...)
		w.first = false
	} else {
		w.pending = append(w.pending, ",\n"...)
	}
	w.pending = append(w.pending, row...)
	return nil
}

// statement ends the current statement.
func (w *Writer) statement() error {
	if w.first || w.file == nil {
		return nil
	}
	w.pending = append(w.pending, ";\n"...)
	err := w.write(w.pending)
	w.pending, w.first = w.pending[:0], true
	return err
}

func (w *Writer) write(b []byte) error {
	w.written += int64(len(b))
	_, err := w.file.Write(b)
	return err
}

// end ends the current file.
func (w *Writer) end() error {
	if w.file == nil {
		return nil
	}
	if err := w.statement(); err != nil {
		return err
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// Close writes the metadata.
func (w *Writer) Close() error {
	if err := w.end(); err != nil {
		return err
	}
	const form = "2006-01-02 15:04:05"
	text := fmt.Sprintf("Started dump at: %s\nFinished dump at: %s\n", w.began.Format(form), time.Now().Format(form))
	return os.WriteFile(filepath.Join(w.dir, "metadata"), []byte(text), 0o644)
}

// Discard is a sink that writes nothing.
type Discard struct{}

// Table does nothing.
func (Discard) Table(string, string) error { return nil }

// Row does nothing.
func (Discard) Row(string, string, []byte) error { return nil }

// part is a compressed file.
type part struct {
	file *os.File
	buf  *bufio.Writer
	*gzip.Writer
}

func newPart(name string) (*part, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	p := &part{file: file, buf: bufio.NewWriterSize(file, 1<<20)}
	p.Writer = gzip.NewWriter(p.buf)
	return p, nil
}

// Close ends the file, and does not return before the disk has it.
func (p *part) Close() error {
	if err := p.Writer.Close(); err != nil {
		return err
	}
	if err := p.buf.Flush(); err != nil {
		return err
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	return p.file.Close()
}

var _ io.WriteCloser = (*part)(nil)
