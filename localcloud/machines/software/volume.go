package software

import (
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
	// SizeGB is the size of a disk's file system in GiB.
	SizeGB int
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
