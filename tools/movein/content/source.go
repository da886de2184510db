package content

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Entry is a file of wp-content. Path is relative to it, with slashes. Link is where a symbolic link leads, or the path of a
// hard link's file.
type Entry struct {
	Path string
	Mode fs.FileMode
	Hard bool
	Link string
	Size int64
	Time time.Time
}

// Source is a wp-content.
type Source struct {
	path    string
	tar     bool
	root    string // of wp-content in the archive: "site/wp-content/" or ""
	beside  string // of wp-config.php in the archive
	Config  string // where wp-config.php was found
	Counted func(bytes int64)
	Stopped func() error // an error ends the reading
}

// Open looks for wp-content in a directory or an archive.
func Open(name string) (*Source, error) {
	s := &Source{path: name, Counted: func(int64) {}, Stopped: func() error { return nil }}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		s.tar = true
		return s, s.find()
	}
	if s.path, err = filepath.EvalSymlinks(name); err != nil {
		return nil, err
	}
	if inner := filepath.Join(s.path, "wp-content"); isDir(inner) {
		s.path = inner
	}
	if !isDir(filepath.Join(s.path, "themes")) && !isDir(filepath.Join(s.path, "uploads")) {
		return nil, fmt.Errorf("%s has neither themes nor uploads in it: is it wp-content?", name)
	}
	return s, nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// find looks for wp-content in the archive. It reads only up to the first file that tells.
func (s *Source) find() error {
	err := s.archive(func(h *tar.Header, _ io.Reader) error {
		name := clean(h.Name)
		parts := strings.Split(name, "/")
		for i, part := range parts {
			if part == "wp-content" && (i+1 < len(parts) || h.Typeflag == tar.TypeDir) {
				s.beside = strings.Join(append(parts[:i:i], ""), "/")
				s.root = s.beside + "wp-content/"
				return io.EOF
			}
		}
		switch parts[0] {
		case "themes", "plugins", "uploads", "mu-plugins", "languages":
			s.beside = "\x00"
			return io.EOF
		}
		return nil
	})
	switch {
	case errors.Is(err, errStopped):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return fmt.Errorf("%s has no wp-content in it", s.path)
}

var errStopped = errors.New("stopped")

// archive calls visit for every entry of the archive. io.EOF from it stops.
func (s *Source) archive(visit func(*tar.Header, io.Reader) error) error {
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewReaderSize(&counting{file, s}, 1<<20)
	var r io.Reader = buffered
	if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		defer unzipped.Close()
		r = unzipped
	}
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the archive is damaged or cut off: %w", err)
		}
		if err := visit(h, t); errors.Is(err, io.EOF) {
			return errStopped
		} else if err != nil {
			return err
		}
	}
}

// clean returns a path of the archive without ./ and ../ at its begin.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// Walk calls visit for every file, and config for wp-config.php if it is beside wp-content.
func (s *Source) Walk(visit func(Entry, io.Reader) error, config func(io.Reader) error) error {
	if s.tar {
		return s.walkArchive(visit, config)
	}
	beside := filepath.Join(filepath.Dir(s.path), "wp-config.php")
	if file, err := os.Open(beside); err == nil {
		s.Config = beside
		err = config(file)
		file.Close()
		if err != nil {
			return err
		}
	}
	return filepath.WalkDir(s.path, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name == s.path {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(s.path, name)
		if err != nil {
			return err
		}
		e := Entry{Path: filepath.ToSlash(relative), Mode: info.Mode(), Size: info.Size(), Time: info.ModTime()}
		if !info.Mode().IsRegular() {
			e.Size = 0
			if info.Mode()&fs.ModeSymlink != 0 {
				if e.Link, err = os.Readlink(name); err != nil {
					return err
				}
			}
			return visit(e, nil)
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		return visit(e, &counting{file, s})
	})
}

func (s *Source) walkArchive(visit func(Entry, io.Reader) error, config func(io.Reader) error) error {
	return s.archive(func(h *tar.Header, r io.Reader) error {
		name := clean(h.Name)
		if name == s.beside+"wp-config.php" {
			s.Config = name
			return config(r)
		}
		inside, ok := strings.CutPrefix(name, s.root)
		if !ok || inside == "" || h.Typeflag == tar.TypeXGlobalHeader {
			return nil
		}
		e := Entry{Path: inside, Mode: h.FileInfo().Mode(), Size: h.Size, Time: h.ModTime, Link: h.Linkname}
		if h.Typeflag == tar.TypeLink {
			e.Hard = true
			e.Link, ok = strings.CutPrefix(clean(h.Linkname), s.root)
			if !ok {
				e.Link = ""
			}
		}
		return visit(e, r)
	})
}

// Bytes is how much Walk will read, or 0 if that is not known.
func (s *Source) Bytes() int64 {
	if info, err := os.Stat(s.path); s.tar && err == nil {
		return info.Size()
	}
	var all int64
	_ = filepath.WalkDir(s.path, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				all += info.Size()
			}
		}
		return nil
	})
	return all
}

type counting struct {
	r io.Reader
	s *Source
}

func (c *counting) Read(b []byte) (int, error) {
	if err := c.s.Stopped(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.s.Counted(int64(n))
	return n, err
}
