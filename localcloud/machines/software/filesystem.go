package software

import (
	"io/fs"
	"path"
	"strings"
	"sync"
	"syscall"
)

// Mount is a volume, or a part of it, in a container.
type Mount struct {
	Path     string // in the container, absolute
	Sub      string // the part of the volume: a directory or a file
	Volume   *Volume
	ReadOnly bool
}

// Filesystem is a container's view of its files: its own layer and the volumes mounted over it.
type Filesystem struct {
	Mounts   []Mount
	ReadOnly bool // the container's own layer

	once  sync.Once
	layer *Volume
}

// imageDirectories exist in almost every image.
var imageDirectories = []string{"bin", "dev", "etc", "home", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr", "usr/local", "usr/local/bin", "var", "var/lib", "var/log", "var/run", "var/tmp"}

// Locate returns the volume that holds a path, and the path inside it.
func (f *Filesystem) Locate(name string) (v *Volume, inside string, readOnly bool) {
	f.once.Do(func() {
		f.layer = NewVolume(Layer, nil)
		for _, dir := range imageDirectories {
			f.layer.Mkdir(dir)
		}
		for _, mount := range f.Mounts {
			f.layer.Mkdir(path.Dir(path.Clean(mount.Path)))
		}
	})
	name = path.Clean("/" + name)
	best := -1
	for i, mount := range f.Mounts {
		at := path.Clean(mount.Path)
		if (name == at || strings.HasPrefix(name, strings.TrimSuffix(at, "/")+"/")) && (best < 0 || len(at) > len(path.Clean(f.Mounts[best].Path))) {
			best = i
		}
	}
	if best < 0 {
		return f.layer, clean(name), f.ReadOnly
	}
	mount := f.Mounts[best]
	return mount.Volume, clean(mount.Sub + "/" + strings.TrimPrefix(name, path.Clean(mount.Path))), mount.ReadOnly || mount.Volume.Kind == Config
}

// On returns the kind of volume that holds a path.
func (f *Filesystem) On(name string) Kind {
	v, _, _ := f.Locate(name)
	return v.Kind
}

// Answers says whether the server of a path's volume responds.
func (f *Filesystem) Answers(name string) bool {
	v, _, _ := f.Locate(name)
	return v.Answers == nil || v.Answers()
}

// Writable says whether files can be created at a path.
func (f *Filesystem) Writable(name string) bool {
	_, _, readOnly := f.Locate(name)
	return !readOnly
}

// Exists says whether a path exists. On an opaque volume everything does.
func (f *Filesystem) Exists(name string) bool {
	v, inside, _ := f.Locate(name)
	_, ok := v.Has(inside)
	return ok || v.Opaque
}

// Holds says whether a path is known to exist: on an opaque volume, only what this model saw written.
func (f *Filesystem) Holds(name string) bool {
	v, inside, _ := f.Locate(name)
	_, ok := v.Has(inside)
	return ok
}

// Read returns a file's content, or fs.ErrNotExist. A file that an opaque volume may hold reads as empty.
func (f *Filesystem) Read(name string) ([]byte, error) {
	v, inside, _ := f.Locate(name)
	if content, ok := v.Read(inside); ok {
		return content, nil
	}
	if v.Opaque {
		return nil, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Write writes a file.
func (f *Filesystem) Write(name string, content []byte) error {
	v, inside, readOnly := f.Locate(name)
	if readOnly {
		return &fs.PathError{Op: "open", Path: name, Err: syscall.EROFS}
	}
	if dir, ok := v.Has(path.Dir(inside)); (!ok || !dir) && path.Dir(inside) != "." && !v.Opaque {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	v.write(inside, content)
	return nil
}

// Install puts a file of the image into the container's own layer.
func (f *Filesystem) Install(name string) {
	if v, inside, _ := f.Locate(name); v == f.layer {
		v.write(inside, []byte("program\n"))
	}
}

// Mkdir makes a directory and its parents.
func (f *Filesystem) Mkdir(name string) error {
	v, inside, readOnly := f.Locate(name)
	if _, exists := v.Has(inside); exists {
		return nil
	}
	if readOnly {
		return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.EROFS}
	}
	v.Mkdir(inside)
	return nil
}
