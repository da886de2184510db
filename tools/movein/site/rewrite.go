package site

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"geo-wordpress/tools/movein/dump"
	"geo-wordpress/tools/movein/schema"
)

// Sink takes the rewritten tables. A row is valid during the call.
type Sink interface {
	Table(name, createTable string) error
	Row(table, columns string, row []byte) error
}

// Moved is what became of a table.
type Moved struct {
	Name, From string
	Rows       int64
	Renamed    []string // options and keys of usermeta, once each
	Stale      int64    // rows left out
	Replaced   int64    // texts with bytes that are in no character set
	Legacy     int64    // texts converted from another character set
	Dropped    []string // of the CREATE TABLE
	Changed    []string
	Mapped     []string
	Exact      []string
	Engine     string
}

// Rewrite reads a dump again, and writes the tables that move.
func (p *Plan) Rewrite(r *dump.Reader, sink Sink, progress Progress) ([]*Moved, error) {
	w := &writer{plan: p, r: r, sink: sink, tables: map[string]*table{}}
	for {
		statement, err := r.Next()
		if errors.Is(err, io.EOF) {
			return w.all, nil
		}
		if err != nil {
			return nil, err
		}
		if p.Renamed[statement.Name] == "" {
			progress.At(statement.Name, 0, r.Offset())
			continue
		}
		switch statement.Kind {
		case dump.CreateTable:
			err = w.create(statement)
		case dump.Insert:
			err = w.insert(statement, progress)
		}
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", statement.Name, err)
		}
	}
}

type writer struct {
	plan   *Plan
	r      *dump.Reader
	sink   Sink
	tables map[string]*table
	all    []*Moved
	row    []byte
}

// table is a table that is being written.
type table struct {
	*Table
	moved *Moved
	keys  int // the column with names that contain the prefix, or -1
	stale map[string]bool
	seen  map[string]bool
}

func (w *writer) create(statement dump.Statement) error {
	parsed, err := schema.Parse(statement.Name, statement.Text)
	if err != nil {
		return err
	}
	exact := w.plan.Exact[parsed.Name]
	sql, err := parsed.SQL(func(name string) string { return w.plan.Renamed[name] }, exact)
	if err != nil {
		return err
	}
	t := &table{Table: &Table{Table: parsed}, keys: -1, seen: map[string]bool{}}
	t.moved = &Moved{Name: w.plan.Renamed[parsed.Name], From: parsed.Name, Dropped: parsed.Dropped, Changed: parsed.Changed,
		Mapped: parsed.MappedCollations(), Engine: parsed.Engine}
	for _, c := range parsed.Columns {
		if exact[c.Name] {
			t.moved.Exact = append(t.moved.Exact, c.Name)
		}
	}
	switch strings.TrimPrefix(parsed.Name, w.plan.Old) {
	case "options":
		t.keys, t.stale = parsed.Index("option_name"), w.plan.StaleOptions
	case "usermeta":
		t.keys, t.stale = parsed.Index("meta_key"), w.plan.StaleMeta
	}
	w.tables[parsed.Name] = t
	w.all = append(w.all, t.moved)
	return w.sink.Table(t.moved.Name, sql)
}

func (w *writer) insert(statement dump.Statement, progress Progress) error {
	t := w.tables[statement.Name]
	var places []int
	var names string
	for {
		row, err := w.r.Row()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(places) != len(row) {
			if places, err = t.places(nil, statement.Columns, len(row)); err != nil {
				return err
			}
			names = t.names(statement.Columns, places)
		}
		keep, err := w.rewrite(t, row, places)
		if err != nil {
			return fmt.Errorf("row %d: %w", t.moved.Rows+1, err)
		}
		progress.At(t.Name, t.moved.Rows, w.r.Offset())
		if !keep {
			t.moved.Stale++
			continue
		}
		t.moved.Rows++
		if err := w.sink.Row(t.moved.Name, names, w.row); err != nil {
			return err
		}
	}
}

// names returns the list of columns for an INSERT: none if it has all of them in order.
func (t *table) names(columns []string, places []int) string {
	if len(columns) == 0 && len(places) == len(t.Columns) && len(t.Stored()) == len(t.Columns) {
		return ""
	}
	var quoted []string
	for _, place := range places {
		if !t.Columns[place].Generated {
			quoted = append(quoted, schema.Quote(t.Columns[place].Name))
		}
	}
	return "(" + strings.Join(quoted, ",") + ") "
}

// rewrite puts a row into w.row. It returns false for a row that is left out.
func (w *writer) rewrite(t *table, row [][]byte, places []int) (bool, error) {
	w.row = append(w.row[:0], '(')
	for i, raw := range row {
		c := t.Columns[places[i]]
		if c.Generated {
			continue
		}
		if len(w.row) > 1 {
			w.row = append(w.row, ',')
		}
		switch c.Kind {
		case schema.Other:
			w.row = append(w.row, raw...)
		case schema.Bytes:
			literal, err := dump.Parse(raw, w.r.NoEscapes())
			if err != nil {
				return false, err
			}
			if literal.Text {
				w.row = dump.AppendHex(w.row, literal.Bytes)
			} else {
				w.row = append(w.row, raw...)
			}
		case schema.Text:
			keep, err := w.text(t, raw, places[i] == t.keys)
			if !keep || err != nil {
				return false, err
			}
		}
	}
	w.row = append(w.row, ')')
	return true, nil
}

// text appends a text in UTF-8. It returns false for the name of an option, or a key of usermeta, that is stale.
func (w *writer) text(t *table, raw []byte, name bool) (bool, error) {
	if !name && raw[0] == '\'' && !w.r.NoEscapes() && (ascii(raw) || w.plan.Legacy == "" && utf8.Valid(raw)) {
		w.row = append(w.row, raw...)
		return true, nil
	}
	literal, err := dump.Parse(raw, w.r.NoEscapes())
	if err != nil {
		return false, err
	}
	if !literal.Text {
		w.row = append(w.row, raw...)
		return true, nil
	}
	value := literal.Bytes
	// A text that is UTF-8 stays so even in a dump that says latin1: see Plan.charset.
	if !utf8.Valid(value) {
		charset := w.plan.Legacy
		if charset == "" {
			charset = "utf8mb4"
		} else {
			t.moved.Legacy++
		}
		var ok bool
		if value, ok = decode(value, charset); !ok {
			t.moved.Replaced++
		}
	}
	if name {
		if t.stale[string(value)] {
			return false, nil
		}
		if renamed := w.plan.key(string(value)); renamed != string(value) {
			if change := string(value) + " to " + renamed; !t.seen[change] && len(t.seen) < 1000 {
				t.seen[change] = true
				t.moved.Renamed = append(t.moved.Renamed, change)
			}
			value = []byte(renamed)
		}
	}
	w.row = dump.AppendText(w.row, value)
	return true, nil
}
