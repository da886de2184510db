package software

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
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
	// SizeGB is the size of a disk's file system in GiB.
	SizeGB int
	// Answers, if not nil, says whether the volume's server responds. A program that opens a file waits until it does.
	Answers func() bool

	mu    sync.Mutex
	files map[string][]byte
	dirs  map[string]bool
	host  string // the directory that keeps the files, empty for none
}

// NewVolume makes a volume with the given files, by their paths from its root.
func NewVolume(kind Kind, files map[string][]byte) *Volume {
	v := &Volume{Kind: kind, files: map[string][]byte{}, dirs: map[string]bool{"": true}}
	for name, content := range files {
		v.write(clean(name), content)
	}
	return v
}

// Replace replaces the files of a volume that is not kept.
func (v *Volume) Replace(files map[string][]byte) {
	next := NewVolume(v.Kind, files)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.files, v.dirs = next.files, next.dirs
}

// Copy returns a volume with the files that this one has now.
func (v *Volume) Copy() *Volume {
	v.mu.Lock()
	defer v.mu.Unlock()
	same := NewVolume(v.Kind, v.files)
	same.Opaque = v.Opaque
	return same
}

// Keep keeps the volume's files in a directory of this machine too, beyond the end of the process, after it has read
// those that are there.
func (v *Volume) Keep(dir string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.host = dir
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		inside := clean(strings.TrimPrefix(name, dir))
		if entry.IsDir() {
			v.dirs[inside] = true
			return nil
		}
		v.files[inside], err = os.ReadFile(name)
		return err
	})
}

// Discard deletes what is kept of the volume's files.
func (v *Volume) Discard() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.host != "" {
		_ = os.RemoveAll(v.host)
		v.host = ""
	}
}

// keep writes a file, or a directory if content is nil, to the host. What fails is lost with the process.
func (v *Volume) keep(name string, content []byte) {
	if v.host == "" {
		return
	}
	at := filepath.Join(v.host, name)
	if content == nil {
		_ = os.MkdirAll(at, 0o700)
		return
	}
	if os.MkdirAll(filepath.Dir(at), 0o700) == nil && os.WriteFile(v.host+".new", content, 0o600) == nil {
		_ = os.Rename(v.host+".new", at) // never half a file
	}
}

func clean(name string) string { return strings.Trim(path.Clean("/"+name), "/") }

func (v *Volume) write(name string, content []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.files[name] = content
	v.parents(path.Dir("/" + name))
	v.keep(name, append([]byte{}, content...))
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
	v.keep(clean(name), nil)
}

// Remove deletes a file or a tree.
func (v *Volume) Remove(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name = clean(name)
	under := func(key string) bool { return key == name || strings.HasPrefix(key, name+"/") }
	maps.DeleteFunc(v.files, func(key string, _ []byte) bool { return under(key) })
	maps.DeleteFunc(v.dirs, func(key string, _ bool) bool { return key != "" && under(key) })
	if v.host != "" && name != "" {
		_ = os.RemoveAll(filepath.Join(v.host, name))
	}
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
