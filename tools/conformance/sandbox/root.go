package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// fileSystem makes the root file system, binds the mounts in it, and makes it this process's root.
func (c *start) fileSystem() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping mounts to the container: %w", err)
	}
	// The overlays' layers lie beside the root, in memory.
	if err := mount("tmpfs", c.At, "tmpfs", 0, "mode=0755"); err != nil {
		return err
	}
	root, layers := filepath.Join(c.At, "root"), filepath.Join(c.At, "layers")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := mount("tmpfs", root, "tmpfs", 0, "mode=0755"); err != nil {
		return err
	}
	overlays, err := c.Root.machine(root, layers)
	if err != nil {
		return err
	}
	if err := c.Root.own(root); err != nil {
		return err
	}
	if err := system(root); err != nil {
		return err
	}
	if err := bindAll(root, c.Mounts); err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	// The old root is stacked on the new one, and then unmounted.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the old root: %w", err)
	}
	if !c.ReadOnlyRoot {
		return nil
	}
	for _, target := range append(overlays, "/") {
		if err := mount("", target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return err
		}
	}
	return nil
}

// machine overlays directories of this machine in the root, each with an upper layer for changes. It returns their
// paths in the container.
func (r *Root) machine(root, layers string) (overlays []string, err error) {
	for i, path := range r.Machine {
		target := filepath.Join(root, path)
		info, err := os.Lstat(path)
		if err != nil {
			return nil, err
		}
		if info.Mode()&os.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			if err == nil {
				err = os.Symlink(to, target)
			}
			if err != nil {
				return nil, err
			}
			continue
		}
		upper, work := filepath.Join(layers, fmt.Sprint(i), "upper"), filepath.Join(layers, fmt.Sprint(i), "work")
		for _, directory := range []string{upper, work, target} {
			if err := os.MkdirAll(directory, 0o755); err != nil {
				return nil, err
			}
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", path, upper, work)
		if err := mount("overlay", target, "overlay", 0, options); err != nil {
			return nil, err
		}
		overlays = append(overlays, path)
	}
	return overlays, nil
}

// own creates the root's own directories, files, links and programs.
func (r *Root) own(root string) error {
	for _, path := range r.Directories {
		if err := os.MkdirAll(filepath.Join(root, path), 0o755); err != nil {
			return err
		}
	}
	for path, file := range r.Files {
		target := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, []byte(file.Text), file.Mode); err != nil {
			return err
		}
		if err := os.Chmod(target, file.Mode); err != nil { // whatever the umask
			return err
		}
	}
	for path, to := range r.Links {
		target := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		_ = os.Remove(target)
		if err := os.Symlink(to, target); err != nil {
			return err
		}
	}
	var programs []Mount
	for path, source := range r.Programs {
		programs = append(programs, Mount{Source: source, Target: path, ReadOnly: true})
	}
	return bindAll(root, programs)
}

// system mounts what every container gets: /proc, /sys, /dev with a few devices, and /dev/shm.
func system(root string) error {
	for _, directory := range []string{"proc", "sys", "dev", "tmp", "run", "var/tmp"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o755); err != nil {
			return err
		}
	}
	for _, directory := range []string{"tmp", "var/tmp"} {
		if err := os.Chmod(filepath.Join(root, directory), 0o1777); err != nil {
			return err
		}
	}
	if err := mount("proc", filepath.Join(root, "proc"), "proc", 0, ""); err != nil {
		return err
	}
	if err := mount("sysfs", filepath.Join(root, "sys"), "sysfs", unix.MS_RDONLY, ""); err != nil {
		return err
	}
	dev := filepath.Join(root, "dev")
	if err := mount("tmpfs", dev, "tmpfs", 0, "mode=0755"); err != nil {
		return err
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := bind(Mount{Source: "/dev/" + name, Target: filepath.Join(dev, name)}); err != nil {
			return err
		}
	}
	shm := filepath.Join(dev, "shm")
	if err := os.Mkdir(shm, 0o1777); err != nil {
		return err
	}
	if err := mount("tmpfs", shm, "tmpfs", 0, "mode=1777"); err != nil {
		return err
	}
	for name, target := range map[string]string{"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"} {
		if err := os.Symlink("/proc/self/fd"+target, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	return nil
}

// bindAll makes bind mounts in a root, outer ones first.
func bindAll(root string, mounts []Mount) error {
	mounts = slices.Clone(mounts)
	sort.SliceStable(mounts, func(i, j int) bool { return depth(mounts[i].Target) < depth(mounts[j].Target) })
	for _, m := range mounts {
		m.Target = filepath.Join(root, m.Target)
		if err := bind(m); err != nil {
			return err
		}
	}
	return nil
}

func depth(path string) int { return strings.Count(filepath.Clean(path), "/") }

// bind makes a bind mount, and its mount point if there is none.
func bind(m Mount) error {
	info, err := os.Stat(m.Source)
	if err != nil {
		return err
	}
	if _, err := os.Stat(m.Target); err != nil {
		if info.IsDir() {
			err = os.MkdirAll(m.Target, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(m.Target), 0o755); err == nil {
			err = os.WriteFile(m.Target, nil, 0o644)
		}
		if err != nil {
			return err
		}
	}
	if err := mount(m.Source, m.Target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if !m.ReadOnly {
		return nil
	}
	return mount("", m.Target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}

func mount(source, target, kind string, flags uintptr, options string) error {
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", source+kind, target, err)
	}
	return nil
}
