package content

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// www-data in WordPress's image, and of the files on the volume.
const owner = 33

// Left is something that does not move.
type Left struct {
	Path, Why   string
	Files, Size int64
}

// Result is what was read.
type Result struct {
	Files, Size int64
	Left        []*Left
	Findings    []Finding
	Plugins     []string // of mu-plugins
	Config      []string // what to know about wp-config.php
}

// Copy reads a wp-content and writes the archive of a backup to out, or nothing if out is nil.
func Copy(s *Source, out io.Writer) (*Result, error) {
	c := &copier{result: &Result{}, left: map[string]*Left{}, moved: map[string]bool{}}
	if out != nil {
		zip, err := gzip.NewWriterLevel(out, gzip.BestSpeed) // pictures do not get smaller
		if err != nil {
			return nil, err
		}
		c.out = tar.NewWriter(zip)
		defer zip.Close()
		if err := c.walk(s); err != nil {
			return nil, err
		}
		if err := c.out.Close(); err != nil {
			return nil, err
		}
		return c.result, zip.Close()
	}
	return c.result, c.walk(s)
}

type copier struct {
	out    *tar.Writer
	result *Result
	left   map[string]*Left
	moved  map[string]bool // files that a hard link may name
}

func (c *copier) walk(s *Source) error {
	return s.Walk(c.visit, func(r io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(r, scanned))
		c.result.Config = ScanConfig(text)
		return err
	})
}

func (c *copier) leave(part, why string, e Entry) {
	l := c.left[part]
	if l == nil {
		l = &Left{Path: part, Why: why}
		c.left[part] = l
		c.result.Left = append(c.result.Left, l)
	}
	if !e.Mode.IsDir() {
		l.Files++
		l.Size += e.Size
	}
}

// visit writes one file.
func (c *copier) visit(e Entry, r io.Reader) error {
	if why, part := LeaveOut(e.Path); why != "" {
		c.leave(part, why, e)
		return nil
	}
	h := &tar.Header{Name: "./" + e.Path, Uid: owner, Gid: owner, Mode: 0o644, ModTime: e.Time, Typeflag: tar.TypeReg}
	switch {
	case e.Hard:
		if !c.moved[e.Link] {
			c.leave(e.Path, "a hard link to a file that does not move", e)
			return nil
		}
		h.Typeflag, h.Linkname = tar.TypeLink, "./"+e.Link
	case e.Mode.IsDir():
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, h.Name+"/", 0o755
	case e.Mode&fs.ModeSymlink != 0:
		if !inside(e) {
			c.leave(e.Path, "a symbolic link that leaves wp-content, to "+e.Link, e)
			return nil
		}
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, e.Link, 0o777
	case e.Mode.IsRegular():
		h.Size = e.Size
		c.result.Files++
		c.result.Size += e.Size
		c.moved[e.Path] = true
	default:
		c.leave(e.Path, "neither a file nor a directory", e)
		return nil
	}
	if parts := strings.Split(e.Path, "/"); parts[0] == "mu-plugins" && len(parts) == 2 && path.Ext(e.Path) == ".php" {
		c.result.Plugins = append(c.result.Plugins, parts[1])
	}
	if h.Typeflag == tar.TypeReg && wants(e) {
		text, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		c.result.Findings = append(c.result.Findings, Scan(e.Path, text)...)
		r = bytes.NewReader(text)
		h.Size = int64(len(text))
	}
	if c.out == nil {
		return nil
	}
	if err := c.out.WriteHeader(h); err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	if h.Typeflag != tar.TypeReg {
		return nil
	}
	if n, err := io.Copy(c.out, r); err != nil {
		return fmt.Errorf("%s: %w (is the site writing into wp-content?)", e.Path, err)
	} else if n != h.Size {
		return fmt.Errorf("%s became shorter while it was read", e.Path)
	}
	return nil
}

// inside reports whether a symbolic link stays in wp-content.
func inside(e Entry) bool {
	if path.IsAbs(e.Link) {
		return false
	}
	at := path.Join(path.Dir(e.Path), e.Link)
	return at != ".." && !strings.HasPrefix(at, "../") && !slices.Contains([]string{"", "."}, e.Link)
}
