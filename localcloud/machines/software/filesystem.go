package software

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// Kind is a kind of volume.
type Kind string

// The kinds of volumes that programs can distinguish.
const (
	Layer  Kind = "container layer" // the container's own layer, lost with the container
	Config Kind = "configuration"   // ConfigMap, Secret, downward API, projected: read-only
	Empty  Kind = "emptyDir"
	Disk   Kind = "disk" // a persistent volume on a block device
	NFS    Kind = "nfs"
	Host   Kind = "hostPath"
)

// Volume is a tree of files that containers share. It is safe for concurrent use.
type Volume struct {
	Kind Kind
	// Opaque volumes may hold files that this model did not see written: missing files are assumed to exist.
	Opaque bool
	// Answers, if not nil, says whether the volume's server responds. A program that opens a file waits until it does.
	Answers func() bool

	mu    sync.Mutex
	files map[string][]byte
	dirs  map[string]bool
}

// NewVolume makes a volume with the given files, by their paths from its root.
func NewVolume(kind Kind, files map[string][]byte) *Volume {
	v := &Volume{Kind: kind, files: map[string][]byte{}, dirs: map[string]bool{"": true}}
	for name, content := range files {
		v.write(clean(name), content)
	}
	return v
}

func clean(name string) string { return strings.Trim(path.Clean("/"+name), "/") }

func (v *Volume) write(name string, content []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.files[name] = content
	v.parents(path.Dir("/" + name))
}

func (v *Volume) parents(dir string) {
	for ; dir != "/" && dir != "."; dir = path.Dir(dir) {
		v.dirs[clean(dir)] = true
	}
}

// Mkdir makes a directory and its parents.
func (v *Volume) Mkdir(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.parents("/" + clean(name))
}

// Remove deletes a file or a tree.
func (v *Volume) Remove(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name = clean(name)
	under := func(key string) bool { return key == name || strings.HasPrefix(key, name+"/") }
	maps.DeleteFunc(v.files, func(key string, _ []byte) bool { return under(key) })
	maps.DeleteFunc(v.dirs, func(key string, _ bool) bool { return key != "" && under(key) })
}

// Has says whether a file or directory exists.
func (v *Volume) Has(name string) (dir, exists bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name = clean(name)
	if v.dirs[name] {
		return true, true
	}
	_, exists = v.files[name]
	return false, exists
}

// Read returns a file's content.
func (v *Volume) Read(name string) ([]byte, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	content, ok := v.files[clean(name)]
	return content, ok
}

// List returns the names in a directory, in order.
func (v *Volume) List(name string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	prefix := clean(name)
	if prefix != "" {
		prefix += "/"
	}
	found := map[string]bool{}
	add := func(key string) {
		if rest, ok := strings.CutPrefix(key, prefix); ok && rest != "" {
			first, _, _ := strings.Cut(rest, "/")
			found[first] = true
		}
	}
	for key := range v.files {
		add(key)
	}
	for key := range v.dirs {
		add(key)
	}
	return slices.Sorted(maps.Keys(found))
}

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

// locate returns the volume that holds a path, and the path inside it.
func (f *Filesystem) locate(name string) (v *Volume, inside string, readOnly bool) {
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
	v, _, _ := f.locate(name)
	return v.Kind
}

// Answers says whether the server of a path's volume responds.
func (f *Filesystem) Answers(name string) bool {
	v, _, _ := f.locate(name)
	return v.Answers == nil || v.Answers()
}

// Writable says whether files can be created at a path.
func (f *Filesystem) Writable(name string) bool {
	_, _, readOnly := f.locate(name)
	return !readOnly
}

// Exists says whether a path exists. On an opaque volume everything does.
func (f *Filesystem) Exists(name string) bool {
	v, inside, _ := f.locate(name)
	_, ok := v.Has(inside)
	return ok || v.Opaque
}

// Read returns a file's content, or fs.ErrNotExist. A file that an opaque volume may hold reads as empty.
func (f *Filesystem) Read(name string) ([]byte, error) {
	v, inside, _ := f.locate(name)
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
	v, inside, readOnly := f.locate(name)
	if readOnly {
		return &fs.PathError{Op: "open", Path: name, Err: errReadOnly}
	}
	if dir, ok := v.Has(path.Dir(inside)); (!ok || !dir) && path.Dir(inside) != "." && !v.Opaque {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	v.write(inside, content)
	return nil
}

// Mkdir makes a directory and its parents.
func (f *Filesystem) Mkdir(name string) error {
	v, inside, readOnly := f.locate(name)
	if _, exists := v.Has(inside); exists {
		return nil
	}
	if readOnly {
		return &fs.PathError{Op: "mkdir", Path: name, Err: errReadOnly}
	}
	v.Mkdir(inside)
	return nil
}

type readOnlyError struct{}

func (readOnlyError) Error() string { return "Read-only file system" }

var errReadOnly = readOnlyError{}
