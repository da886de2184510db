package shell

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"mvdan.cc/sh/v3/interp"
)

// opened is an open file. Its buffer is written to the volume when it is closed.
type opened struct {
	io.Reader
	buffer bytes.Buffer
	close  func(content []byte) error
}

func (o *opened) Write(p []byte) (int, error) { return o.buffer.Write(p) }

func (o *opened) Close() error {
	if o.close == nil {
		return nil
	}
	return o.close(o.buffer.Bytes())
}

func (r *runner) open(ctx context.Context, name string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
	name = setting{dir: interp.HandlerCtx(ctx).Dir}.absolute(name)
	if strings.HasPrefix(name, "/dev/") {
		return &opened{Reader: strings.NewReader("")}, nil
	}
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		content, err := r.process.Files.Read(name)
		if err != nil {
			return nil, err
		}
		return &opened{Reader: bytes.NewReader(content)}, nil
	}
	var before []byte
	if flag&os.O_APPEND != 0 {
		before, _ = r.process.Files.Read(name)
	}
	if err := r.process.Files.Write(name, before); err != nil {
		return nil, err
	}
	return &opened{Reader: strings.NewReader(""), close: func(content []byte) error {
		return r.process.Files.Write(name, slices.Concat(before, content))
	}}, nil
}

func (r *runner) readDir(_ context.Context, name string) ([]fs.DirEntry, error) {
	v, inside, _ := r.process.Files.Locate(name)
	var entries []fs.DirEntry
	for _, child := range v.List(inside) {
		dir, _ := v.Has(inside + "/" + child)
		entries = append(entries, fs.FileInfoToDirEntry(info{name: child, dir: dir}))
	}
	return entries, nil
}

func (r *runner) stat(_ context.Context, name string, _ bool) (fs.FileInfo, error) {
	if strings.HasPrefix(name, "/dev/") {
		return info{name: path.Base(name)}, nil
	}
	v, inside, _ := r.process.Files.Locate(name)
	dir, ok := v.Has(inside)
	if !ok {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	content, _ := v.Read(inside)
	return info{name: path.Base(name), dir: dir, size: int64(len(content))}, nil
}

// info describes a file of the model.
type info struct {
	name string
	dir  bool
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
